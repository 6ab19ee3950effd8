package report

import (
	"fmt"
	"strings"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/workload"
)

func (l Logs) timeline() *list {
	out := &list{name: "timeline", columns: []string{"from", "statements", "time", "errors", "connections", "lock waits", "temp files", "checkpoints", "autovacuums"}}
	// A terminal does not show a thousand lines: neighbours are added up.
	step := (len(l.Report.Timeline) + l.Top - 1) / l.Top
	for i := 0; i < len(l.Report.Timeline); i += step {
		s := l.Report.Timeline[i]
		for _, o := range l.Report.Timeline[i+1 : min(i+step, len(l.Report.Timeline))] {
			s.Merge(&o)
		}
		out.add(s, plain, stamp(s.Start), number64(s.Statements), length(s.TotalMS), number64(s.Errors), number64(s.Connections),
			number64(s.LockWaits), number64(s.TempFiles), number64(s.Checkpoints), number64(s.Vacuums))
	}
	return out
}

func (l Logs) tables() *list {
	out := &list{name: "tables", columns: []string{"relation", "reads", "writes", "ddl", "time", "shapes"}}
	for _, t := range l.Report.Tables[:min(l.Top, len(l.Report.Tables))] {
		out.add(t, plain, relation(parser.Table{Schema: t.Schema, Name: t.Name}), number64(t.Reads), number64(t.Writes), number64(t.DDL), length(t.TotalMS), number64(int64(t.Shapes)))
	}
	return out
}

func (l Logs) errors() *list {
	out := &list{name: "errors", columns: []string{"severity", "sqlstate", "kind", "count", "last", "finding", "sql"}}
	for _, e := range l.Report.Errors[:min(l.Top, len(l.Report.Errors))] {
		c := red
		if e.Severity == "WARNING" {
			c = yellow
		}
		out.add(e, c, e.Severity, e.SQLState, e.Kind, number64(e.Count), stamp(e.Last), e.Message, e.Statement)
	}
	return out
}

func (l Logs) waits() *list {
	out := &list{name: "lock waits", columns: []string{"mode", "relation", "count", "time", "p95", "longest", "sql"}}
	for _, w := range l.Report.Locks.Waits[:min(l.Top, len(l.Report.Locks.Waits))] {
		out.add(w, plain, w.Mode, w.Target, number64(w.Times.Count), length(w.Times.TotalMS), length(w.Times.P95MS), length(w.Times.MaxMS), w.Statement)
	}
	return out
}

func (l Logs) deadlocks() *list {
	out := &list{name: "deadlocks", columns: []string{"when", "database", "pid", "waits for", "blocked by", "sql"}}
	for _, d := range l.Report.Locks.Deadlocks[:min(l.Top, len(l.Report.Locks.Deadlocks))] {
		for i, p := range d.Processes {
			when, database := stamp(d.Time), d.Database
			if i > 0 {
				when, database = "", ""
			}
			out.add(d, red, when, database, fmt.Sprint(p.PID), p.Mode+" on "+p.Target, fmt.Sprint(p.BlockedBy), p.Statement)
		}
	}
	return out
}

func (l Logs) temp() *list {
	out := &list{name: "temporary files", columns: []string{"bytes", "files", "largest", "sql"}}
	for _, q := range l.Report.TempFiles.Queries[:min(l.Top, len(l.Report.TempFiles.Queries))] {
		out.add(q, plain, Size(q.Bytes), number64(q.Count), Size(q.Largest), q.Text)
	}
	return out
}

func (l Logs) checkpointed() bool {
	c := l.Report.Checkpoint
	return c.Complete+c.TooFrequent > 0 || len(c.Causes) > 0
}

func (l Logs) checkpoints() block {
	c := l.Report.Checkpoint
	return pairs{
		{"complete", number64(c.Complete)},
		{"restartpoints", unlessZero(c.Restartpoints)},
		{"causes", counted(c.Causes)},
		{"too frequent", unlessZero(c.TooFrequent)},
		{"buffers written", unlessZero(c.Buffers)},
		{"distance", Size(c.DistanceKB << 10)},
		{"write", length(c.WriteSeconds * 1000)},
		{"sync", length(c.SyncSeconds * 1000)},
		{"longest", length(c.LongestSeconds * 1000)},
	}
}

func (l Logs) vacuums() *list {
	out := &list{name: "autovacuum", columns: []string{"relation", "vacuums", "analyzes", "wraparound", "index scans", "removed", "dead", "time", "longest"}}
	for _, v := range l.Report.Vacuums[:min(l.Top, len(l.Report.Vacuums))] {
		out.add(v, plain, v.Table, number64(v.Vacuums), number64(v.Analyzes), number64(v.Wraparound), number64(v.IndexScans),
			number64(v.Removed), number64(v.Dead), length(v.Seconds*1000), length(v.LongestSeconds*1000))
	}
	return out
}

func (l Logs) sessions() *list {
	out := &list{name: "connections", columns: []string{"received", "authorized", "ended", "lost", "refused", "session p50", "value"}}
	s := l.Report.Sessions
	if s.Received+s.Authorized+s.Ended+s.Lost+s.Refused > 0 {
		out.add(s, plain, number64(s.Received), number64(s.Authorized), number64(s.Ended), number64(s.Lost), number64(s.Refused), length(s.Length.P50MS), counted(s.Users))
	}
	return out
}

func (l Logs) origins() *list {
	out := &list{name: "origins", columns: []string{"of", "value"}}
	for _, x := range []struct {
		of   string
		list []workload.Name
	}{{"users", l.Report.Users}, {"databases", l.Report.Databases}, {"applications", l.Report.Apps}, {"hosts", l.Report.Hosts}} {
		if len(x.list) > 0 {
			out.add(x.list, plain, x.of, counted(x.list))
		}
	}
	return out
}

func (l Logs) events() *list {
	out := &list{name: "events", columns: []string{"kind", "records"}}
	for _, e := range l.Report.Events[:min(2*l.Top, len(l.Report.Events))] {
		out.add(e, plain, e.Name, number64(e.Count))
	}
	return out
}

func (l Logs) files() *list {
	out := &list{name: "logs", columns: []string{"log", "format", "prefix", "size", "remark"}}
	for _, f := range l.Logs {
		var remarks []string
		c := plain
		for _, s := range f.Lost {
			remarks = append(remarks, fmt.Sprintf("%s %s, %s, the first at byte %s", number64(s.Count), s.Why, Size(s.Bytes), number64(s.First)))
		}
		if f.Error != "" {
			remarks, c = append(remarks, f.Error), red
		}
		out.add(f, c, f.Path, f.Format, f.Prefix, Size(f.Bytes), strings.Join(remarks, "; "))
	}
	return out
}

// counted writes names with their counts, the first few of them.
func counted(list []workload.Name) string {
	var out []string
	for i, n := range list {
		if i == 8 {
			out = append(out, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		out = append(out, n.Name+" "+number64(n.Count))
	}
	return strings.Join(out, ", ")
}
