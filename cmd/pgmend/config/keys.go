package config

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/control"
	"github.com/pgmend/pgmend/healer/patroni"
	"github.com/pgmend/pgmend/rules"
)

// windowText is the window as written, until the time zone is known.
type windowText struct {
	days          []time.Weekday
	start, length string
	at            place
}

// top are the keys of a file.
func (r *reader) top() keys {
	c := r.config
	return keys{
		"mode": r.key("mode"), "timezone": r.key("timezone"), "rules_dir": r.key("rules_dir"),
		"state": r.key("state"), "allow_superuser": r.key("allow_superuser"),
		"databases": r.texts(&c.Databases, nil), "allow_event_triggers": r.texts(&c.EventTriggers, wrongEventTrigger),
		"connection": func(n ast.Node) { r.mapping(n, "connection", r.connection(&c.Connection)) },
		"window":     r.window,
		"watch":      r.watch,
		"budgets":    r.budgets,
		"rules":      r.rules,
		"logs":       r.logs,
		"page":       r.page,
		"reports":    r.reports,
		"guidance":   r.guidance,
		"control": func(n ast.Node) {
			r.mapping(n, "control", keys{"socket": r.key("control.socket"), "group": r.into(&c.Control.Group)})
		},
		"metrics": func(n ast.Node) { r.mapping(n, "metrics", keys{"listen": r.key("metrics.listen")}) },
		"logging": func(n ast.Node) {
			r.mapping(n, "logging", keys{"level": r.key("logging.level"), "format": r.key("logging.format")})
		},
	}
}

// scalar sets the keys that a file and the environment share.
func (r *reader) scalar(name, value string, at place) {
	c := r.config
	switch name {
	case "mode":
		r.choice(&c.Mode, value, at, Observe, Heal)
	case "timezone":
		loc, err := time.LoadLocation(value)
		if err != nil || value == "" {
			r.mistakef(at, "time zone %q is not known; a name such as Europe/Berlin or UTC", value)
			return
		}
		c.Location, c.timezone = loc, value
	case "rules_dir":
		r.absolute(&c.RulesDir, value, at)
	case "state":
		r.absolute(&c.State, value, at)
	case "control.socket":
		r.absolute(&c.Control.Socket, value, at)
	case "control.group":
		c.Control.Group = value
	case "connection.conninfo":
		c.Connection.Conninfo = value
	case "allow_superuser":
		r.boolean(&c.AllowSuperuser, value, at)
	case "metrics.listen":
		if _, _, err := control.Address(value); err != nil {
			r.mistakef(at, "metrics: %v", err)
			return
		}
		c.Metrics.Listen = value
	case "logging.level":
		r.choice(&c.Logging.Level, value, at, levels()...)
	case "logging.format":
		r.choice(&c.Logging.Format, value, at, "auto", "json", "text")
	}
}

// The values that only one of a list may be.
func levels() []string     { return []string{"debug", "info", "warn", "error"} }
func logFormats() []string { return []string{"auto", "stderr", "csv", "json"} }
func sslModes() []string {
	return []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
}

func (r *reader) choice(field *string, value string, at place, allowed ...string) {
	if !slices.Contains(allowed, value) {
		r.mistakef(at, "%q is not one of %s", value, strings.Join(allowed, ", "))
		return
	}
	*field = value
}

func (r *reader) boolean(field *bool, value string, at place) {
	b, err := strconv.ParseBool(value)
	if err != nil {
		r.mistakef(at, "%q is neither true nor false", value)
		return
	}
	*field = b
}

func (r *reader) absolute(field *string, value string, at place) {
	if !filepath.IsAbs(value) {
		r.mistakef(at, "%q is not an absolute path", value)
		return
	}
	*field = value
}

func (r *reader) connection(c *Connection) keys {
	login := func(where string, l *Login) func(ast.Node) {
		return func(n ast.Node) {
			r.mapping(n, where, keys{
				"user": r.into(&l.User),
				"password_file": func(n ast.Node) {
					if s, ok := r.text(n); ok {
						r.passwordFile(&l.PasswordFile, s, r.at(n))
					}
				},
				"password": func(n ast.Node) {
					r.mistakef(r.at(n), "%s: a password does not belong here; use password_file, or .pgpass", where)
				},
			})
		}
	}
	return keys{
		"conninfo": func(n ast.Node) {
			if s, ok := r.text(n); ok {
				c.Conninfo = s
				if hasPassword(s) {
					r.mistakef(r.at(n), "connection: a password does not belong here; use password_file, or .pgpass")
				}
			}
		},
		"host": r.into(&c.Host), "service": r.into(&c.Service),
		"patroni": func(n ast.Node) {
			if s, ok := r.text(n); ok {
				if _, err := patroni.Address(s); err != nil {
					r.mistakef(r.at(n), "connection: patroni: %v", err)
					return
				}
				c.Patroni = s
			}
		},
		"sslmode": func(n ast.Node) {
			if s, ok := r.text(n); ok {
				r.choice(&c.SSLMode, s, r.at(n), sslModes()...)
			}
		},
		"port": func(n ast.Node) {
			s, ok := r.text(n)
			if p, err := strconv.Atoi(s); ok && (err != nil || p < 1 || p > 65535) {
				r.mistakef(r.at(n), "connection: %q is no port", s)
			} else if ok {
				c.Port = s
			}
		},
		"observer": login("observer", &c.Observer), "healer": login("healer", &c.Healer),
		"signaller": login("signaller", &c.Signaller),
	}
}

