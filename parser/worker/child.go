package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is a running process and our ends of its pipes.
type child struct {
	cmd     *exec.Cmd
	in, out *os.File
}

var errStart = errors.New("start the parser's process")

// startDeadline bounds how long a child may take until it can be used, and to
// take in a batch. A machine that is busy starts processes slowly.
const startDeadline = 30 * time.Second

// start starts a child and waits until it serves.
func (p *Pool) start(ctx context.Context) (*child, error) {
	c, err := launch(p.cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStart, err)
	}
	stop := context.AfterFunc(ctx, c.expire)
	defer stop()
	var hello string
	if err = c.within(ctx, startDeadline); err == nil {
		err = receive(c.out, &hello)
	}
	if err == nil && hello != greeting {
		err = errors.New("it does not greet as one")
	}
	if err != nil {
		c.end()
		return nil, fmt.Errorf("%w: %w", errStart, err)
	}
	return c, nil
}

func launch(cfg Config) (*child, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirIn.Close(), in.Close())
	}
	cmd := exec.Command(cfg.Command[0], cfg.Command[1:]...)
	// What a dying parser prints nobody reads.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirIn, theirOut, nil
	cmd.Env = environment(cfg.Env)
	cmd.Dir = "/"
	// A signal to the daemon's group is the daemon's to handle.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = errors.Join(confined(cmd.Start), theirIn.Close(), theirOut.Close())
	if err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	return &child{cmd: cmd, in: in, out: out}, nil
}

// confined runs start on a thread of its own that cannot gain rights, which a
// process begun there cannot either. The thread ends with the goroutine that
// it is locked to, so nothing else of this process is bound by it. Without it
// the child confines itself, and begins once more for that.
func confined(start func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		// An error of it is one that the child meets too, and says.
		_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		done <- start()
	}()
	return <-done
}

// environment is all that a child's holds. What a dying one would print may
// quote the statement, so it prints nothing.
func environment(more []string) []string { return append([]string{"GOTRACEBACK=none"}, more...) }

// within bounds what is written and read next.
func (c *child) within(ctx context.Context, d time.Duration) error {
	deadline := time.Now().Add(d)
	if end, ok := ctx.Deadline(); ok && end.Before(deadline) {
		deadline = end
	}
	err := errors.Join(c.in.SetDeadline(deadline), c.out.SetDeadline(deadline))
	if ctx.Err() != nil { // it ended before the deadline was set, which undid the end
		c.expire()
	}
	return err
}

// expire ends what waits for the child.
func (c *child) expire() {
	// Errors here are of pipes that are closed already.
	_, _ = c.in.SetDeadline(time.Unix(1, 0)), c.out.SetDeadline(time.Unix(1, 0))
}

// died says what happened when no answer came.
func (c *child) died(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlow
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return errDied
	}
	// It closed its end by exiting, so its exit code is there or about to be.
	_ = c.cmd.Wait()
	if state := c.cmd.ProcessState; state != nil && state.ExitCode() == exitSlow {
		return errSlow
	}
	return errDied
}

// end kills the child and waits for it.
func (c *child) end() {
	// Errors here are of a process and of pipes that are gone already.
	_ = c.in.Close()
	_ = c.out.Close()
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

func (p *Pool) end() {
	if p.child != nil {
		p.child.end()
		p.child = nil
	}
}
