package healer

import (
	"sync"
	"time"
)

// pulse tells work that takes long from work that hangs. Everything a Healer
// does is bounded, so before each piece it says when it will be heard of next.
type pulse struct {
	mu   sync.Mutex
	busy bool
	due  time.Time // with the monotonic clock: a clock that is set hangs nothing
}

// slack is what a piece of work may take beyond its bound: the server cancels
// what is late, and the ledger is written between two pieces.
const slack = 5 * time.Minute

// begin says that something is at work, and returns what ends it.
func (p *pulse) begin(bound time.Duration) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy, p.due = true, time.Now().Add(bound+slack)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.busy = false
	}
}

// expect says how long the next piece of the work may take. It is of no
// consequence where nothing is at work.
func (p *pulse) expect(bound time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due = time.Now().Add(bound + slack)
}

// Hangs reports whether the Healer is at work and was to be heard of before a
// time: it waits for something that does not come.
func (h *Healer) Hangs(at time.Time) bool {
	h.pulse.mu.Lock()
	defer h.pulse.mu.Unlock()
	return h.pulse.busy && at.After(h.pulse.due)
}