// passwordFile takes a path, or the name of a systemd credential.
func (r *reader) passwordFile(field *string, value string, at place) {
	if value != "" && !strings.Contains(value, "/") && value != "." && value != ".." {
		*field = value
		return
	}
	r.absolute(field, value, at)
}

// hasPassword reports whether a connection string brings a password.
func hasPassword(s string) bool {
	if _, rest, uri := strings.Cut(s, "://"); uri {
		user, _, at := strings.Cut(rest, "@")
		return at && strings.Contains(user, ":") || strings.Contains(rest, "password=")
	}
	return strings.Contains(strings.ReplaceAll(s, " ", ""), "password=")
}

// window reads when medium risk may run.
func (r *reader) window(n ast.Node) {
	w := &windowText{at: r.at(n)}
	r.mapping(n, "window", keys{
		"start": r.into(&w.start), "length": r.into(&w.length),
		"weekday": func(n ast.Node) {
			r.list(n, func(n ast.Node) {
				if s, ok := r.text(n); ok {
					r.weekday(w, s, r.at(n))
				}
			})
		},
	})
	if pairs, ok := entries(n); ok && len(pairs) > 0 {
		w.at = r.at(pairs[0].Key)
	}
	r.config.window = w
}

func (r *reader) weekday(w *windowText, s string, at place) {
	names := make(map[string]time.Weekday)
	for d := time.Sunday; d <= time.Saturday; d++ {
		long := strings.ToLower(d.String())
		names[long], names[long[:3]] = d, d
	}
	d, ok := names[strings.ToLower(s)]
	if !ok {
		var long []string
		for d := time.Sunday; d <= time.Saturday; d++ {
			long = append(long, strings.ToLower(d.String()))
		}
		r.mistakef(at, "window: %q is no weekday%s", s, nearest(s, long))
		return
	}
	w.days = append(w.days, d)
}

// rules reads what the site wants of rules: by glob, a will or a mapping of
// mode, schedule and parameters.
func (r *reader) rules(n ast.Node) {
	pairs, ok := entries(n)
	if !ok {
		r.mistakef(r.at(n), "rules: keys such as index/* are needed here")
		return
	}
	for _, p := range pairs {
		glob := p.Key.GetToken().Value
		r.said(glob, "", "", r.at(p.Key))
		inner, ok := entries(p.Value)
		if !ok {
			if s, ok := r.text(p.Value); ok {
				r.will(glob, s, r.at(p.Value))
			}
			continue
		}
		for _, q := range inner {
			s, ok := r.text(q.Value)
			switch key := q.Key.GetToken().Value; {
			case !ok:
			case key == "mode":
				r.will(glob, s, r.at(q.Value))
			case key == "every":
				r.every(glob, s, r.at(q.Value))
			default:
				r.said(glob, key, s, r.at(q.Key))
				r.config.Settings = append(r.config.Settings, rules.Setting{Glob: glob, Param: key, Value: s})
			}
		}
	}
}

// said keeps what was said of rules, and where, until the rules are known.
func (r *reader) said(glob, param, value string, at place) {
	r.config.perRules = append(r.config.perRules, perRule{glob, param, value, at})
}

// every reads a schedule: a duration or a cron specification, as in a rule.
func (r *reader) every(glob, s string, at place) {
	if _, err := healer.Schedule(s); err != nil {
		r.mistakef(at, "rules: every: %v", err)
		return
	}
	r.config.Every = append(r.config.Every, healer.Every{Glob: glob, Every: s})
}

func (r *reader) will(glob, s string, at place) {
	var will string
	r.choice(&will, s, at, string(healer.WillOff), string(healer.WillObserve), string(healer.WillApprove), string(healer.WillAuto))
	if will != "" {
		r.config.Rules = append(r.config.Rules, healer.PerRule{Glob: glob, Will: healer.Will(will)})
	}
}

func (r *reader) logs(n ast.Node) {
	r.config.Logs = nil
	r.list(n, func(n ast.Node) {
		l := Log{Format: "auto"}
		if pairs, ok := entries(n); ok && len(pairs) > 0 {
			r.mapping(n, "logs", keys{
				"prefix": r.into(&l.Prefix),
				"path":   r.into(&l.Path),
				"format": func(n ast.Node) {
					if s, ok := r.text(n); ok {
						r.choice(&l.Format, s, r.at(n), logFormats()...)
					}
				},
			})
		} else if s, ok := r.text(n); ok {
			l.Path = s
		}
		if !filepath.IsAbs(l.Path) {
			r.mistakef(r.at(n), "logs: a path is needed, and %q is not absolute", l.Path)
		}
		r.config.Logs = append(r.config.Logs, l)
	})
}
