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
	of    map[gauged]*reading
	bytes int // about what all of them take
	body  pglog.Statement
}

type gauged struct{ database, text string }

// reading is what one text took.
type reading struct {
	usage
	squares float64 // the sum of the squares of its times, in ms²
	cost    float64 // the sum of what its plans were estimated to cost
}

// Taken is what the calls of one text took since Began.
type Taken struct {
	Text    string // its literals masked
	Began   time.Time
	Calls   int64
	TotalMS float64
	Squares float64 // the sum of the squares of their times, in ms²
	Plans   int64   // that auto_explain wrote
	Cost    float64 // the sum of what they were estimated to cost
}

const (
	gaugeCap   = 4000     // different texts
	gaugeText  = 16 << 10 // bytes of a text; a longer one is not counted
	gaugeBytes = 8 << 20  // of all of them, with what is counted of each
	nameBytes  = 64       // of a user's or an application's name, as the server cuts it
)

// Add takes a record, and counts it where it says what a statement took. With
// log_duration the text stands in another record, and is not counted.
func (g *Gauge) Add(r *pglog.Record, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := &g.body
	if !b.Read(r) || b.DurationMS == nil {
		return
	}
	us := int64(*b.DurationMS*1000 + 0.5)
	switch b.Phase {
	case "statement", "execute":
		g.count(r, b.SQL, now, func(x *reading) {
			x.calls++
			x.times.Add(us)
			x.squares += *b.DurationMS * *b.DurationMS
		})
	case "plan":
		if p, ok := pglog.ReadPlan(b.SQL); ok {
			g.count(r, p.Query, now, func(x *reading) {
				x.plans.Add(us)
				x.cost += p.Cost
			})
		}
	}
}

// count notes one record of a text.
func (g *Gauge) count(r *pglog.Record, text string, now time.Time, note func(*reading)) {
	if len(text) > gaugeText {
		return
	}
	key := gauged{r.Database, parser.Mask(text)}
	x := g.of[key]
	if x == nil {
		// Where there are too many, all are counted anew, and Began says so: of a
		// part it could not be told what is missing.
		if g.of == nil || len(g.of) >= gaugeCap || g.bytes >= gaugeBytes {
			g.of, g.began, g.bytes = make(map[gauged]*reading), now, 0
		}
		key = gauged{strings.Clone(r.Database), strings.Clone(key.text)}
		x = &reading{}
		g.of[key] = x
		g.bytes += len(key.database) + len(key.text)
	} else {
		g.bytes -= x.weight()
	}
	note(x)
	x.users.add(short(r.User), 1)
	x.apps.add(short(r.App), 1)
	if !r.Time.IsZero() {
		x.span.add(r.Time.UnixMicro())
	}
	g.bytes += x.weight()
}

// short is a name that is no longer than names are. A log may say anything.
func short(name string) string {
	if len(name) > nameBytes {
		return clip(name, nameBytes)
	}
	return name
}

// weight is about how many bytes a reading takes, beside its text.
func (x *reading) weight() int {
	return 512 + 4*(cap(x.times.counts)+cap(x.plans.counts)) + 2*nameBytes*(len(x.users.list)+len(x.apps.list))
}

// Server stands for all databases of a server.
const Server = ""

// Of lists what was counted of a database, in the order of the texts.
func (g *Gauge) Of(database string) []Taken {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []Taken
	for key, x := range g.of {
		if database == Server || key.database == database {
			out = append(out, Taken{
				Text: key.text, Began: g.began, Calls: x.calls, TotalMS: ms(x.times.Sum), Squares: x.squares, Plans: x.plans.Count, Cost: x.cost,
			})
		}
	}
	slices.SortFunc(out, func(a, b Taken) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// Report sums up what was counted of a database, as a Sheet does: the same
// statements with other literals become one. Parse is asked once, for all
// texts. It is nil where nothing was counted.
func (g *Gauge) Report(database string, top int, parse func(texts []string) ([][]parser.Statement, error)) (*Report, error) {
	texts, usages := g.copies(database)
	if len(texts) == 0 {
		return nil, nil
	}
	parsed, err := parse(texts)
	if err != nil {
		return nil, err
	}
	s := NewSheet(Config{Shapes: NewShapes()})
	for i, u := range usages {
		s.usage(s.cfg.Shapes.of(parsed[i])).merge(u)
		s.statements += u.calls
		s.times.Merge(&u.times)
		s.span.merge(u.span)
		s.users.merge(&u.users)
		s.apps.merge(&u.apps)
	}
	return s.Report(top), nil
}

// copies are the texts of a database with what was counted of each, so that
// nobody is held up while they are parsed.
func (g *Gauge) copies(database string) (texts []string, usages []*usage) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, x := range g.of {
		if key.database == database {
			u := &usage{}
			u.merge(&x.usage)
			texts, usages = append(texts, key.text), append(usages, u)
		}
	}
	return texts, usages
}
