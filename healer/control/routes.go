package control

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// routes maps paths to acts. Everything that changes something is a POST.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		st, err := s.cfg.Health.Status(r.Context())
		s.stream(w).last(message{Status: &st}, err)
	})
	mux.HandleFunc("POST /v1/plan", s.plan)
	mux.HandleFunc("POST /v1/heal", s.heal)
	mux.HandleFunc("POST /v1/undo", s.undo)
	mux.HandleFunc("POST /v1/answer", s.answer)
	mux.HandleFunc("POST /v1/mute", s.mute)
	mux.HandleFunc("POST /v1/pause", s.pause)
	mux.HandleFunc("POST /v1/resume", s.resume)
	if s.cfg.Baselines != nil {
		mux.HandleFunc("POST /v1/baseline/capture", s.capture)
		mux.HandleFunc("POST /v1/baseline/approve", s.approve)
	}
	if s.cfg.Alerts != nil {
		mux.HandleFunc("POST /v1/alert", s.alert)
	}
	return mux
}

// read decodes a body; what it does not know it refuses. It reads to the end,
// because only then the server notices that a client goes away.
func read[T any](s *Server, w http.ResponseWriter, r *http.Request) (body T, ok bool) {
	conn := http.NewResponseController(w)
	err := conn.SetReadDeadline(time.Now().Add(s.cfg.bodyTime))
	if err == nil {
		err = decode(http.MaxBytesReader(w, r.Body, maxBody), &body)
	}
	if err != nil {
		s.stream(w).last(message{Error: &failure{Code: "usage", Message: fmt.Sprintf("the request: %v", err)}}, nil)
		return body, false
	}
	return body, conn.SetReadDeadline(time.Time{}) == nil
}

func decode(r io.Reader, body any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(body); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return cmp.Or(err, errors.New("something follows the object"))
	}
	return nil
}

func (s *Server) plan(w http.ResponseWriter, r *http.Request) {
	if body, ok := read[optionsRequest](s, w, r); ok {
		s.stream(w).run(func(obs healer.Observer) (message, error) {
			result, err := s.cfg.Repairs.Plan(r.Context(), body.options(actor(r.Context())), obs)
			return message{Result: &result}, err
		})
	}
}

func (s *Server) heal(w http.ResponseWriter, r *http.Request) {
	if body, ok := read[optionsRequest](s, w, r); ok {
		s.stream(w).run(func(obs healer.Observer) (message, error) {
			result, err := s.cfg.Repairs.Heal(r.Context(), body.options(actor(r.Context())), obs)
			return message{Result: &result}, err
		})
	}
}

func (s *Server) undo(w http.ResponseWriter, r *http.Request) {
	if body, ok := read[undoRequest](s, w, r); ok {
		s.stream(w).run(func(obs healer.Observer) (message, error) {
			options := optionsRequest{body.Options}.options(actor(r.Context()))
			attempt, err := s.cfg.Repairs.Undo(r.Context(), body.Attempt, options, obs)
			return message{Attempt: &attempt}, err
		})
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	if body, ok := read[answerRequest](s, w, r); ok {
		a, err := s.cfg.Answers.Answer(r.Context(), body.Plan, body.Yes, actor(r.Context()))
		s.stream(w).last(message{Approval: &a}, err)
	}
}

func (s *Server) mute(w http.ResponseWriter, r *http.Request) {
	if body, ok := read[muteRequest](s, w, r); ok {
		err := s.cfg.Answers.Mute(r.Context(), body.Finding, body.Off, actor(r.Context()))
		s.stream(w).last(message{}, err)
	}
}

func (s *Server) pause(w http.ResponseWriter, r *http.Request) {
	if body, ok := read[pauseRequest](s, w, r); ok {
		c, err := s.cfg.Brake.Pause(r.Context(), body.Length, actor(r.Context()))
		s.stream(w).last(message{Control: &c}, err)
	}
}

func (s *Server) resume(w http.ResponseWriter, r *http.Request) {
	c, err := s.cfg.Brake.Resume(r.Context(), actor(r.Context()))
	s.stream(w).last(message{Control: &c}, err)
}

func (s *Server) capture(w http.ResponseWriter, r *http.Request) {
	if body, ok := read[captureRequest](s, w, r); ok {
		list, err := s.cfg.Baselines.Capture(r.Context(), body.Database, actor(r.Context()))
		s.stream(w).last(message{Baselines: list}, err)
	}
}

func (s *Server) approve(w http.ResponseWriter, r *http.Request) {
	if body, ok := read[approveRequest](s, w, r); ok {
		list, err := s.cfg.Baselines.Approve(r.Context(), body.Hash, actor(r.Context()))
		s.stream(w).last(message{Baselines: list}, err)
	}
}

func (s *Server) alert(w http.ResponseWriter, r *http.Request) {
	if body, ok := read[alertRequest](s, w, r); ok {
		s.stream(w).last(message{}, s.cfg.Alerts.Test(r.Context(), body.Code, actor(r.Context())))
	}
}
