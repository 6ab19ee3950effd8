package workload

import (
	"maps"
	"strings"

	"github.com/pgmend/pgmend/parser/pglog"
)

// pairCap is how many sessions may have told of a statement and not of its
// duration yet.
const pairCap = 20_000

// pairs bring a bare duration together with the statement that its session
// told of before. With log_statement and log_duration the server writes the
// one when it begins and the other when it ends.
type pairs struct {
	open  map[string]*shape // by session
	loose []loose           // durations that found none: it stands in the block before
}

// loose is a duration whose statement is not known yet.
type loose struct {
	session string
	us, at  int64
}

// session is a key for the session of a record.
func session(r *pglog.Record) string {
	if r.SessionID != "" {
		return r.SessionID
	}
	if r.PID == 0 {
		return ""
	}
	var digits [20]byte
	n := len(digits)
	for pid := r.PID; pid > 0 && n > 0; pid /= 10 {
		n--
		digits[n] = byte('0' + pid%10)
	}
	return string(digits[n:])
}

func (p *pairs) statement(r *pglog.Record, x *shape) {
	id := session(r)
	if id == "" || len(p.open) >= pairCap {
		return
	}
	if p.open == nil {
		p.open = map[string]*shape{}
	}
	p.open[strings.Clone(id)] = x
}

func (p *pairs) duration(s *Sheet, r *pglog.Record, us, at int64) {
	id := session(r)
	if x := p.open[id]; x != nil {
		delete(p.open, id)
		s.took(s.usage(x), us, at)
		return
	}
	if id == "" || len(p.loose) >= pairCap {
		s.alone(us, at)
		return
	}
	p.loose = append(p.loose, loose{strings.Clone(id), us, at})
}

// alone counts a duration of which nobody said what it was of.
func (s *Sheet) alone(us, at int64) {
	u := s.usage(s.cfg.Shapes.of(nil))
	u.calls++
	s.statements++
	s.took(u, us, at)
}

// Edge is what a block of a log leaves open for the one behind it.
type Edge struct{ pairs }

// Edge takes what is open, once a block is through.
func (s *Sheet) Edge() *Edge {
	e := &Edge{s.pairs}
	s.pairs = pairs{}
	return e
}

// Join goes on from the edge of the block before. It is called for the blocks
// in their order, on one sheet.
func (s *Sheet) Join(e *Edge) {
	for _, d := range e.loose {
		if x := s.pairs.open[d.session]; x != nil {
			delete(s.pairs.open, d.session)
			s.took(s.usage(x), d.us, d.at)
		} else {
			s.alone(d.us, d.at)
		}
	}
	if s.pairs.open == nil {
		s.pairs.open = map[string]*shape{}
	}
	if len(s.pairs.open) < pairCap {
		maps.Copy(s.pairs.open, e.open)
	}
}
