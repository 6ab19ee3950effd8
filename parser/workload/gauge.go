package workload

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
)

// Gauge counts what statements take while a log is followed, by database and
// masked text. It parses nothing: that is for whoever asks, and seldom. It may
// be used from any goroutine; the zero value is ready.
type Gauge struct {
	mu    sync.Mutex
	began time.Time
	of    map[gauged]*Taken
	body  pglog.Statement
}

type gauged struct{ database, text string }

// Taken is what the calls of one text took since Began.
type Taken struct {
	Text    string // its literals masked
	Began   time.Time
	Calls   int64
	TotalMS float64
	Squares float64 // the sum of the squares of their times, in ms²
}

const (
	gaugeCap  = 4000     // different texts
	gaugeText = 16 << 10 // bytes of a text; a longer one is not counted
)

// Add takes a record, and counts it where it says what a statement took. With
// log_duration the text stands in another record, and is not counted.
func (g *Gauge) Add(r *pglog.Record, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := &g.body
	if !b.Read(r) || b.DurationMS == nil || b.Phase != "statement" && b.Phase != "execute" || len(b.SQL) > gaugeText {
		return
	}
	key := gauged{r.Database, parser.Mask(b.SQL)}
	t := g.of[key]
	if t == nil {
		// Where there are too many, all are counted anew, and Began says so: of a
		// part it could not be told what is missing.
		if g.of == nil || len(g.of) >= gaugeCap {
			g.of, g.began = make(map[gauged]*Taken), now
		}
		key = gauged{strings.Clone(r.Database), strings.Clone(key.text)}
		t = &Taken{Text: key.text}
		g.of[key] = t
	}
	ms := *b.DurationMS
	t.Calls++
	t.TotalMS += ms
	t.Squares += ms * ms
}

// Of lists what was counted of a database, in the order of the texts.
func (g *Gauge) Of(database string) []Taken {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []Taken
	for key, t := range g.of {
		if key.database == database {
			out = append(out, *t)
			out[len(out)-1].Began = g.began
		}
	}
	slices.SortFunc(out, func(a, b Taken) int { return strings.Compare(a.Text, b.Text) })
	return out
}
