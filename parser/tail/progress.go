package tail

import (
	"sync"
	"time"
)

// Progress is how the following goes. Behind is its back-pressure: the reader
// reads no further than the handler comes, so what the handler cannot keep up
// with stays in the files and shows here.
type Progress struct {
	Bytes       int64 // read
	Records     int64 // handed over
	Quarantined int64 // handed over to be recorded only
	Gaps        int64 // pieces that were destroyed unread
	Missing     int64 // lines of sessions that never came
	Recovered   int64 // bytes read from a copy or a compressed predecessor
	// Behind is how many bytes were in the files and not handled, at the last
	// look or hand-over.
	Behind int64
	// Full is how often there was more to read than goes at once: the log
	// grew faster than it was handled.
	Full int64
	// Handling is the time spent in the handler.
	Handling time.Duration
}

// counters are the Progress, for readers of other goroutines.
type counters struct {
	mu sync.Mutex
	p  Progress
}

func (c *counters) add(f func(*Progress)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.p)
}

// Progress may be called from any goroutine, also while Run runs.
func (w *Follower) Progress() Progress {
	w.count.mu.Lock()
	defer w.count.mu.Unlock()
	return w.count.p
}

// behind is what is in the files and not handled.
func (w *Follower) behind() (n int64) {
	for _, f := range w.files {
		if !f.packed {
			n += max(0, f.size-f.done)
		}
	}
	return n
}
