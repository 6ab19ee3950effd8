package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// RulePage writes the page of one rule, in Markdown: what it finds, why, what
// proves it, what runs, which locks that takes, what the undo is, what it leaves
// alone, and its settings. The near misses are the SQL of the rule's fixture.
func RulePage(w io.Writer, r *rules.Rule, nearMisses string) error {
	p := rulePage{out: new(strings.Builder)}
	p.say("# %s\n\n%s\n", r.ID, markdown(r.Title))
	p.facts(r)
	p.section("What it is")
	p.say("%s\n", Lines(r.Guidance))
	p.section("What proves it")
	if len(r.Counts) > 0 {
		p.say("The daemon counts the events %s of the server's log. A log line proves nothing, so nothing follows from it but this report.\n",
			strings.Join(r.Counts, ", "))
	}
	if r.Detect.Text != "" {
		p.say("Candidates, from plain columns of the catalog and the statistics, without waiting for anybody's lock:\n\n")
		p.sql(r.Detect.Text)
	}
	if r.Capture != nil {
		p.say("\nThen, once for each candidate; no row means no finding:\n\n")
		p.sql(r.Capture.Text)
	}
	p.repair(r)
	if nearMisses = strings.TrimSpace(nearMisses); nearMisses != "" {
		p.section("What it leaves alone")
		p.say("Near misses, of which the rule's test makes sure that nothing touches them:\n\n")
		p.sql(nearMisses)
	}
	p.settings(r)
	_, err := io.WriteString(w, p.out.String())
	return err
}

type rulePage struct{ out *strings.Builder }

func (p rulePage) say(format string, args ...any) { fmt.Fprintf(p.out, format, args...) }

func (p rulePage) section(title string) { p.say("\n## %s\n\n", title) }

// sql writes a block whose fence is longer than any within it.
func (p rulePage) sql(text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	p.say("%ssql\n%s\n%s\n", fence, strings.Trim(Lines(text), "\n"), fence)
}

// facts is the table at the top.
func (p rulePage) facts(r *rules.Rule) {
	p.say("\n| | |\n|---|---|\n")
	row := func(name, text string) {
		if text != "" {
			p.say("| %s | %s |\n", name, markdown(text))
		}
	}
	row("severity", string(r.Severity))
	if r.Observes() {
		row("acts", "no: it reports")
	} else {
		row("risk", string(r.Risk)+", "+map[rules.Risk]string{
			rules.Low: "any time", rules.Medium: "inside the maintenance window", rules.High: "after an approval",
		}[r.Risk])
	}
	row("runs", map[rules.Scope]string{
		rules.ScopeDatabase: "in every database", rules.ScopeCluster: "once for the server",
	}[r.Scope]+", every "+r.Every)
	row("at once on", strings.Join(r.On, ", "))
	if len(r.Counts) > 0 {
		row("reads", "the server's log")
	} else {
		row("reads", string(r.Reads))
	}
	if !r.Observes() {
		row("may do", strings.Join(r.Hazards, ", "))
	}
	row("needs", needs(r.Requires))
}

func needs(n rules.Requirement) string {
	out := fmt.Sprintf("PostgreSQL %d and later", max(n.Min, rules.MinMajor))
	if n.Max > 0 {
		out = fmt.Sprintf("PostgreSQL %d to %d", max(n.Min, rules.MinMajor), n.Max)
	}
	for _, e := range n.Extensions {
		out += ", the extension " + e
	}
	return out
}

func (p rulePage) repair(r *rules.Rule) {
	if r.Observes() {
		return
	}
	p.section("What it does")
	p.action(r.Repair)
	for i, g := range r.Guards {
		if i == 0 {
			p.say("\nIt does so only if:\n\n")
		}
		p.say("- %s\n", markdown(g.Name))
	}
	p.say("\nThe repair counts when this comes to return no row within %s:\n\n", r.Verify.Within)
	p.sql(r.Verify.Text)
	p.section("Undo")
	if r.Undo.Action == nil {
		p.say("None, because %s.\n", markdown(strings.TrimPrefix(r.Undo.None, ", because ")))
		return
	}
	p.action(r.Undo.Action)
}

func (p rulePage) action(a *rules.Action) {
	var sql []string
	var statements []healer.Statement
	for _, s := range a.Steps {
		text := s.Text
		if s.Each != nil {
			text = "-- for each row of: " + strings.Join(strings.Fields(s.Each.Text), " ") + "\n" + text
		}
		if s.If != nil {
			text = "-- if there is a row of: " + strings.Join(strings.Fields(s.If.Text), " ") + "\n" + text
		}
		for _, assert := range s.Assert {
			text = "-- unless there is a row of: " + strings.Join(strings.Fields(assert.Text), " ") + "\n" + text
		}
		for _, let := range s.Let {
			text = "-- with, read under the locks held: " + strings.Join(strings.Fields(let.Text), " ") + "\n" + text
		}
		sql = append(sql, strings.TrimSpace(text)+";")
		statements = append(statements, healer.Statement{Class: s.Class, SQL: s.Text})
	}
	how := "One statement after the other:"
	if a.Mode == rules.Transaction {
		how = "In one transaction:"
	}
	p.say("%s\n\n", how)
	p.sql(strings.Join(sql, "\n"))
	if l := healer.Locks(statements...); len(l) > 0 {
		p.say("\nLocks: %s.\n", markdown(strings.Join(l, "; ")))
	}
}

func (p rulePage) settings(r *rules.Rule) {
	p.section("Settings")
	p.say("| setting | type | default |\n|---|---|---|\n| enabled | bool | %s |\n", enabledByDefault(r))
	for _, q := range r.Params {
		if q.Name != "enabled" {
			p.say("| %s | %s | %s |\n", markdown(q.Name), q.Type, markdown(q.Default))
		}
	}
	p.say("\n`--set '%s.NAME=VALUE'`, or in the configuration:\n\n```yaml\nrules:\n  %s:\n    mode: observe # or off, approve, auto\n```\n", r.ID, r.ID)
}

func enabledByDefault(r *rules.Rule) string {
	if q, ok := r.Param("enabled"); ok {
		return q.Default
	}
	return "true"
}
