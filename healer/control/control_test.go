package control

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pgmend/pgmend/healer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is a healer that tells what it was asked and fails as it is told.
type service struct {
	options healer.Options
	actor   string
	err     error
	waits   chan struct{} // Heal waits for its context, and closes it
}

func (s *service) Plan(_ context.Context, o healer.Options, _ healer.Observer) (healer.Result, error) {
	s.options = o
	return healer.Result{Plans: []healer.Planned{{Plan: healer.Plan{ID: "P1"}}}}, s.err
}

func (s *service) Heal(ctx context.Context, o healer.Options, obs healer.Observer) (healer.Result, error) {
	s.options = o
	obs.Observe(ctx, healer.Transition{Action: healer.RepairVerified, Message: "line\nbreak"})
	if s.waits != nil {
		<-ctx.Done()
		close(s.waits)
	}
	return healer.Result{Repairs: []healer.Attempt{{ID: "A1", Verified: true}}}, s.err
}

func (s *service) Undo(_ context.Context, id string, o healer.Options, _ healer.Observer) (healer.Attempt, error) {
	s.options = o
	return healer.Attempt{ID: "U", UndoOf: id}, s.err
}

func (s *service) Answer(_ context.Context, plan string, yes bool, actor string) (healer.Approval, error) {
	s.actor = actor
	return healer.Approval{Plan: plan, Approved: yes}, s.err
}
func (s *service) Mute(context.Context, string, bool, string) error { return s.err }
func (s *service) Pause(_ context.Context, d time.Duration, actor string) (healer.Control, error) {
	return healer.Control{Paused: true, Actor: actor, Until: time.Unix(int64(d/time.Second), 0)}, s.err
}
func (s *service) Resume(context.Context, string) (healer.Control, error) {
	return healer.Control{}, s.err
}
func (s *service) Status(context.Context) (Status, error) { return Status{Mode: "observe"}, s.err }

// serve runs a server and returns a client of it.
func serve(t *testing.T, s *service) (*Client, string) {
	t.Helper()
	path := serveAll(t, Config{Repairs: s, Answers: s, Brake: s, Health: s}, privately(t))
	c, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return c, path
}

// privately listens in a folder of the test's.
func privately(t *testing.T) net.Listener {
	t.Helper()
	return listen(t, filepath.Join(t.TempDir(), "run", "control.sock"), "")
}

func listen(t *testing.T, path, group string) net.Listener {
	t.Helper()
	l, err := Listen(t.Context(), path, group)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serveAll runs a server until the test ends, and returns its path.
func serveAll(t *testing.T, c Config, l net.Listener) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- NewServer(c).Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

type list []healer.Transition

func (l *list) Observe(_ context.Context, t healer.Transition) { *l = append(*l, t) }

func TestHealStreamsAndTheActorIsTheKernels(t *testing.T) {
	s := &service{}
	c, _ := serve(t, s)
	var seen list
	r, err := c.Heal(t.Context(), healer.Options{Actor: "somebody else", Rules: []string{"index/*"}}, &seen)
	if err != nil || len(r.Repairs) != 1 || len(seen) != 1 || seen[0].Message != "line\nbreak" {
		t.Errorf("%v, %v, %v", r, seen, err)
	}
	if !strings.Contains(s.options.Actor, "uid") || !s.options.Person || s.options.Rules[0] != "index/*" {
		t.Errorf("options = %+v", s.options)
	}
	if _, err := c.Answer(t.Context(), "P1", true, "somebody else"); err != nil || !strings.Contains(s.actor, "uid") {
		t.Errorf("actor %q, %v", s.actor, err)
	}
}

func TestErrorsKeepTheirKind(t *testing.T) {
	s := &service{}
	c, _ := serve(t, s)
	s.err = &healer.Refusal{Guard: "paused", Reason: "by me"}
	var refusal *healer.Refusal
	if _, err := c.Plan(t.Context(), healer.Options{}, nil); !errors.As(err, &refusal) || refusal.Guard != "paused" {
		t.Errorf("refused: %v", err)
	}
	s.err = healer.ErrNotFound
	if _, err := c.Undo(t.Context(), "A1", healer.Options{}, nil); !errors.Is(err, healer.ErrNotFound) {
		t.Errorf("not found: %v", err)
	}
	s.err = &healer.DatabaseError{Message: "down"}
	if _, err := c.Plan(t.Context(), healer.Options{}, nil); !healer.IsConnection(err) {
		t.Errorf("unreachable: %v", err)
	}
	s.err = errors.New("else")
	if err := c.Mute(t.Context(), "F1", false, ""); err == nil || err.Error() != "else" {
		t.Errorf("else: %v", err)
	}
}

func TestAClientThatGoesAwayEndsItsRequest(t *testing.T) {
	s := &service{waits: make(chan struct{})}
	c, _ := serve(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	var seen list
	done := make(chan error)
	go func() {
		_, err := c.Heal(ctx, healer.Options{}, observer(func(healer.Transition) { cancel() }))
		done <- err
	}()
	if err := <-done; err == nil {
		t.Error("the request went on")
	}
	select {
	case <-s.waits:
	case <-time.After(5 * time.Second):
		t.Error("the daemon did not see it", seen)
	}
}

type observer func(healer.Transition)

func (o observer) Observe(_ context.Context, t healer.Transition) { o(t) }

func TestBadRequestsAreRefused(t *testing.T) {
	_, path := serve(t, &service{})
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", path)
	}}}
	for _, body := range []string{"", "{", `{"options":{"unknown":1}}`, `{"options":{}} {}`, `{"options":{}} x`, `{"options":` + strings.Repeat(" ", maxBody+1000)} {
		res, err := client.Post("http://pgmend/v1/heal", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var m message
		if err := json.NewDecoder(res.Body).Decode(&m); err != nil || m.Error == nil || m.Error.Code != "usage" || res.StatusCode != http.StatusBadRequest {
			t.Errorf("%.40q: %d %+v %v", body, res.StatusCode, m, err)
		}
		_ = res.Body.Close()
	}
}

func TestTheSocketIsPrivateAndAStaleOneIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if _, err := Listen(t.Context(), path, ""); err == nil {
		t.Error("a socket that is served was taken over")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Listen(t.Context(), path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != socketMode {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := Dial(t.Context(), path+".none"); !errors.Is(err, ErrNoDaemon) {
		t.Errorf("err = %v", err)
	}
}
