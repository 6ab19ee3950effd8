package config

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// YAML writes what is in force, defaults included, as a file that could be
// read again.
func (c *Config) YAML() ([]byte, error) {
	login := func(l Login) yaml.MapSlice {
		return filled("user", l.User, "password_file", l.PasswordFile)
	}
	connection := filled("conninfo", c.Connection.Conninfo, "host", c.Connection.Host, "port", c.Connection.Port,
		"sslmode", c.Connection.SSLMode, "service", c.Connection.Service, "patroni", c.Connection.Patroni)
	for _, l := range []struct {
		name  string
		login Login
	}{{"observer", c.Connection.Observer}, {"healer", c.Connection.Healer}, {"signaller", c.Connection.Signaller}} {
		if m := login(l.login); len(m) > 0 {
			connection = append(connection, yaml.MapItem{Key: l.name, Value: m})
		}
	}
	out := filled("mode", c.Mode, "timezone", c.timezone, "rules_dir", c.RulesDir, "state", c.State)
	add := func(name string, value any) { out = append(out, yaml.MapItem{Key: name, Value: value}) }
	add("allow_superuser", c.AllowSuperuser)
	add("allow_event_triggers", c.EventTriggers)
	if len(c.Databases) > 0 {
		add("databases", c.Databases)
	}
	if len(connection) > 0 {
		add("connection", connection)
	}
	if w := c.window; w != nil {
		m := filled("start", w.start, "length", w.length)
		if len(w.days) > 0 {
			var days []string
			for _, d := range w.days {
				days = append(days, strings.ToLower(d.String()))
			}
			m = append(m, yaml.MapItem{Key: "weekday", Value: days})
		}
		add("window", m)
	}
	add("watch", c.watched())
	add("budgets", c.budgeted())
	if m := c.perRule(); len(m) > 0 {
		add("rules", m)
	}
	if len(c.Logs) > 0 {
		var logs []yaml.MapSlice
		for _, l := range c.Logs {
			logs = append(logs, filled("path", l.Path, "format", l.Format, "prefix", l.Prefix))
		}
		add("logs", logs)
	}
	add("control", filled("socket", c.Control.Socket, "group", c.Control.Group))
	page, reports := c.pages()
	if len(page) > 0 {
		add("page", page)
	}
	add("reports", reports)
	if c.Metrics.Listen != "" {
		add("metrics", filled("listen", c.Metrics.Listen))
	}
	add("logging", filled("level", c.Logging.Level, "format", c.Logging.Format))
	if g := c.guidance(); len(g) > 0 {
		add("guidance", g)
	}
	return yaml.Marshal(out)
}

func (c *Config) guidance() yaml.MapSlice {
	g := filled("packs", c.Guidance.Packs)
	if ai := c.Guidance.AI; ai.URL != "" {
		m := filled("url", ai.URL, "model", ai.Model, "key_file", ai.KeyFile)
		if ai.Timeout > 0 {
			m = append(m, yaml.MapItem{Key: "timeout", Value: ai.Timeout.String()})
		}
		g = append(g, yaml.MapItem{Key: "ai", Value: append(m, yaml.MapItem{Key: "daily_budget", Value: ai.Budget})})
	}
	return g
}

// filled makes a mapping of the keys that have a value.
func filled(pairs ...string) yaml.MapSlice {
	var out yaml.MapSlice
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, yaml.MapItem{Key: pairs[i], Value: pairs[i+1]})
		}
	}
	return out
}

// perRule collects what is set for each glob, in the order of first mention,
// so that the last one that matches still wins.
func (c *Config) perRule() yaml.MapSlice {
	var out yaml.MapSlice
	set := func(glob, key, value string) {
		i := slices.IndexFunc(out, func(m yaml.MapItem) bool { return m.Key == glob })
		if i < 0 {
			out = append(out, yaml.MapItem{Key: glob, Value: yaml.MapSlice{}})
			i = len(out) - 1
		}
		inner, _ := out[i].Value.(yaml.MapSlice)
		inner = append(inner, yaml.MapItem{Key: key, Value: value})
		out[i].Value = inner
	}
	for _, r := range c.Rules {
		set(r.Glob, "mode", string(r.Will))
	}
	for _, e := range c.Every {
		set(e.Glob, "every", e.Every)
	}
	for _, s := range c.Settings {
		set(s.Glob, s.Param, s.Value)
	}
	return out
}
