package healer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Hearsay sums up what the server's log said, for rules that count its events.
// A log line proves nothing, so such a rule only reports.
type Hearsay interface {
	// Said sums up the events of the kinds that one database, or with "" the
	// whole server, had since a time.
	Said(kinds []string, database string, since time.Time) Said
}

// Said is a sum of log events. The lists hold what was named in the last of
// them, most frequent first, each with how often; statements are masked.
type Said struct {
	Events                       int64
	Bytes                        int64 // of temporary files
	First, Last                  time.Time
	Tables, Statements, Sessions []string
}

// counted runs a rule that counts what the log says: one finding of the
// database, or of the server, where there was enough of it.
func (r *run) counted(rule *rules.Rule, fingerprint string) (p passed) {
	p.rule = rule
	window, err := seconds(r.params[rule.ID]["within"].Text)
	if err != nil {
		p.skips = append(p.skips, r.skip(rule, "", Invalid, err.Error(), ""))
		return p
	}
	kind, name, database := ObjectDatabase, r.cfg.Database, r.cfg.Database
	if rule.Scope == rules.ScopeCluster {
		kind, name, database = ObjectServer, "log", ""
	}
	s := r.cfg.Hearsay.Said(rule.Counts, database, r.now().Add(-window))
	if s.Events == 0 || s.Events < r.least(rule, "min_events") || s.Bytes < r.least(rule, "min_size") {
		return p
	}
	row := rules.Row{
		{Name: "oid", Value: rules.Text("0")}, {Name: "schema", Value: rules.Text("")},
		{Name: "name", Value: rules.Text(name)}, {Name: "kind", Value: rules.Text(string(kind))},
	}
	facts := slices.Concat(row, rules.Row{
		{Name: "events", Value: rules.Number(s.Events)}, {Name: "first", Value: rules.Time(s.First)}, {Name: "last", Value: rules.Time(s.Last)},
	})
	if s.Bytes > 0 {
		facts = append(facts, rules.Column{Name: "bytes", Value: rules.Number(s.Bytes)})
	}
	for _, list := range []struct {
		name  string
		items []string
	}{{"tables", s.Tables}, {"statements", s.Statements}, {"sessions", s.Sessions}} {
		if len(list.items) > 0 {
			facts = append(facts, rules.Column{Name: list.name, Value: rules.Text(strings.Join(list.items, "\n"))})
		}
	}
	f := r.finding(rule, 0, row, facts)
	f.Evidence[0].Query = fmt.Sprintf("the events %s of the server's log, within %s", strings.Join(rule.Counts, ", "), window)
	if fingerprint == "" || f.Fingerprint == fingerprint {
		p.findings = append(p.findings, *f)
	}
	return p
}

// least is a rule's parameter that is a number, 0 where it has none.
func (r *run) least(rule *rules.Rule, param string) int64 {
	n, err := strconv.ParseInt(r.params[rule.ID][param].Text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// seconds reads a duration as a parameter binds it.
func seconds(text string) (time.Duration, error) {
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, " seconds"), 64)
	if err != nil {
		return 0, fmt.Errorf("the parameter within is %q, no duration", text)
	}
	return time.Duration(n * float64(time.Second)), nil
}

// deaf reports whether a rule counts log events and nobody hears them.
func (r *run) deaf(rule *rules.Rule) bool { return len(rule.Counts) > 0 && r.cfg.Hearsay == nil }
