package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer/report"
)

// Source is what the pages are made of.
type Source interface {
	// Now is what stands: findings, plans, repairs, the daemon.
	Now(ctx context.Context) (report.Now, error)
	// Repair is one repair in full; healer.ErrNotFound where there is none.
	Repair(ctx context.Context, id string) (report.Repair, error)
	// Patients is what the databases are like.
	Patients(ctx context.Context) ([]report.Patient, error)
}

// Config says what a server serves and to whom.
type Config struct {
	Source Source
	Hub    *Hub     // of the live updates; nil: there are none
	Token  string   // asked for on TCP; it must not be empty there
	Hosts  []string // names, beside this host's own, under which it may be asked

	// Also are further handlers by pattern, such as metrics. They pass the
	// same checks as the pages.
	Also map[string]http.Handler

	fresh time.Duration // how long a census is shown; 0: the default
}

// Server serves the page.
type Server struct {
	cfg    Config
	assets assets
	census census
	seats  chan struct{} // of requests at work
}

// The limits.
const (
	headTime  = 5 * time.Second
	writeTime = 30 * time.Second
	idleTime  = time.Minute
	stopTime  = 5 * time.Second
	maxHeader = 16 << 10
	maxSeats  = 64
	freshness = 15 * time.Second
)

// NewServer returns a server; Run starts it.
func NewServer(c Config) *Server {
	s := &Server{cfg: c, assets: newAssets(), seats: make(chan struct{}, maxSeats)}
	s.census = census{source: c.Source, fresh: cmp.Or(c.fresh, freshness)}
	return s
}

// Run serves the listeners until the context ends, and closes them.
func (s *Server) Run(ctx context.Context, listeners ...net.Listener) error {
	var serving sync.WaitGroup
	ended := make(chan error, len(listeners))
	var servers []*http.Server
	for _, l := range listeners {
		server := &http.Server{
			Handler: s.handler(l.Addr().Network() != "unix"), ReadHeaderTimeout: headTime, ReadTimeout: headTime,
			WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
			BaseContext: func(net.Listener) context.Context { return ctx },
		}
		servers = append(servers, server)
		serving.Go(func() { ended <- server.Serve(l) })
	}
	var err error
	select {
	case e := <-ended:
		err = fmt.Errorf("the local page: %w", e)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	for _, server := range servers {
		if e := server.Shutdown(stop); e != nil {
			err = errors.Join(err, e, server.Close())
		}
	}
	serving.Wait()
	return err
}

// census keeps what the databases are like for a while, so that many who look
// ask no more than one.
type census struct {
	source Source
	fresh  time.Duration

	mu   sync.Mutex
	at   time.Time
	list []report.Patient
	err  error
}

func (c *census) get(ctx context.Context) ([]report.Patient, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() || time.Since(c.at) > c.fresh {
		list, err := c.source.Patients(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err() // whoever asked is gone; the next one asks again
		}
		c.list, c.err, c.at = list, err, time.Now()
	}
	return c.list, c.err
}
