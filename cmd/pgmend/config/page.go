package config

import (
	"net"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/robfig/cron/v3"

	"github.com/pgmend/pgmend/healer"
)

// Page is where the local page is served.
type Page struct {
	Socket      string // "": page.sock beside the control socket; None: there is none
	Listen      string // HOST:PORT; "": no TCP
	TokenFile   string // of the token that TCP asks for
	Certificate string // file, and Key
	Key         string
	Hosts       []string // names under which it may be asked, beside this host's own

	at place // of listen
}

// Reports are the digests that the daemon writes.
type Reports struct {
	Directory string        // "": reports in the state directory
	Daily     string        // a cron specification, or None
	Weekly    string        // a cron specification, or None
	Keep      time.Duration // how long they stay
}

// None stands where something is not wanted.
const None = "none"

// defaultReports are written in the morning, before people come.
func defaultReports() Reports {
	return Reports{Daily: "0 7 * * *", Weekly: "0 7 * * 1", Keep: 90 * 24 * time.Hour}
}

// PageSocket is the local page's socket; "" where there is none.
func (c *Config) PageSocket() string {
	switch c.Page.Socket {
	case None:
		return ""
	case "":
		return filepath.Join(filepath.Dir(c.Control.Socket), "page.sock")
	}
	return c.Page.Socket
}

// ReportsDirectory is where the digests go.
func (c *Config) ReportsDirectory() string {
	if c.Reports.Directory == "" {
		return filepath.Join(c.State, "reports")
	}
	return c.Reports.Directory
}

func (r *reader) page(n ast.Node) {
	p := &r.config.Page
	p.at = r.at(n)
	path := func(field *string) func(ast.Node) {
		return func(n ast.Node) {
			if s, ok := r.text(n); ok {
				r.absolute(field, s, r.at(n))
			}
		}
	}
	r.mapping(n, "page", keys{
		"socket": func(n ast.Node) {
			if s, ok := r.text(n); ok && s == None {
				p.Socket = s
			} else if ok {
				r.absolute(&p.Socket, s, r.at(n))
			}
		},
		"listen": func(n ast.Node) {
			p.at = r.at(n)
			r.into(&p.Listen)(n)
		},
		"token_file": path(&p.TokenFile), "certificate_file": path(&p.Certificate), "key_file": path(&p.Key),
		"token": func(n ast.Node) { r.mistakef(r.at(n), "page: a token does not belong here; use token_file") },
		"hosts": r.texts(&p.Hosts, nil),
	})
}

// finishPage checks what makes TCP safe: everybody on a host can reach its
// loopback, so that needs a token, and what leaves the host needs TLS, too.
func (r *reader) finishPage() {
	p := r.config.Page
	if (p.Certificate == "") != (p.Key == "") {
		r.mistakef(p.at, "page: certificate_file and key_file belong together")
	}
	if p.Listen == "" {
		return
	}
	host, port, err := net.SplitHostPort(p.Listen)
	if err != nil || port == "" {
		r.mistakef(p.at, "page: listen %q is not HOST:PORT, such as 127.0.0.1:8432", p.Listen)
		return
	}
	if p.TokenFile == "" {
		r.mistakef(p.at, "page: listen needs a token_file; pgmend serves no page over TCP to whoever asks")
	}
	if !healer.Loopback(host) && p.Certificate == "" {
		r.mistakef(p.at, "page: listen %q can be reached from elsewhere, and needs certificate_file and key_file; or use 127.0.0.1", p.Listen)
	}
}

func (r *reader) reports(n ast.Node) {
	p := &r.config.Reports
	spec := func(field *string) func(ast.Node) {
		return func(n ast.Node) {
			s, ok := r.text(n)
			if !ok {
				return
			}
			if _, err := cron.ParseStandard(s); err != nil && s != None {
				r.mistakef(r.at(n), "reports: %q is neither a cron specification such as \"0 7 * * *\" nor none", s)
				return
			}
			*field = s
		}
	}
	r.mapping(n, "reports", keys{
		"directory": func(n ast.Node) {
			if s, ok := r.text(n); ok {
				r.absolute(&p.Directory, s, r.at(n))
			}
		},
		"daily": spec(&p.Daily), "weekly": spec(&p.Weekly),
		"keep": func(n ast.Node) {
			s, ok := r.text(n)
			if d, err := time.ParseDuration(s); ok && (err != nil || d < 24*time.Hour) {
				r.mistakef(r.at(n), "reports: keep needs a length of at least 24h, such as 2160h")
			} else if ok {
				p.Keep = d
			}
		},
	})
}

// pages are the mappings that `config show` writes of both.
func (c *Config) pages() (page, reports yaml.MapSlice) {
	page = filled("socket", c.Page.Socket, "listen", c.Page.Listen, "token_file", c.Page.TokenFile,
		"certificate_file", c.Page.Certificate, "key_file", c.Page.Key)
	if len(c.Page.Hosts) > 0 {
		page = append(page, yaml.MapItem{Key: "hosts", Value: c.Page.Hosts})
	}
	return page, filled("directory", c.Reports.Directory, "daily", c.Reports.Daily, "weekly", c.Reports.Weekly, "keep", short(c.Reports.Keep))
}
