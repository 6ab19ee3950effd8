package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// ErrNoDaemon says that nobody serves the socket.
var ErrNoDaemon = errors.New("no daemon answers on the control socket")

// Client asks a daemon. Its methods are those of the services the server has.
type Client struct {
	http *http.Client
	path string
}

var (
	_ Repairs = (*Client)(nil)
	_ Answers = (*Client)(nil)
	_ Brake   = (*Client)(nil)
	_ Health  = (*Client)(nil)
	_ Alerts  = (*Client)(nil)

	_ Baselines = (*Client)(nil)
)

// Dial returns a client for a socket, after the daemon answered.
func Dial(ctx context.Context, path string) (*Client, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", path)
	}
	conn, err := dial(ctx, "", "")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDaemon, err)
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	return &Client{http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}, path: path}, nil
}

// ask sends a request and reads the answer to its end. When the context ends
// the daemon sees it, and stops between two statements.
func (c *Client) ask(ctx context.Context, method, path string, body any, obs healer.Observer) (message, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return message{}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://pgmend"+path, bytes.NewReader(text))
	if err != nil {
		return message{}, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return message{}, fmt.Errorf("ask the daemon: %w", err)
	}
	defer res.Body.Close()
	lines := json.NewDecoder(res.Body)
	for {
		var m message
		if err := lines.Decode(&m); err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("it went away")
			}
			return message{}, fmt.Errorf("the daemon's answer: %w", err)
		}
		if m.Transition != nil {
			if obs != nil {
				obs.Observe(ctx, *m.Transition)
			}
			continue
		}
		if m.Error != nil {
			return m, m.Error.err()
		}
		return m, nil
	}
}

// Plan says what would run.
func (c *Client) Plan(ctx context.Context, o healer.Options, obs healer.Observer) (healer.Result, error) {
	return c.run(ctx, "/v1/plan", o, obs)
}

// Heal heals once what policy allows.
func (c *Client) Heal(ctx context.Context, o healer.Options, obs healer.Observer) (healer.Result, error) {
	return c.run(ctx, "/v1/heal", o, obs)
}

func (c *Client) run(ctx context.Context, path string, o healer.Options, obs healer.Observer) (healer.Result, error) {
	m, err := c.ask(ctx, http.MethodPost, path, optionsRequest{o}, obs)
	if m.Result == nil {
		m.Result = new(healer.Result)
	}
	return *m.Result, err
}

// Undo takes a repair back.
func (c *Client) Undo(ctx context.Context, attempt string, o healer.Options, obs healer.Observer) (healer.Attempt, error) {
	m, err := c.ask(ctx, http.MethodPost, "/v1/undo", undoRequest{attempt, o}, obs)
	if m.Attempt == nil {
		m.Attempt = new(healer.Attempt)
	}
	return *m.Attempt, err
}

// Answer records a yes or no to a plan. The actor is whom the kernel names.
func (c *Client) Answer(ctx context.Context, plan string, yes bool, _ string) (healer.Approval, error) {
	m, err := c.ask(ctx, http.MethodPost, "/v1/answer", answerRequest{plan, yes}, nil)
	if m.Approval == nil {
		m.Approval = new(healer.Approval)
	}
	return *m.Approval, err
}

// Mute stops acting on a finding or, with off, lets it be acted on again.
func (c *Client) Mute(ctx context.Context, finding string, off bool, _ string) error {
	_, err := c.ask(ctx, http.MethodPost, "/v1/mute", muteRequest{finding, off}, nil)
	return err
}

// Pause stops all repairs.
func (c *Client) Pause(ctx context.Context, length time.Duration, _ string) (healer.Control, error) {
	return c.brake(ctx, "/v1/pause", pauseRequest{length})
}

// Resume lets repairs run again.
func (c *Client) Resume(ctx context.Context, _ string) (healer.Control, error) {
	return c.brake(ctx, "/v1/resume", struct{}{})
}

func (c *Client) brake(ctx context.Context, path string, body any) (healer.Control, error) {
	m, err := c.ask(ctx, http.MethodPost, path, body, nil)
	if m.Control == nil {
		m.Control = new(healer.Control)
	}
	return *m.Control, err
}

// Test lets the daemon write an event that did not happen.
func (c *Client) Test(ctx context.Context, code, _ string) error {
	_, err := c.ask(ctx, http.MethodPost, "/v1/alert", alertRequest{code}, nil)
	return err
}

// Capture lets the daemon keep the schema of a database as it is now.
func (c *Client) Capture(ctx context.Context, database, _ string) ([]healer.Baseline, error) {
	m, err := c.ask(ctx, http.MethodPost, "/v1/baseline/capture", captureRequest{database}, nil)
	return m.Baselines, err
}

// Approve lets what was captured be what the databases have to have.
func (c *Client) Approve(ctx context.Context, hash, _ string) ([]healer.Baseline, error) {
	m, err := c.ask(ctx, http.MethodPost, "/v1/baseline/approve", approveRequest{hash}, nil)
	return m.Baselines, err
}

// Status asks how the daemon is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	m, err := c.ask(ctx, http.MethodGet, "/v1/status", struct{}{}, nil)
	if m.Status == nil {
		m.Status = new(Status)
	}
	return *m.Status, err
}
