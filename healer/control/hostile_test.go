package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pgmend/pgmend/healer"
)

// chatty is a healer with much to tell.
type chatty struct {
	service
	told chan struct{} // closed when Heal has told everything
}

func (c *chatty) Heal(ctx context.Context, _ healer.Options, obs healer.Observer) (healer.Result, error) {
	defer close(c.told)
	for range 5000 {
		obs.Observe(ctx, healer.Transition{Action: healer.StepFinished, Message: strings.Repeat("x", 1000)})
	}
	return healer.Result{}, nil
}

// A client that reads nothing, as one stopped with Ctrl-Z, holds up no repair:
// locks may be held while a transition is told.
func TestAClientThatDoesNotReadStopsNothing(t *testing.T) {
	s := &chatty{told: make(chan struct{})}
	path := serveAll(t, Config{Repairs: s, Answers: s, Brake: s, Health: s, lineTime: 100 * time.Millisecond}, privately(t))
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"options":{}}`
	if _, err := fmt.Fprintf(conn, "POST /v1/heal HTTP/1.1\r\nHost: pgmend\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.told:
	case <-time.After(5 * time.Second):
		t.Error("the repair waits for its client")
	}
}

// A client that begins a request and never ends it does not keep a connection
// for good.
func TestASlowBodyIsGivenUp(t *testing.T) {
	s := &service{}
	path := serveAll(t, Config{Repairs: s, Answers: s, Brake: s, Health: s, bodyTime: 50 * time.Millisecond}, privately(t))
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v1/heal HTTP/1.1\r\nHost: pgmend\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400") {
		t.Errorf("%q, %v", answer, err)
	}
}

// A socket whose daemon is too busy to answer is not a stale one.
func TestABusySocketIsNotTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	for range 10 { // nobody accepts them: the queue is full
		c, err := net.DialTimeout("unix", path, 50*time.Millisecond)
		if err != nil {
			break
		}
		defer c.Close()
	}
	if l, err := Listen(t.Context(), path, ""); err == nil {
		_ = l.Close()
		t.Error("a socket that is served was taken over")
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the socket is gone: %v", err)
	}
}

func TestAFileThatIsNoSocketStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), path, ""); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("err = %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != "mine" { //nolint:gosec // in the test's own directory
		t.Errorf("%q, %v", b, err)
	}
}

// Members of the group may ask, others may not, and the kernel says who asked.
func TestOtherUsers(t *testing.T) {
	if path := os.Getenv("PGMEND_CONTROL_PEER"); path != "" {
		c, err := Dial(t.Context(), path)
		if errors.Is(err, syscall.EACCES) {
			fmt.Println("refused")
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		paused, err := c.Pause(t.Context(), 0, "root (uid 0)")
		fmt.Println("actor", paused.Actor, err)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	dir, err := os.MkdirTemp("/tmp", "pgmend-control")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // others must reach the socket
		t.Fatal(err)
	}
	exe := filepath.Join(dir, "peer.test")
	b, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(exe, b, 0o755) //nolint:gosec // another user runs it
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &service{}
	path := serveAll(t, Config{Repairs: s, Answers: s, Brake: s, Health: s}, listen(t, filepath.Join(dir, "run", "control.sock"), "daemon"))
	for _, c := range []struct {
		uid, gid uint32
		want     string
	}{
		{65534, 1, "actor nobody (uid 65534) <nil>"}, // in the group daemon
		{65534, 65534, "refused"},
		{54321, 1, "actor uid 54321 <nil>"}, // has no name
	} {
		child := exec.Command(exe, "-test.run=^TestOtherUsers$") //nolint:gosec // this test itself
		child.Dir, child.Env = "/", append(os.Environ(), "PGMEND_CONTROL_PEER="+path)
		child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.gid}}
		if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), c.want+"\n") {
			t.Errorf("uid %d, gid %d: %v: %s", c.uid, c.gid, err, out)
		}
	}
}

// Connections that end anywhere in a request leave nothing behind and disturb
// nobody else; goleak holds the first half.
func TestAbruptDisconnects(t *testing.T) {
	s := &service{}
	path := serveAll(t, Config{Repairs: s, Answers: s, Brake: s, Health: s}, privately(t))
	request := "POST /v1/heal HTTP/1.1\r\nHost: pgmend\r\nContent-Length: 14\r\n\r\n" + `{"options":{}}`
	for n := range len(request) + 1 {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, request[:n]); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := c.Status(t.Context()); err != nil || st.Mode != "observe" {
		t.Errorf("%v, %v", st, err)
	}
}

// One connection serves several requests, also after a stream with deadlines.
func TestAConnectionIsUsedAgain(t *testing.T) {
	s := &service{}
	path := serveAll(t, Config{Repairs: s, Answers: s, Brake: s, Health: s, bodyTime: 20 * time.Millisecond, lineTime: 20 * time.Millisecond}, privately(t))
	dials := 0
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		dials++
		return net.Dial("unix", path)
	}}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport}
	for range 3 {
		res, err := client.Post("http://pgmend/v1/heal", "application/json", strings.NewReader(`{"options":{}}`))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		if err != nil || strings.Count(string(b), "\n") != 2 {
			t.Errorf("%q, %v", b, err)
		}
		_ = res.Body.Close()
		<-time.After(40 * time.Millisecond) // past the deadlines, which the kernel's clock decides
	}
	if dials != 1 {
		t.Errorf("%d connections", dials)
	}
}
