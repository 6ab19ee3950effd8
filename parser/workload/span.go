package workload

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// span is the time between two records, in µs of Unix time; 0 is none.
type span struct{ from, to int64 }

func (s *span) add(at int64) {
	if at == 0 {
		return
	}
	if s.from == 0 || at < s.from {
		s.from = at
	}
	s.to = max(s.to, at)
}

func (s *span) merge(o span) {
	s.add(o.from)
	s.add(o.to)
}

func (s *span) first() time.Time { return moment(s.from) }
func (s *span) last() time.Time  { return moment(s.to) }

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// slotCap is how many pieces a timeline has at the most.
const slotCap = 1440

// Slot is a piece of the timeline.
type Slot struct {
	Start       time.Time `json:"start"`
	Statements  int64     `json:"statements"`
	TotalMS     float64   `json:"total_ms"`
	Errors      int64     `json:"errors"`
	Connections int64     `json:"connections"`
	LockWaits   int64     `json:"lock_waits"`
	TempFiles   int64     `json:"temp_files"`
	Checkpoints int64     `json:"checkpoints"`
	Vacuums     int64     `json:"autovacuums"`
	us          int64
}

// Merge adds what another piece of the timeline holds.
func (s *Slot) Merge(o *Slot) {
	s.Statements += o.Statements
	s.TotalMS += o.TotalMS
	s.Errors += o.Errors
	s.Connections += o.Connections
	s.LockWaits += o.LockWaits
	s.TempFiles += o.TempFiles
	s.Checkpoints += o.Checkpoints
	s.Vacuums += o.Vacuums
	s.us += o.us
}

// line is a timeline whose pieces grow with the log, from a second on.
type line struct {
	width int64 // seconds
	slots map[int64]*Slot
	at    int64 // the slot that was used last
	last  *Slot
}

// widths are those a piece may have, in seconds; beyond them it doubles.
var widths = [...]int64{1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 24 * 3600}

// wider is the next width.
func wider(width int64) int64 {
	for _, w := range widths {
		if w > width {
			return w
		}
	}
	return 2 * width
}

// slot is the piece that a time, in µs, belongs to.
func (l *line) slot(us int64) *Slot {
	if l.width == 0 {
		l.width, l.slots = widths[0], map[int64]*Slot{}
	}
	k := us / 1e6 / l.width
	if l.last != nil && l.at == k {
		return l.last
	}
	s := l.slots[k]
	if s == nil {
		if len(l.slots) >= slotCap {
			l.widen(wider(l.width))
			return l.slot(us)
		}
		s = &Slot{}
		l.slots[k] = s
	}
	l.at, l.last = k, s
	return s
}

// widen makes the pieces wider.
func (l *line) widen(width int64) {
	slots := map[int64]*Slot{}
	for k, s := range l.slots {
		n := k * l.width / width
		if slots[n] == nil {
			slots[n] = &Slot{}
		}
		slots[n].Merge(s)
	}
	l.width, l.slots, l.last = width, slots, nil
}

func (l *line) merge(o *line) {
	if o.width == 0 {
		return
	}
	if l.width == 0 {
		l.width, l.slots = o.width, map[int64]*Slot{}
	}
	if l.width < o.width {
		l.widen(o.width)
	}
	for k, s := range o.slots {
		l.slot(k * o.width * 1e6).Merge(s)
	}
}

// sorted is the timeline in its order.
func (l *line) sorted() []Slot {
	out := make([]Slot, 0, len(l.slots))
	for _, k := range slices.Sorted(maps.Keys(l.slots)) {
		s := *l.slots[k]
		s.Start, s.TotalMS = time.Unix(k*l.width, 0).UTC(), float64(s.us)/1000
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Slot) int { return cmp.Compare(a.Start.Unix(), b.Start.Unix()) })
	return out
}
