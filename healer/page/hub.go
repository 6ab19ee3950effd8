package page

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// Hub tells the pages that something happened, and not what: they ask for it.
// It is an observer, and holds nothing up: whoever is slow misses nothing but
// that something happened more than once.
type Hub struct {
	mu      sync.Mutex
	clients map[chan struct{}]bool
}

var _ healer.Observer = (*Hub)(nil)

// NewHub returns a hub that nobody listens to yet.
func NewHub() *Hub { return &Hub{clients: make(map[chan struct{}]bool)} }

// maxClients is how many may listen at once.
const maxClients = 32

// Observe implements healer.Observer.
func (h *Hub) Observe(_ context.Context, t healer.Transition) {
	switch t.Action {
	case healer.CycleStarted, healer.FindingUpdated:
		return // nothing is to be seen of it
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		select {
		case c <- struct{}{}:
		default: // it has not taken the last one yet
		}
	}
}

func (h *Hub) join() (chan struct{}, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) >= maxClients {
		return nil, false
	}
	c := make(chan struct{}, 1)
	h.clients[c] = true
	return c, true
}

func (h *Hub) leave(c chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, c)
}

// The times of the event stream.
const (
	beatTime = 20 * time.Second // of a line that says nothing, so that a gone client shows
	calm     = time.Second      // at most one event in this time
)

// ServeHTTP is the event stream (html.spec.whatwg.org, server-sent events).
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, ok := h.join()
	if !ok {
		refuse(w, http.StatusServiceUnavailable, "too many listeners")
		return
	}
	defer h.leave(c)
	w.Header().Set("Content-Type", "text/event-stream")
	conn := http.NewResponseController(w)
	// The first line opens the stream.
	for line := ": pgmend\n\n"; ; {
		err := conn.SetWriteDeadline(time.Now().Add(stopTime))
		if err == nil {
			_, err = fmt.Fprint(w, line)
		}
		if err == nil {
			err = conn.Flush()
		}
		if err != nil {
			return
		}
		if line, ok = next(r.Context(), c); !ok {
			return
		}
	}
}

// next waits for what to say.
func next(ctx context.Context, c chan struct{}) (line string, ok bool) {
	beat := time.NewTimer(beatTime)
	defer beat.Stop()
	select {
	case <-ctx.Done():
		return "", false
	case <-beat.C:
		return ": still here\n\n", true
	case <-c:
	}
	// What comes together is told once.
	quiet := time.NewTimer(calm)
	defer quiet.Stop()
	select {
	case <-ctx.Done():
		return "", false
	case <-quiet.C:
	}
	select {
	case <-c:
	default:
	}
	return "event: changed\ndata: 1\n\n", true
}
