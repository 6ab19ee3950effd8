package report

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/parser/workload"
	"github.com/pgmend/pgmend/rules"
)

// Patient is a database as it is now and, where it was looked at before, as it
// was.
type Patient struct {
	healer.Census
	Past  []Sample         // oldest first
	Heard *workload.Report // what statements took, by the log that is followed; nil: it says nothing
}

// Sample is a census in four numbers.
type Sample struct {
	At       time.Time `json:"at"`
	Bytes    int64     `json:"bytes"`
	DeadRows int64     `json:"dead_rows"`
	XIDAge   int64     `json:"xid_age"`
	Sessions int64     `json:"sessions"`
}

// Brief makes a sample of a census.
func Brief(c healer.Census) Sample {
	s := Sample{
		At: c.At, Bytes: count(c.Totals, "estimated_bytes"), XIDAge: count(c.Totals, "xid_age"), Sessions: count(c.Totals, "sessions"),
	}
	for _, t := range c.Upkeep {
		s.DeadRows += count(t, "dead_rows")
	}
	return s
}

// count is a whole number of a row; 0 where there is none.
func count(r rules.Row, name string) int64 {
	n, _ := strconv.ParseInt(r.Text(name), 10, 64)
	return n
}

// many writes a count in groups of three digits, which no line end parts.
func many(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// object names the relation of a census' row.
func object(r rules.Row) string {
	return name(healer.Object{Schema: r.Text("schema"), Name: r.Text("name")})
}

// page begins a page about the patients; each part is added for every one.
func patientsPage(heading, lead string, all []Patient, part func(d *document, p Patient)) document {
	d := document{title: "pgmend: " + heading, heading: heading, lead: lead}
	for _, p := range all {
		if len(all) > 1 {
			d.add("Database " + quoted(p.Database))
		}
		part(&d, p)
	}
	return d
}

// missing adds what could not be read.
func (p Patient) missing(d *document) {
	if len(p.Missing) > 0 {
		d.add("Not to be seen", bullets(p.Missing))
	}
}

func float(r rules.Row, name string) float64 {
	n, _ := strconv.ParseFloat(r.Text(name), 64)
	return n
}

// SpacePage writes where the space is.
func SpacePage(w io.Writer, all []Patient, o Options) error {
	d := patientsPage("Space", "Sizes are those of the last VACUUM or ANALYZE of each relation, so that looking opens none.", all, func(d *document, p Patient) {
		now := Brief(p.Census)
		d.add("", tiles(tile{Name: "estimated size", Value: Size(now.Bytes)}, tile{Name: "dead rows in the tables shown", Value: many(now.DeadRows)}))
		if b, ok := sparks(p.histories()); ok {
			d.add("Over time", b)
		}
		d.add("Largest tables", shares(p.Tables, func(r rules.Row) string {
			return fmt.Sprintf("%s of it indexes, %s rows", Size(count(r, "index_bytes")), many(count(r, "rows")))
		}))
		d.add("Largest indexes", shares(p.Indexes, func(r rules.Row) string {
			s := "on " + quoted(r.Text("table")) + ", " + many(count(r, "scans")) + " scans"
			if r.Text("valid") != "t" {
				s += ", invalid"
			}
			return s
		}))
		p.missing(d)
	})
	return d.write(w, o)
}

// shares draws sizes beside each other, the largest in full.
func shares(rows []rules.Row, note func(rules.Row) string) block {
	var out []gauge
	for _, r := range rows {
		if bytes := count(r, "bytes"); bytes > 0 && len(out) < most {
			out = append(out, gauge{
				Name: Plain(object(r)), Value: Size(bytes), Share: percent(float64(bytes), float64(count(rows[0], "bytes"))), Tone: "accent", Note: Plain(note(r)),
			})
		}
	}
	if len(out) == 0 {
		return sentence("Nothing has a size yet; ANALYZE measures it.")
	}
	return gauges(out)
}

// histories are a patient's samples as lines.
func (p Patient) histories() []series {
	bytes := series{name: "estimated size", write: func(v float64) string { return Size(int64(v)) }}
	whole := func(v float64) string { return many(int64(v)) }
	dead, age, sessions := series{name: "dead rows", write: whole}, series{name: "oldest transaction id, age", write: whole}, series{name: "sessions", write: whole}
	for _, s := range append(p.Past[:len(p.Past):len(p.Past)], Brief(p.Census)) {
		for _, x := range []struct {
			into  *series
			value int64
		}{{&bytes, s.Bytes}, {&dead, s.DeadRows}, {&age, s.XIDAge}, {&sessions, s.Sessions}} {
			x.into.times = append(x.into.times, s.At)
			x.into.values = append(x.into.values, float64(x.value))
		}
	}
	return []series{bytes, dead, age, sessions}
}

// wraparound is the age at which the server stops to give out transaction ids
// (PostgreSQL, Preventing Transaction ID Wraparound Failures).
const wraparound = 1<<31 - 3_000_000

// ages are how far the databases are from a wraparound, and how many sessions
// they have left.
func ages(all []Patient) []gauge {
	var out []gauge
	for _, p := range all {
		if len(p.Totals) == 0 {
			continue
		}
		t := p.Totals
		out = append(out,
			used(p.Database+": transaction ids", float64(count(t, "xid_age"))/wraparound,
				fmt.Sprintf("age %s of %s; autovacuum freezes from %s on", many(count(t, "xid_age")), many(wraparound), many(count(t, "freeze_max_age")))),
			used(p.Database+": multixact ids", float64(count(t, "multixact_age"))/wraparound, "age "+many(count(t, "multixact_age"))))
	}
	if len(all) > 0 && len(all[0].Totals) > 0 {
		t := all[0].Totals
		out = append(out, used("sessions", float64(count(t, "sessions"))/max(1, float64(count(t, "max_sessions"))),
			fmt.Sprintf("%d of %d", count(t, "sessions"), count(t, "max_sessions"))))
	}
	return out
}

// MaintenancePage writes what is and should be looked after.
func MaintenancePage(w io.Writer, all []Patient, o Options) error {
	d := patientsPage("Maintenance", "What runs now, what waits, and what needs a VACUUM or an ANALYZE.", all, func(d *document, p Patient) {
		d.add("Headroom", gauges(append(ages([]Patient{p}), sequences(p.Sequences)...)))
		if list := progress(p); len(list) > 0 {
			d.add("At work", gauges(list))
		}
		if t := waitsTree([]Patient{p}); len(t) > 0 {
			d.add("Sessions that wait for a lock", t)
		}
		l := &grid{list{name: "tables", columns: []string{"object", "rows", "dead rows", "changed since ANALYZE", "age", "last vacuum", "last analyze"}}}
		for _, r := range p.Upkeep {
			l.add(nil, plain, object(r), many(count(r, "rows")), many(count(r, "dead_rows")), many(count(r, "changed_rows")), many(count(r, "xid_age")),
				ever(r.Text("vacuumed")), ever(r.Text("analyzed")))
		}
		d.add("Tables by dead rows and age", l)
		p.missing(d)
	})
	return d.write(w, o)
}

func ever(when string) string {
	if when == "" {
		return "never"
	}
	return when
}

// sequences are how much is used up of each.
func sequences(rows []rules.Row) []gauge {
	var out []gauge
	for _, r := range rows {
		out = append(out, used("sequence "+object(r), float(r, "used"), "at "+many(count(r, "last_value"))+" of "+many(count(r, "max_value"))))
	}
	return out
}

// progress is how far long commands are.
func progress(p Patient) []gauge {
	var out []gauge
	for _, r := range p.Progress {
		g := gauge{
			Name: Plain(join(r.Text("command"), "of", object(r))), Value: Plain(r.Text("phase")), Tone: "accent", Share: "0",
			Note: Plain(join("process "+r.Text("pid"), r.Text("application"))),
		}
		if total := count(r, "total"); total > 0 {
			g.Share = percent(float64(count(r, "done")), float64(total))
			g.Value += fmt.Sprintf(", %d %%", count(r, "done")*100/total)
		}
		out = append(out, g)
	}
	return out
}

// waitsTree draws who waits for whom: those who wait for nobody are the roots,
// and hold up all below them.
func waitsTree(all []Patient) tree {
	var out tree
	for _, p := range all {
		behind := make(map[string][]rules.Row)
		waiting := make(map[string]bool)
		for _, r := range p.Waits {
			behind[r.Text("blocker")] = append(behind[r.Text("blocker")], r)
			waiting[r.Text("pid")] = true
		}
		drawn := make(map[string]bool)
		var below func(pid string) []branch
		below = func(pid string) []branch {
			var list []branch
			for _, r := range behind[pid] {
				who := r.Text("pid")
				b := branch{Text: session(who, r.Text("user"), r.Text("application")), Note: join("waits", seconds(r, "seconds"), "for", r.Text("lock"))}
				if !drawn[who] {
					drawn[who] = true
					b.Below = below(who)
				}
				list = append(list, b)
			}
			return list
		}
		for _, r := range p.Waits {
			root := r.Text("blocker")
			if waiting[root] || drawn[root] {
				continue
			}
			drawn[root] = true
			out = append(out, branch{
				Text: session(root, r.Text("blocker_user"), r.Text("blocker_application")), Tone: "bad",
				Note: join(r.Text("blocker_state"), "in a transaction of", seconds(r, "blocker_seconds")), Below: below(root),
			})
		}
	}
	return out
}

func session(pid, user, application string) string { return join("process", pid, user, application) }

func seconds(r rules.Row, name string) string {
	if r.Text(name) == "" {
		return "unknown length"
	}
	return Elapsed(time.Duration(count(r, name)) * time.Second)
}
