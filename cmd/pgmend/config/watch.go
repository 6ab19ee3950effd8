package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/pgmend/pgmend/healer"
)

// defaultWatch is what healer.WatchPolicy has by itself, to be shown.
func defaultWatch() healer.WatchPolicy {
	return healer.WatchPolicy{Length: 24 * time.Hour, Factor: 2, Calls: 50, Least: time.Millisecond}
}

// watch reads when statements count as slower after a change.
func (r *reader) watch(n ast.Node) {
	p := &r.config.Watch
	length := func(name string, field *time.Duration, least, most time.Duration) func(ast.Node) {
		return func(n ast.Node) {
			s, ok := r.text(n)
			if d, err := time.ParseDuration(s); ok && (err != nil || d < least || d > most) {
				r.mistakef(r.at(n), "watch: %s needs a length from %s to %s", name, least, most)
			} else if ok {
				*field = d
			}
		}
	}
	r.mapping(n, "watch", keys{
		"length": func(n ast.Node) {
			if s, ok := r.text(n); ok && s == None {
				p.Length = -1
				return
			}
			length("length", &p.Length, time.Minute, 30*24*time.Hour)(n)
		},
		"least": length("least", &p.Least, time.Microsecond, time.Hour),
		"factor": func(n ast.Node) {
			s, ok := r.text(n)
			if f, err := strconv.ParseFloat(s, 64); ok && (err != nil || !(f >= 1.2 && f <= 1000)) {
				r.mistakef(r.at(n), "watch: factor needs a number from 1.2 to 1000; what is less is noise")
			} else if ok {
				p.Factor = f
			}
		},
		"calls": func(n ast.Node) {
			s, ok := r.text(n)
			if c, err := strconv.ParseInt(s, 10, 64); ok && (err != nil || c < 10 || c > 10_000) {
				r.mistakef(r.at(n), "watch: calls needs a number from 10 to 10000; fewer say nothing")
			} else if ok {
				p.Calls = c
			}
		},
	})
}

// watched is the mapping that config show writes.
func (c *Config) watched() yaml.MapSlice {
	length := None
	if c.Watch.Length >= 0 {
		length = short(c.Watch.Length)
	}
	return filled("length", length, "factor", strconv.FormatFloat(c.Watch.Factor, 'g', -1, 64),
		"calls", strconv.FormatInt(c.Watch.Calls, 10), "least", short(c.Watch.Least))
}

// short writes a duration without the zeros at its end.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
