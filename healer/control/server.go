package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Config says what a server serves.
type Config struct {
	Repairs Repairs
	Answers Answers
	Brake   Brake
	Health  Health
	Alerts  Alerts // nil: there is none to test

	Baselines Baselines // nil: none are kept

	bodyTime, lineTime time.Duration // 0: the defaults below; tests shorten them
}

// Server serves the socket.
type Server struct{ cfg Config }

// NewServer returns a server; Run starts it.
func NewServer(c Config) *Server {
	c.bodyTime, c.lineTime = cmp.Or(c.bodyTime, bodyTime), cmp.Or(c.lineTime, lineTime)
	return &Server{cfg: c}
}

// The limits of a request.
const (
	maxBody     = 1 << 20
	headTime    = 5 * time.Second
	bodyTime    = 5 * time.Second  // to send the whole body
	lineTime    = 5 * time.Second  // to take one line of the answer
	idleTime    = time.Minute      // between two requests
	webTime     = 30 * time.Second // to answer for what only looks
	stopTime    = 5 * time.Second
	socketMode  = 0o660
	runtimeMode = 0o755
)

// Run serves until the context ends. A request at work then sees its own
// context end, and is answered.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: headTime, IdleTimeout: idleTime, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, peer(c))
		},
	}
	return serveUntil(ctx, "the control socket", l, server)
}

// Listen makes a socket that the group may connect to. A file that nobody
// listens on is left from a process that was killed, and is replaced.
func Listen(ctx context.Context, path, group string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), runtimeMode); err != nil {
		return nil, fmt.Errorf("the control socket: %w", err)
	}
	if err := vacate(path); err != nil {
		return nil, err
	}
	l, err := bind(ctx, path)
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

// vacate removes a stale socket. Only a refused connection proves that nobody
// listens: a busy daemon answers with EAGAIN or not at all.
func vacate(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("the control socket: %w", err)
	case info.Mode()&os.ModeSocket == 0:
		return fmt.Errorf("the control socket %s: the file is there and not a socket; move it away", path)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = c.Close()
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return fmt.Errorf("the control socket %s is served by another process", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the control socket: %w", err)
	}
	return nil
}

// bind makes the file with no right for anybody else: Linux takes its mode
// from the descriptor (unix(7)), so nobody may connect before owned and chmod,
// and the umask, which is the whole process's, stays as it is.
func bind(ctx context.Context, path string) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) { failed = unix.Fchmod(int(fd), 0o600) })
		return errors.Join(err, failed)
	}}
	return config.Listen(ctx, "unix", path)
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
