package page

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
)

// write writes one page.
type write func(w io.Writer, o report.Options) error

// routes maps paths to pages.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range s.cfg.Also {
		mux.Handle(pattern, h)
	}
	mux.Handle(s.assets.style.path, s.assets.style)
	if s.cfg.Hub != nil {
		mux.Handle(s.assets.script.path, s.assets.script)
		mux.Handle("/events", s.cfg.Hub)
	}
	page := func(pattern string, make func(ctx context.Context, r *http.Request) (write, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, make) })
	}
	page("/{$}", s.overview)
	page("/findings", s.ofNow(func(n report.Now) write { return n.FindingsPage }))
	page("/findings/{id}", s.finding)
	page("/repairs", s.ofNow(func(n report.Now) write { return n.RepairsPage }))
	page("/repairs/{id}", func(ctx context.Context, r *http.Request) (write, error) {
		one, err := s.cfg.Source.Repair(ctx, r.PathValue("id"))
		return one.Write, err
	})
	page("/workload", s.ofPatients(report.WorkloadPage))
	page("/space", s.ofPatients(report.SpacePage))
	page("/maintenance", s.ofPatients(report.MaintenancePage))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, func(context.Context, *http.Request) (write, error) { return nil, healer.ErrNotFound })
	})
	return mux
}

// answer writes a page whole or, where it cannot be made, says why.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, make func(ctx context.Context, r *http.Request) (write, error)) {
	status := http.StatusOK
	show, err := make(r.Context(), r)
	if err != nil {
		status = http.StatusServiceUnavailable
		if errors.Is(err, healer.ErrNotFound) {
			status = http.StatusNotFound
		}
		show = report.Trouble(err)
	}
	var b bytes.Buffer
	if err := show(&b, report.Options{Format: report.HTML, Site: s.site(r.URL.Path)}); err != nil {
		refuse(w, http.StatusInternalServerError, "the page cannot be written: "+report.Plain(err.Error()))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a browser that went away
}

// site is what is around a page.
func (s *Server) site(path string) *report.Site {
	site := &report.Site{Style: s.assets.style.path}
	if s.cfg.Hub != nil {
		site.Script = s.assets.script.path
	}
	for _, l := range []report.Link{
		{Href: "/", Text: "Overview"}, {Href: "/findings", Text: "Findings"}, {Href: "/repairs", Text: "Repairs"},
		{Href: "/workload", Text: "Workload"}, {Href: "/space", Text: "Space"}, {Href: "/maintenance", Text: "Maintenance"},
	} {
		l.Here = l.Href == path || l.Href != "/" && strings.HasPrefix(path, l.Href+"/")
		site.Links = append(site.Links, l)
	}
	return site
}

func (s *Server) overview(ctx context.Context, _ *http.Request) (write, error) {
	n, err := s.cfg.Source.Now(ctx)
	if err != nil {
		return nil, err
	}
	// The ledger tells its part while PostgreSQL is down, too.
	patients, err := s.census.get(ctx)
	return func(w io.Writer, o report.Options) error { return report.OverviewPage(w, n, patients, err, o) }, nil
}

func (s *Server) ofNow(page func(report.Now) write) func(context.Context, *http.Request) (write, error) {
	return func(ctx context.Context, _ *http.Request) (write, error) {
		n, err := s.cfg.Source.Now(ctx)
		return page(n), err
	}
}

func (s *Server) finding(ctx context.Context, r *http.Request) (write, error) {
	n, err := s.cfg.Source.Now(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range n.Findings {
		if f.ID == r.PathValue("id") {
			return func(w io.Writer, o report.Options) error { return n.FindingPage(w, f, o) }, nil
		}
	}
	return nil, healer.ErrNotFound
}

func (s *Server) ofPatients(page func(io.Writer, []report.Patient, report.Options) error) func(context.Context, *http.Request) (write, error) {
	return func(ctx context.Context, _ *http.Request) (write, error) {
		list, err := s.census.get(ctx)
		return func(w io.Writer, o report.Options) error { return page(w, list, o) }, err
	}
}
