package hearsay

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/rules"
)

// The bounds of what is kept.
const (
	maxPages = 64             // kinds of each database; what is beyond counts for none
	maxLast  = 32             // events of a page
	maxNames = 8              // tables and statements of an event
	maxText  = 300            // bytes of a statement or a name
	horizon  = 25 * time.Hour // after which nothing is known any more
	saves    = 10 * time.Second
)

// Book counts events. Its methods may be called from any goroutine.
type Book struct {
	clock func() time.Time

	mu    sync.Mutex
	kinds []string
	pages map[place]*page
	fresh bool // there is something that was not saved
}

// place is what a page is about.
type place struct{ Kind, Database string }

// page is what is known of one kind of event in one database.
type page struct {
	Kind     string          `json:"kind"`
	Database string          `json:"database"`
	Hours    map[int64]*hour `json:"hours"` // by the Unix time of their beginning
	Last     []entry         `json:"last"`  // oldest first
}

// hour is what came within one hour.
type hour struct {
	Events int64     `json:"events"`
	Bytes  int64     `json:"bytes,omitempty"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
}

// entry is one of the last events.
type entry struct {
	At         time.Time `json:"at"`
	Session    string    `json:"session,omitempty"`
	Tables     []string  `json:"tables,omitempty"`
	Statements []string  `json:"statements,omitempty"`
}

// New returns a book that counts no kind of event yet.
func New(clock func() time.Time) *Book {
	return &Book{clock: clock, pages: make(map[place]*page)}
}

// Listen counts the kinds of events that these rules ask for, and no others.
func (b *Book) Listen(list []*rules.Rule) {
	var kinds []string
	for _, r := range list {
		kinds = append(kinds, r.Counts...)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kinds = kinds
}

// Counts reports whether events of a kind are counted.
func (b *Book) Counts(k pglog.Kind) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.kinds, string(k))
}

// Note counts an event, with the statements that Texts named.
func (b *Book) Note(e pglog.Event, statements []parser.Statement) {
	if !b.Counts(e.Kind) || echo(e) {
		return
	}
	now := b.clock()
	at := e.Record.Time
	// A log without times, and one whose clock is another's.
	if at.IsZero() || at.After(now) {
		at = now
	}
	if at.Before(now.Add(-horizon)) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.page(place{string(e.Kind), short(e.Record.Database)}, now)
	if p == nil {
		return
	}
	b.fresh = true
	p.count(at, size(e))
	p.Last = append(p.Last, entry{At: at, Session: session(e.Record)})
	p.Last[len(p.Last)-1].name(e, statements)
	if n := len(p.Last) - maxLast; n > 0 {
		p.Last = slices.Delete(p.Last, 0, n)
	}
}

// page returns a place's page. Old hours make room for new ones; where there
// is none left, it is nil.
func (b *Book) page(at place, now time.Time) *page {
	for key, p := range b.pages {
		p.forget(now.Add(-horizon))
		if len(p.Hours) == 0 {
			delete(b.pages, key)
		}
	}
	p := b.pages[at]
	if p == nil && len(b.pages) < maxPages {
		p = &page{Kind: at.Kind, Database: at.Database, Hours: make(map[int64]*hour)}
		b.pages[at] = p
	}
	return p
}

func (p *page) forget(before time.Time) {
	for begin, h := range p.Hours {
		if h.Last.Before(before) {
			delete(p.Hours, begin)
		}
	}
	p.Last = slices.DeleteFunc(p.Last, func(e entry) bool { return e.At.Before(before) })
}

func (p *page) count(at time.Time, bytes int64) {
	begin := at.Truncate(time.Hour).Unix()
	h := p.Hours[begin]
	if h == nil {
		h = &hour{First: at, Last: at}
		p.Hours[begin] = h
	}
	h.Events++
	h.Bytes += bytes
	if at.Before(h.First) {
		h.First = at
	}
	if at.After(h.Last) {
		h.Last = at
	}
}

// Said implements healer.Hearsay. It counts by whole hours: one that began
// before the time counts as far as anything in it came after.
func (b *Book) Said(kinds []string, database string, since time.Time) healer.Said {
	b.mu.Lock()
	defer b.mu.Unlock()
	var s healer.Said
	var tables, statements, sessions tally
	for at, p := range b.pages {
		if !slices.Contains(kinds, at.Kind) || database != "" && at.Database != database {
			continue
		}
		for _, h := range p.Hours {
			if h.Last.Before(since) {
				continue
			}
			s.Events += h.Events
			s.Bytes += h.Bytes
			if s.First.IsZero() || h.First.Before(s.First) {
				s.First = h.First
			}
			if h.Last.After(s.Last) {
				s.Last = h.Last
			}
		}
		for _, e := range p.Last {
			if e.At.Before(since) {
				continue
			}
			tables.add(e.Tables...)
			statements.add(e.Statements...)
			if e.Session != "" {
				sessions.add(e.Session)
			}
		}
	}
	s.Tables, s.Statements, s.Sessions = tables.top(), statements.top(), sessions.top()
	return s
}

// tally counts texts.
type tally map[string]int

func (t *tally) add(texts ...string) {
	if *t == nil {
		*t = make(tally)
	}
	for _, text := range texts {
		(*t)[text]++
	}
}

// shown is how many texts a finding shows of a kind.
const shown = 5

// top returns the most frequent, each with how often.
func (t tally) top() []string {
	list := make([]string, 0, len(t))
	for text := range t {
		list = append(list, text)
	}
	slices.SortFunc(list, func(x, y string) int {
		return cmp.Or(cmp.Compare(t[y], t[x]), cmp.Compare(x, y))
	})
	list = list[:min(len(list), shown)]
	for i, text := range list {
		list[i] = fmt.Sprintf("%d × %s", t[text], text)
	}
	return list
}

// stateKey is where the ledger's state has the pages.
const stateKey = "hearsay"

// Run saves what was noted, every few seconds and at its end.
func (b *Book) Run(ctx context.Context, state healer.State, failed func(error)) error {
	tick := time.NewTicker(saves)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		if err := b.save(context.WithoutCancel(ctx), state); err != nil {
			failed(err)
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

func (b *Book) save(ctx context.Context, state healer.State) error {
	b.mu.Lock()
	if !b.fresh {
		b.mu.Unlock()
		return nil
	}
	list := make([]*page, 0, len(b.pages))
	for _, p := range b.pages {
		list = append(list, p)
	}
	text, err := json.Marshal(list)
	b.fresh = false
	b.mu.Unlock()
	if err != nil {
		return err
	}
	return state.Put(ctx, stateKey, string(text))
}

// Load reads what was saved. A state that cannot be read is one of another
// version: counting begins anew.
func (b *Book) Load(ctx context.Context, state healer.State) error {
	text, found, err := state.Get(ctx, stateKey)
	if err != nil || !found {
		return err
	}
	var list []*page
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return fmt.Errorf("read what the log said: %w; it is counted anew", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range list {
		if p != nil && p.Hours != nil && len(b.pages) < maxPages {
			b.pages[place{p.Kind, p.Database}] = p
		}
	}
	return nil
}

// short cuts a text to what is kept of it.
func short(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}
