package workload

import (
	"time"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
)

// Config says what is summed up.
type Config struct {
	// Shapes are shared by all sheets that will be merged.
	Shapes *Shapes
	// Parse says what a statement touches; its result is shared and not
	// changed: parser.Cache's Statements, or for this sheet alone
	// parser.Templates'.
	Parse func(sql []byte) []parser.Statement
	// Since and Until bound the records' times; zero is no bound. Until is
	// not included.
	Since, Until time.Time
}

// knownShape is the shape of a parsed text.
type knownShape struct {
	of    *parser.Statement
	shape *shape
}

// Sheet sums up records. It is not safe for concurrent use.
type Sheet struct {
	cfg        Config
	known      map[*parser.Statement]*shape // by address: the cache shares its results
	recent     [8]knownShape                // of known, which most logs need no more of
	next       int                          // in recent, to be replaced
	usages     []*usage                     // by shape
	statements int64
	records    int64
	outside    int64 // before Since or from Until on
	span       span
	times      Histogram
	line       line
	kinds      kinds
	severities names
	users      names
	databases  names
	apps       names
	hosts      names
	errors     group[errorKey, failure]
	activity
	pairs pairs
	body  pglog.Statement
}

// NewSheet returns an empty sheet.
func NewSheet(c Config) *Sheet {
	return &Sheet{cfg: c, known: map[*parser.Statement]*shape{}}
}

// Add takes a record. Nothing of it is kept but copies.
func (s *Sheet) Add(r *pglog.Record) {
	at := int64(0)
	if !r.Time.IsZero() {
		if !s.cfg.Since.IsZero() && r.Time.Before(s.cfg.Since) || !s.cfg.Until.IsZero() && !r.Time.Before(s.cfg.Until) {
			s.outside++
			return
		}
		at = r.Time.UnixMicro()
	}
	s.records++
	s.span.add(at)
	if s.body.Read(r) {
		s.statement(r, at)
		return
	}
	s.other(r, at)
}

// statement takes a record about a statement.
func (s *Sheet) statement(r *pglog.Record, at int64) {
	b := &s.body
	us, timed := int64(0), b.DurationMS != nil
	if timed {
		us = int64(*b.DurationMS*1000 + 0.5)
	}
	if b.Phase == "" { // a bare duration: of the statement that the session told of before
		s.kinds.add(pglog.Duration, 1)
		s.pairs.duration(s, r, us, at)
		return
	}
	if b.Phase == "plan" {
		s.kinds.add(pglog.Plan, 1)
		if p, ok := pglog.ReadPlan(b.SQL); ok {
			u := s.usage(s.shape(p.Query))
			u.plans.Add(us)
			u.note(r, at)
			if p.Counted {
				u.rows += p.Rows
				u.rowsKnown++
			}
		}
		return
	}
	shape := s.shape(b.SQL)
	u := s.usage(shape)
	switch b.Phase {
	case "parse", "bind":
		u.prepare += us
		s.kinds.add(pglog.Duration, 1)
		return
	case "fetch": // of a statement that was counted when it was executed
		u.times.Sum += us
	default:
		u.calls++
		s.statements++
		s.call(r, at)
	}
	u.note(r, at)
	if !timed {
		s.kinds.add(pglog.StatementLogged, 1)
		s.pairs.statement(r, shape)
		return
	}
	s.kinds.add(pglog.Duration, 1)
	if b.Phase != "fetch" {
		s.took(u, us, at)
	}
}

// call counts a statement where it came from.
func (s *Sheet) call(r *pglog.Record, at int64) {
	s.users.add(r.User, 1)
	s.databases.add(r.Database, 1)
	s.apps.add(r.App, 1)
	s.hosts.add(r.Host, 1)
	if at != 0 {
		s.line.slot(at).Statements++
	}
}

// took counts how long a statement took.
func (s *Sheet) took(u *usage, us, at int64) {
	u.times.Add(us)
	s.times.Add(us)
	if at != 0 {
		s.line.slot(at).us += us
	}
}

func (u *usage) note(r *pglog.Record, at int64) {
	u.users.add(r.User, 1)
	u.apps.add(r.App, 1)
	u.databases.add(r.Database, 1)
	u.span.add(at)
}

// shape finds the shape of a text.
func (s *Sheet) shape(sql string) *shape {
	list := s.cfg.Parse(pglog.Bytes(sql))
	if len(list) == 0 {
		return s.cfg.Shapes.of(nil)
	}
	first := &list[0]
	for i := range s.recent {
		if s.recent[i].of == first {
			return s.recent[i].shape
		}
	}
	found := s.known[first]
	if found == nil {
		found = s.cfg.Shapes.of(list)
		if len(s.known) >= knownCap { // the cache drops results, and this keeps them
			clear(s.known)
		}
		s.known[first] = found
	}
	s.recent[s.next] = knownShape{first, found}
	s.next = (s.next + 1) % len(s.recent)
	return found
}

func (s *Sheet) usage(x *shape) *usage {
	for len(s.usages) <= x.id {
		s.usages = append(s.usages, nil)
	}
	if s.usages[x.id] == nil {
		s.usages[x.id] = &usage{}
	}
	return s.usages[x.id]
}

// Merge adds another sheet of the same Shapes, which is not used any more.
func (s *Sheet) Merge(o *Sheet) {
	for id, u := range o.usages {
		if u != nil {
			s.usage(&shape{id: id}).merge(u)
		}
	}
	s.statements += o.statements
	s.records += o.records
	s.outside += o.outside
	s.span.merge(o.span)
	s.times.Merge(&o.times)
	s.line.merge(&o.line)
	for _, k := range o.kinds {
		s.kinds.add(k.kind, k.count)
	}
	for _, n := range [...]struct{ to, from *names }{
		{&s.severities, &o.severities}, {&s.users, &o.users}, {&s.databases, &o.databases}, {&s.apps, &o.apps}, {&s.hosts, &o.hosts},
	} {
		n.to.merge(n.from)
	}
	mergeGroups(&s.errors, &o.errors)
	s.merge(&o.activity)
}
