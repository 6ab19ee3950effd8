package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/control"
	"github.com/pgmend/pgmend/healer/page"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/workload"
)

// page is the local page; ok is false where nobody is to see one.
func (d *daemon) page(ctx context.Context) (f front, ok bool, err error) {
	c := page.Config{Source: pageSource{d}, Hub: d.hub, Hosts: d.conf.Page.Hosts}
	if d.conf.Page.Listen != "" {
		if c.Token, err = secret("page: token_file", d.conf.Page.TokenFile); err == nil && strings.TrimSpace(c.Token) == "" {
			err = fmt.Errorf("page: %s holds no token; openssl rand -hex 32 makes one", d.conf.Page.TokenFile)
		}
		if err != nil {
			return f, false, err
		}
	}
	listeners, err := d.listenPage(ctx)
	return front{"page", listeners, func(ctx context.Context) error { return page.NewServer(c).Run(ctx, listeners...) }}, len(listeners) > 0, err
}

// listenPage opens what the page is served on.
func (d *daemon) listenPage(ctx context.Context) (out []net.Listener, err error) {
	if path := d.conf.PageSocket(); path != "" {
		l, err := control.Listen(ctx, path, d.conf.Control.Group)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	p := d.conf.Page
	if p.Listen == "" {
		return out, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.Listen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("page: %w", err), closeAll(out))
	}
	if p.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("page: certificate_file and key_file: %w", err), closeAll(append(out, l)))
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	}
	return append(out, l), nil
}

// pageSource is the daemon as the page sees it.
type pageSource struct{ d *daemon }

var _ page.Source = pageSource{}

// Now implements page.Source.
func (s pageSource) Now(ctx context.Context) (report.Now, error) {
	h, err := recall(ctx, s.d.ledger, s.d.clock())
	if err != nil {
		return report.Now{}, err
	}
	st, err := s.d.Status(ctx)
	return report.Now{
		Control: h.Control, Findings: h.Findings, Proposals: h.Proposals, Repairs: h.Attempts, Held: h.held(s.d.clock()), At: s.d.clock(),
		Daemon: aboutDaemon(st),
	}, err
}

// Repair implements page.Source.
func (s pageSource) Repair(ctx context.Context, id string) (report.Repair, error) {
	h, err := recall(ctx, s.d.ledger, s.d.clock())
	if err != nil {
		return report.Repair{}, err
	}
	return s.d.explain(ctx, h, id)
}

// Patients implements page.Source.
func (s pageSource) Patients(ctx context.Context) ([]report.Patient, error) {
	ctx, cancel := context.WithTimeout(ctx, censusLimit)
	defer cancel()
	var out []report.Patient
	now, done, err := s.d.use()
	if err != nil {
		return nil, err
	}
	defer done()
	for _, db := range now.list {
		c, err := db.Census(ctx)
		if err != nil {
			return nil, err
		}
		past, err := s.d.samples(ctx, c.Database)
		if err != nil {
			return nil, err
		}
		heard := s.heard(ctx, &c)
		out = append(out, report.Patient{Census: c, Past: past, Heard: heard})
	}
	return out, nil
}

// heard is what statements of a database took, by the log.
func (s pageSource) heard(ctx context.Context, c *healer.Census) *workload.Report {
	r, err := s.d.heard.Report(c.Database, heardTop, func(texts []string) ([][]parser.Statement, error) {
		return s.d.parser.Parse(ctx, texts)
	})
	switch {
	case err != nil:
		c.Missing = append(c.Missing, fmt.Sprintf("statements in the log: %v", err))
	case r == nil:
		c.Missing = append(c.Missing, "statements in the log: "+noDurations)
	}
	return r
}

// heardTop is how many shapes of statements the page may list by each order.
const heardTop = 50

// censusLimit bounds one look at all databases.
const censusLimit = 20 * time.Second
