package disposable

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options say how a server starts. The zero value but for the binaries works.
type Options struct {
	Binaries Binaries
	Settings map[string]string // of postgresql.conf, over the defaults
	Durable  bool              // fsync: a test that kills the server needs it
	// Language is what the server speaks where lc_messages is not C: de, fr, …
	// It needs a build with NLS, and no locale but C.UTF-8.
	Language string
	// Primary makes it a standby of a server that runs, which is restarted for
	// it: what it has is copied while it stands still.
	Primary *Server
}

// Server is a PostgreSQL server of our own.
type Server struct {
	Binaries
	dir      string // of everything it has
	conf     []string
	language string
	as       *account
	proc     *process
}

// process is one run of the postmaster.
type process struct {
	pid  int
	done chan struct{} // closed when it ended
	err  error
}

// startTime bounds how long a server may take to start or to stop.
const startTime = 60 * time.Second

// Start makes a database cluster and starts a server on it.
func Start(ctx context.Context, o Options) (s *Server, err error) {
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	s = &Server{Binaries: o.Binaries, language: o.Language, as: as}
	if s.dir, err = as.folder(); err != nil {
		return nil, err
	}
	made := s
	defer func() {
		if err != nil {
			err = errors.Join(err, made.Stop(context.WithoutCancel(ctx)))
		}
	}()
	if o.Primary != nil {
		err = s.follow(ctx, o.Primary)
	} else {
		err = s.fill(ctx)
	}
	if err != nil {
		return nil, err
	}
	settings := map[string]string{
		"listen_addresses": "", "unix_socket_directories": s.dir, "max_connections": "60",
		"shared_buffers": "16MB", "lc_messages": "C", "timezone": "UTC", "log_timezone": "UTC",
		"max_prepared_transactions": "20", "wal_level": "logical",
	}
	if !o.Durable {
		settings["fsync"], settings["full_page_writes"], settings["synchronous_commit"] = "off", "off", "off"
	}
	for k, v := range o.Settings {
		settings[k] = v
	}
	if o.Primary != nil {
		settings["primary_conninfo"] = o.Primary.ConnString("postgres", "postgres")
	}
	for k, v := range settings {
		s.conf = append(s.conf, "-c", k+"="+v)
	}
	return s, s.Restart(ctx)
}

// follow makes a copy of a primary its standby, without the primary's logs, and
// starts the primary again.
func (s *Server) follow(ctx context.Context, primary *Server) error {
	if err := primary.end(ctx, syscall.SIGINT); err != nil {
		return err
	}
	if err := s.run(ctx, "cp", "-a", primary.DataDir(), s.DataDir()); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(s.DataDir(), "log")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.DataDir(), "standby.signal"), nil, 0o644); err != nil { //nolint:gosec // the server's account reads it
		return err
	}
	return primary.Restart(ctx)
}

// DataDir is the server's data directory.
func (s *Server) DataDir() string { return filepath.Join(s.dir, "data") }

// PID is the postmaster's process.
func (s *Server) PID() int { return s.proc.pid }

// ConnString returns how to connect to a database as a role, in libpq's form.
func (s *Server) ConnString(database, role string) string {
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	return fmt.Sprintf("host='%s' port=5432 dbname='%s' user='%s' sslmode=disable",
		quote.Replace(s.dir), quote.Replace(database), quote.Replace(role))
}

// Restart starts the server, after stopping it where it runs.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.end(ctx, syscall.SIGINT); err != nil {
		return err
	}
	// What a killed server left behind may take a moment to notice and to end.
	for deadline := time.Now().Add(startTime); ; time.Sleep(50 * time.Millisecond) {
		err := s.start(ctx)
		if err == nil || !errors.Is(err, errInUse) || time.Now().After(deadline) {
			return err
		}
	}
}

// errInUse says that processes of an earlier run still have its memory.
var errInUse = errors.New("processes of its last run are still at work")

func (s *Server) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "server.out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(s.Dir, "postgres"), append([]string{"-D", s.DataDir()}, s.conf...)...) //nolint:gosec // our own arguments
	cmd.Stdout, cmd.Stderr = log, log
	s.as.drop(cmd)
	cmd.Env = append(cmd.Env, "LANGUAGE="+s.language)
	// With the process that started it, however that ends, it shuts down at
	// once. A process group of its own keeps a terminal's ^C away from it.
	cmd.SysProcAttr.Pdeathsig, cmd.SysProcAttr.Setpgid = syscall.SIGQUIT, true
	if s.proc, err = run(cmd); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	return s.ready(ctx)
}

// run starts a command and waits for it on one thread that stays: the
// kernel sends the death signal when the thread that forked ends.
func run(cmd *exec.Cmd) (*process, error) {
	p := &process{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p.pid = cmd.Process.Pid
	return p, nil
}

// ready waits until the server says that it takes connections: the eighth
// line of postmaster.pid. The first says whose file it is: one that was killed
// leaves its own.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		text, err := os.ReadFile(filepath.Join(s.DataDir(), "postmaster.pid"))
		lines := strings.Split(string(text), "\n")
		if err == nil && len(lines) > 7 && lines[0] == strconv.Itoa(s.proc.pid) && strings.TrimSpace(lines[7]) == "ready" {
			return nil
		}
		select {
		case <-s.proc.done:
			said, cause := s.output(), s.proc.err
			if strings.Contains(said, "old server processes associated with data directory") {
				cause = errInUse
			}
			return fmt.Errorf("PostgreSQL ended at its start: %w: %s", cause, said)
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not get ready: %w: %s", ctx.Err(), s.output())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) output() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "server.out"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// Kill9 kills the postmaster and its children at once, as a crash would.
func (s *Server) Kill9(ctx context.Context) error {
	return s.end(ctx, syscall.SIGKILL)
}

// Stop shuts the server down and removes everything it had.
func (s *Server) Stop(ctx context.Context) error {
	err := s.end(ctx, syscall.SIGINT)
	if err != nil {
		err = errors.Join(err, s.end(ctx, syscall.SIGQUIT))
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// end sends the postmaster a signal and waits for its end.
func (s *Server) end(ctx context.Context, signal syscall.Signal) error {
	if s.proc == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := syscall.Kill(s.proc.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	select {
	case <-s.proc.done:
		s.proc = nil
		return nil
	case <-ctx.Done():
		return fmt.Errorf("PostgreSQL did not end: %w", ctx.Err())
	}
}
