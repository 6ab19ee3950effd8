package control

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// Repairs are the acts that touch the server.
type Repairs interface {
	Plan(ctx context.Context, o healer.Options, obs healer.Observer) (healer.Result, error)
	Heal(ctx context.Context, o healer.Options, obs healer.Observer) (healer.Result, error)
	Undo(ctx context.Context, attempt string, o healer.Options, obs healer.Observer) (healer.Attempt, error)
}

// Answers are a person's decisions.
type Answers interface {
	Answer(ctx context.Context, plan string, yes bool, actor string) (healer.Approval, error)
	Mute(ctx context.Context, finding string, off bool, actor string) error
}

// Brake stops all repairs and lets them run again.
type Brake interface {
	Pause(ctx context.Context, length time.Duration, actor string) (healer.Control, error)
	Resume(ctx context.Context, actor string) (healer.Control, error)
}

// Status is what the daemon says of itself.
type Status struct {
	Version   string         `json:"version"`
	Mode      string         `json:"mode"`
	Started   time.Time      `json:"started"`
	PID       int            `json:"pid"`
	Databases []string       `json:"databases"`
	Control   healer.Control `json:"control"`
	LastCycle time.Time      `json:"last_cycle,omitzero"` // when one was last completed
	Config    string         `json:"config_hash"`
	State     string         `json:"state,omitempty"` // as systemctl status shows it
}

// Health gives the daemon's status.
type Health interface {
	Status(ctx context.Context) (Status, error)
}

// Alerts writes events that did not happen, to see where they arrive.
type Alerts interface {
	Test(ctx context.Context, code, actor string) error
}

// Baselines keeps schemas, and a person's approval of them.
type Baselines interface {
	// Capture keeps the schema of a database, or with "" of each, as it is now.
	Capture(ctx context.Context, database, actor string) ([]healer.Baseline, error)
	Approve(ctx context.Context, hash, actor string) ([]healer.Baseline, error)
}

// optionsRequest asks for a run. It is always a person's.
type optionsRequest struct {
	Options healer.Options `json:"options"`
}

// options are what the request may decide: not who asks, and no log event.
func (r optionsRequest) options(actor string) healer.Options {
	o := r.Options
	o.Person, o.Actor, o.Event = true, actor, nil
	return o
}

// The other requests' bodies.
type (
	undoRequest struct {
		Attempt string         `json:"attempt"`
		Options healer.Options `json:"options"`
	}
	answerRequest struct {
		Plan string `json:"plan"`
		Yes  bool   `json:"yes"`
	}
	muteRequest struct {
		Finding string `json:"finding"`
		Off     bool   `json:"off"`
	}
	captureRequest struct {
		Database string `json:"database"`
	}
	approveRequest struct {
		Hash string `json:"hash"`
	}
	alertRequest struct {
		Code string `json:"code"`
	}
	pauseRequest struct {
		Length time.Duration `json:"length_ns"`
	}
)

// message is one line of an answer: transitions while it runs, then what came
// of it.
type message struct {
	Transition *healer.Transition `json:"transition,omitempty"`
	Result     *healer.Result     `json:"result,omitempty"`
	Attempt    *healer.Attempt    `json:"attempt,omitempty"`
	Approval   *healer.Approval   `json:"approval,omitempty"`
	Control    *healer.Control    `json:"control,omitempty"`
	Status     *Status            `json:"status,omitempty"`
	Baselines  []healer.Baseline  `json:"baselines,omitempty"`
	Dropped    int                `json:"dropped,omitempty"` // transitions that the client was too slow for
	Error      *failure           `json:"error,omitempty"`
}

// failure carries an error so that the other side can branch on it.
type failure struct {
	Code    string          `json:"code"` // not_found, refused, unreachable, usage, failed
	Message string          `json:"message"`
	Refusal *healer.Refusal `json:"refusal,omitempty"`
}

// fail makes a failure of an error.
func fail(err error) *failure {
	f := &failure{Code: "failed", Message: err.Error()}
	switch {
	case errors.As(err, &f.Refusal):
		f.Code = "refused"
	case errors.Is(err, healer.ErrNotFound):
		f.Code = "not_found"
	case healer.IsConnection(err):
		f.Code = "unreachable"
	}
	return f
}

// status is the HTTP status of a failure that came before any transition.
func (f *failure) status() int {
	switch f.Code {
	case "not_found":
		return http.StatusNotFound
	case "refused":
		return http.StatusConflict
	case "usage":
		return http.StatusBadRequest
	case "unreachable":
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}

// remote is a failure on this side: an error that wraps what the daemon had.
type remote struct {
	text  string
	cause error
}

func (r *remote) Error() string { return r.text }
func (r *remote) Unwrap() error { return r.cause }

// err makes an error of a failure again.
func (f *failure) err() error {
	switch f.Code {
	case "refused":
		return &remote{f.Message, f.Refusal}
	case "not_found":
		return &remote{f.Message, healer.ErrNotFound}
	case "unreachable":
		return &remote{f.Message, &healer.DatabaseError{Message: f.Message}}
	}
	return errors.New(f.Message)
}
