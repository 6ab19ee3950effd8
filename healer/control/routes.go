package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// routes maps paths to acts. Everything that changes something is a POST.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		st, err := s.cfg.Health.Status(r.Context())
		newStream(w).end(message{Status: &st}, err)
	})
	mux.HandleFunc("POST /v1/plan", s.plan)
	mux.HandleFunc("POST /v1/heal", s.heal)
	mux.HandleFunc("POST /v1/undo", s.undo)
	mux.HandleFunc("POST /v1/answer", s.answer)
	mux.HandleFunc("POST /v1/mute", s.mute)
	mux.HandleFunc("POST /v1/pause", s.pause)
	mux.HandleFunc("POST /v1/resume", s.resume)
	return mux
}

// read decodes a body; what it does not know it refuses.
func read[T any](w http.ResponseWriter, r *http.Request) (body T, ok bool) {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		newStream(w).send(message{Error: &failure{Code: "usage", Message: fmt.Sprintf("the request: %v", err)}})
		return body, false
	}
	return body, true
}

func (s *Server) plan(w http.ResponseWriter, r *http.Request) {
	body, ok := read[optionsRequest](w, r)
	if !ok {
		return
	}
	out := newStream(w)
	result, err := s.cfg.Repairs.Plan(r.Context(), body.options(actor(r.Context())), out)
	out.end(message{Result: &result}, err)
}

func (s *Server) heal(w http.ResponseWriter, r *http.Request) {
	body, ok := read[optionsRequest](w, r)
	if !ok {
		return
	}
	out := newStream(w)
	result, err := s.cfg.Repairs.Heal(r.Context(), body.options(actor(r.Context())), out)
	out.end(message{Result: &result}, err)
}

func (s *Server) undo(w http.ResponseWriter, r *http.Request) {
	body, ok := read[undoRequest](w, r)
	if !ok {
		return
	}
	out := newStream(w)
	attempt, err := s.cfg.Repairs.Undo(r.Context(), body.Attempt, optionsRequest{body.Options}.options(actor(r.Context())), out)
	out.end(message{Attempt: &attempt}, err)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	body, ok := read[answerRequest](w, r)
	if !ok {
		return
	}
	a, err := s.cfg.Answers.Answer(r.Context(), body.Plan, body.Yes, actor(r.Context()))
	newStream(w).end(message{Approval: &a}, err)
}

func (s *Server) mute(w http.ResponseWriter, r *http.Request) {
	body, ok := read[muteRequest](w, r)
	if !ok {
		return
	}
	err := s.cfg.Answers.Mute(r.Context(), body.Finding, body.Off, actor(r.Context()))
	newStream(w).end(message{}, err)
}

func (s *Server) pause(w http.ResponseWriter, r *http.Request) {
	body, ok := read[pauseRequest](w, r)
	if !ok {
		return
	}
	c, err := s.cfg.Brake.Pause(r.Context(), body.Length, actor(r.Context()))
	newStream(w).end(message{Control: &c}, err)
}

func (s *Server) resume(w http.ResponseWriter, r *http.Request) {
	c, err := s.cfg.Brake.Resume(r.Context(), actor(r.Context()))
	newStream(w).end(message{Control: &c}, err)
}
