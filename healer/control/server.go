package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pgmend/pgmend/healer"
)

// Config says what a server serves and where.
type Config struct {
	Path    string // of the socket
	Group   string // that may connect; "": the process's own
	Repairs Repairs
	Answers Answers
	Brake   Brake
	Health  Health
}

// Server serves the socket.
type Server struct{ cfg Config }

// NewServer returns a server; Run starts it.
func NewServer(c Config) *Server { return &Server{cfg: c} }

// The limits of a request.
const (
	maxBody     = 1 << 20
	headTime    = 5 * time.Second
	stopTime    = 5 * time.Second
	socketMode  = 0o660
	runtimeMode = 0o755
)

// Run serves until the context ends. A request at work then sees its own
// context end, and is answered.
func (s *Server) Run(ctx context.Context) error {
	l, err := listen(s.cfg.Path, s.cfg.Group)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: headTime, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, peer(c))
		},
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("the control socket: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err = server.Shutdown(stop)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// listen makes the socket. A file that nobody listens on is left from a
// process that was killed, and is replaced.
func listen(path, group string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), runtimeMode); err != nil {
		return nil, fmt.Errorf("the control socket: %w", err)
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("the control socket %s is served by another process", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("the control socket: %w", err)
		}
	}
	// Nobody may connect between bind and chmod.
	old := unix.Umask(0o177)
	l, err := net.Listen("unix", path)
	unix.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("the control socket: %w", err)
	}
	err = owned(path, group)
	if err == nil {
		err = os.Chmod(path, socketMode)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the control socket: %w", err), l.Close())
	}
	return l, nil
}

func owned(path, group string) error {
	if group == "" {
		return nil
	}
	g, err := user.LookupGroup(group)
	var unknown user.UnknownGroupError
	if errors.As(err, &unknown) {
		return nil // no such group on this host: the socket stays the daemon's own
	}
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(g.Gid)
	if err != nil {
		return err
	}
	return os.Chown(path, -1, gid)
}

type peerKey struct{}

// peer asks the kernel who is at the other end.
func peer(c net.Conn) string {
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return "unknown"
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return "unknown"
	}
	who := "unknown"
	err = raw.Control(func(fd uintptr) {
		cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return
		}
		who = fmt.Sprintf("uid %d", cred.Uid)
		if u, err := user.LookupId(strconv.Itoa(int(cred.Uid))); err == nil {
			who = fmt.Sprintf("%s (uid %d)", u.Username, cred.Uid)
		}
	})
	if err != nil {
		return "unknown"
	}
	return who
}

func actor(ctx context.Context) string {
	who, _ := ctx.Value(peerKey{}).(string)
	return who
}

// stream writes an answer line by line, each as soon as it is known. It is
// the observer of a run, too: a client that went away stops nothing.
type stream struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	flusher *http.ResponseController
	begun   bool
}

func newStream(w http.ResponseWriter) *stream {
	return &stream{w: w, flusher: http.NewResponseController(w)}
}

// Observe implements healer.Observer.
func (s *stream) Observe(_ context.Context, t healer.Transition) { s.send(message{Transition: &t}) }

func (s *stream) send(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", "application/x-ndjson")
		if m.Error != nil {
			s.w.WriteHeader(m.Error.status())
		}
	}
	_ = json.NewEncoder(s.w).Encode(m)
	_ = s.flusher.Flush()
}

// end sends what came of a request.
func (s *stream) end(m message, err error) {
	if err != nil {
		m.Error = fail(err)
	}
	s.send(m)
}
