package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
)

// Baselines lists what was captured of each database, and what of it was
// approved.
func Baselines(w io.Writer, all []healer.Baseline, o Options) error {
	l := &list{name: "baselines", columns: []string{"state", "hash", "database", "server", "objects", "from", "by", "at"}}
	for _, b := range all {
		add := func(state string, c colour, x healer.Captured) {
			l.add(map[string]any{"state": state, "database": b.Database, "server": b.Server, "capture": x}, c,
				state, hashHead(x.Hash), b.Database, b.Server, fmt.Sprint(x.Objects), x.Source, x.Actor, stamp(x.At))
		}
		if b.Approved.Hash != "" {
			add("approved", green, b.Approved)
		}
		if b.Captured.Hash != b.Approved.Hash {
			add("captured", yellow, b.Captured)
		}
	}
	return l.write(w, o)
}

// hashHead is as much of a hash as a person has to write.
func hashHead(hash string) string { return hash[:min(12, len(hash))] }

// SchemaObjects lists the objects of a baseline.
func SchemaObjects(w io.Writer, s baseline.Schema, o Options) error {
	l := &list{name: "objects", columns: []string{"kind", "object", "owner", "definition"}}
	for _, x := range s.Objects {
		l.add(x, plain, string(x.Kind), strings.TrimPrefix(x.String(), string(x.Kind)+" "), x.Owner, strings.Join(strings.Fields(x.Definition), " "))
	}
	return l.write(w, o)
}

// Drift is how one database differs from its baseline.
type Drift struct {
	Database    string
	Differences []baseline.Difference
	Locked      []string // what somebody held, so that it was not judged
}

// driftJSON is a difference in the JSON contract.
type driftJSON struct {
	Database string   `json:"database"`
	Object   string   `json:"object"`
	Heals    bool     `json:"heals"` // schema/drift may run the statements, after an approval
	SQL      []string `json:"sql"`
	UndoSQL  []string `json:"undo_sql"`
	Locks    []string `json:"locks"`
	Online   bool     `json:"one_transaction"`
	baseline.Difference
}

// Drifts writes how databases differ from their baselines: for people each
// difference in full.
func Drifts(w io.Writer, all []Drift, o Options) error {
	if f := o.format(); f == Table || f == Markdown {
		return driftsInFull(w, all, o)
	}
	l := &list{name: "differences", columns: []string{"what", "database", "object", "heals", "why not", "hazards", "sql"}}
	for _, d := range all {
		for _, x := range d.Differences {
			sql := sqlTexts(x.Statements)
			l.add(driftJSON{
				Database: d.Database, Object: x.String(), Heals: x.Heals(), SQL: sql, UndoSQL: sqlTexts(x.Undo), Locks: lockTexts(x.Statements),
				Online: !x.Apart, Difference: x,
			}, plain, string(x.What), d.Database, x.String(), fmt.Sprint(x.Heals()), x.Manual, strings.Join(x.Hazards, "; "), strings.Join(sql, "; "))
		}
	}
	return l.write(w, o)
}

func sqlTexts(list []baseline.Statement) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, s.SQL)
	}
	return out
}

func lockTexts(list []baseline.Statement) []string {
	out := []string{}
	for _, s := range list {
		if s.Lock != "" {
			out = append(out, s.Lock)
		}
	}
	return out
}

func driftsInFull(w io.Writer, all []Drift, o Options) error {
	healed, manual := 0, 0
	for _, d := range all {
		for _, x := range d.Differences {
			if x.Heals() {
				healed++
			} else {
				manual++
			}
			if err := difference(w, d.Database, x, o); err != nil {
				return err
			}
		}
		if len(d.Locked) > 0 {
			if err := emit(w, Plain("not judged, because somebody holds it: "+strings.Join(d.Locked, ", "))+"\n"); err != nil {
				return err
			}
		}
	}
	if healed+manual == 0 {
		return emit(w, "no differences\n")
	}
	return emit(w, fmt.Sprintf("%d differences: %d that schema/drift heals after an approval, %d for a person\n", healed+manual, healed, manual))
}

// difference writes one, with the SQL that would bring the baseline back.
func difference(w io.Writer, database string, x baseline.Difference, o Options) error {
	d := document{title: string(x.What) + " " + x.String()}
	wait := ""
	if x.Waits != nil {
		wait = x.Waits.String()
	}
	want, have := x.Want, x.Have
	if x.What == baseline.Missing {
		want = "" // the SQL says it
	}
	d.add("", pairs{
		{"database", database},
		{"baseline", strings.Join(strings.Fields(want), " ")},
		{"now", strings.Join(strings.Fields(have), " ")},
		{"by hand", x.Manual},
		{"perhaps renamed", x.Renamed},
		{"comes after", wait},
		{"hazards", strings.Join(x.Hazards, "; ")},
		{"does not come back", x.Loses},
	})
	if len(x.Statements) > 0 {
		var b strings.Builder
		if !x.Apart && len(x.Statements) > 1 {
			b.WriteString("-- in one transaction\n")
		}
		for _, s := range x.Statements {
			b.WriteString(statement(s.SQL))
		}
		d.add("SQL", code(b.String()))
	}
	if err := d.write(w, o); err != nil {
		return err
	}
	return emit(w, "\n")
}
