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
	open  map[string]*shape // by session; nil: its duration came
	loose []loose           // durations that found none: it stands in the block before
}

// loose is a duration whose statement is not known yet.
type loose struct {
	session string
	us, at  int64
}

func (p *pairs) statement(r *pglog.Record, x *shape) {
	id := r.Session()
	if id == "" {
		return
	}
	if p.open == nil {
		p.open = map[string]*shape{}
	}
	if _, told := p.open[id]; told {
		p.open[id] = x // the key is a text of its own already
		return
	}
	if len(p.open) >= pairCap { // sessions end, and nobody says so here
		clear(p.open)
	}
	p.open[strings.Clone(id)] = x
}

func (p *pairs) duration(s *Sheet, r *pglog.Record, us, at int64) {
	id := r.Session()
	x, told := p.open[id]
	if x != nil {
		p.open[id] = nil
		s.took(s.usage(x), us, at)
		return
	}
	if told || id == "" || len(p.loose) >= pairCap {
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
			s.pairs.open[d.session] = nil
			s.took(s.usage(x), d.us, d.at)
		} else {
			s.alone(d.us, d.at)
		}
	}
	if s.pairs.open == nil {
		s.pairs.open = map[string]*shape{}
	}
	if len(s.pairs.open)+len(e.open) > pairCap {
		clear(s.pairs.open)
	}
	maps.Copy(s.pairs.open, e.open)
}
