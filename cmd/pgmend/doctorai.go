package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/pgmend/pgmend/guidance"
	"github.com/pgmend/pgmend/healer/report"
)

// ai looks whether an AI that is configured can be reached and its key read.
// It says hello to nobody: a connection is opened and, for https, the
// certificate checked.
func (p *patient) ai(ctx context.Context) report.Check {
	if p.conf == nil {
		return notWithout("the configuration")
	}
	ai := p.conf.Guidance.AI
	if ai.URL == "" {
		return report.Check{Status: fine, Detail: "none is configured; what is explained is built in"}
	}
	if ai.KeyFile != "" {
		switch key, err := secret("guidance.ai.key_file", ai.KeyFile); {
		case err != nil:
			return problem(err, "chown pgmend "+ai.KeyFile+" && chmod 0400 "+ai.KeyFile)
		case key == "":
			return report.Check{Status: failed, Detail: ai.KeyFile + " is empty", Fix: "write the key into it"}
		}
	}
	u, err := guidance.Endpoint(ai.URL)
	if err != nil {
		return problem(err, "correct guidance.ai.url")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	address := net.JoinHostPort(u.Hostname(), port)
	var c net.Conn
	if u.Scheme == "https" {
		c, err = (&tls.Dialer{}).DialContext(ctx, "tcp", address)
	} else {
		c, err = (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return problem(err, "start it, correct guidance.ai.url, or let it through the firewall; without it, what is explained is built in")
	}
	detail := fmt.Sprintf("%s can be reached, with model %s and %d requests a day", address, ai.Model, ai.Budget)
	if err := c.Close(); err != nil {
		return problem(err, "try again")
	}
	return report.Check{Status: fine, Detail: detail + "; the daemon's unit needs pgmend.service.d/tcp.conf for it"}
}
