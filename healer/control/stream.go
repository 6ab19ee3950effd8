package control

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// stream writes an answer line by line, each as soon as it is known. It is
// the observer of a run, and holds it up for nothing: a transition may be told
// while locks are held, and the client may be stopped or gone. So transitions
// wait in a queue, and where it is full they are counted and left out.
type stream struct {
	w        http.ResponseWriter
	conn     *http.ResponseController
	lineTime time.Duration
	begun    bool
	gone     bool // the client takes no more

	queue   chan healer.Transition
	mu      sync.Mutex
	ended   bool
	dropped int
}

// waiting is how many transitions may wait for a client.
const waiting = 1024

func (s *Server) stream(w http.ResponseWriter) *stream {
	return &stream{w: w, conn: http.NewResponseController(w), lineTime: s.cfg.lineTime, queue: make(chan healer.Transition, waiting)}
}

// Observe implements healer.Observer. It never waits.
func (s *stream) Observe(_ context.Context, t healer.Transition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	select {
	case s.queue <- t:
	default:
		s.dropped++
	}
}

// run sends what do tells meanwhile, then what came of it.
func (s *stream) run(do func(healer.Observer) (message, error)) {
	var writer sync.WaitGroup
	writer.Go(func() {
		for t := range s.queue {
			s.send(message{Transition: &t})
		}
	})
	defer writer.Wait()
	defer s.end() // a panic of do, too
	m, err := do(s)
	s.end()
	writer.Wait()
	m.Dropped = s.dropped
	s.last(m, err)
}

func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		close(s.queue)
	}
}

// last sends what came of a request.
func (s *stream) last(m message, err error) {
	if err != nil {
		m.Error = fail(err)
	}
	s.send(m)
	if !s.gone {
		// The connection may serve another request.
		_ = s.conn.SetWriteDeadline(time.Time{})
	}
}

func (s *stream) send(m message) {
	if s.gone {
		return
	}
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", "application/x-ndjson")
		if m.Error != nil {
			s.w.WriteHeader(m.Error.status())
		}
	}
	err := s.conn.SetWriteDeadline(time.Now().Add(s.lineTime))
	if err == nil {
		err = json.NewEncoder(s.w).Encode(m)
	}
	if err == nil {
		err = s.conn.Flush()
	}
	s.gone = err != nil
}
