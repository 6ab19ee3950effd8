package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/pgmend/pgmend/parser"
)

// Config says how the child is started. The zero value but for the command
// works.
type Config struct {
	Command  []string      // its program and arguments
	Env      []string      // all of its environment; none is best
	Deadline time.Duration // of one batch; 0: 5 s
	Cache    int           // statements that are kept; 0: 4096
}

// Pool parses in a child process, which it starts when it is needed and again
// when it died. Its methods may be called from any goroutine.
type Pool struct {
	cfg   Config
	cache *lru.Cache[string, []parser.Statement] // by masked text, never by fingerprint

	mu    sync.Mutex
	child *child
	kills int
}

// child is a running process and our ends of its pipes.
type child struct {
	cmd     *exec.Cmd
	in, out *os.File
}

// New returns a pool; Close ends its child.
func New(c Config) (*Pool, error) {
	if len(c.Command) == 0 {
		return nil, errors.New("the worker needs a command")
	}
	if c.Deadline <= 0 {
		c.Deadline = 5 * time.Second
	}
	if c.Cache <= 0 {
		c.Cache = 4096
	}
	cache, err := lru.New[string, []parser.Statement](c.Cache)
	if err != nil {
		return nil, err
	}
	return &Pool{cfg: c, cache: cache}, nil
}

// Parse parses texts, in their order. A text that kills the parser is
// approximated and costs the others nothing; an error says that the child
// cannot be started at all, or that the context ended.
func (p *Pool) Parse(ctx context.Context, texts []string) ([][]parser.Statement, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([][]parser.Statement, len(texts))
	var missing []string
	var places []int
	for i, text := range texts {
		text = parser.Mask(text)
		if known, ok := p.cache.Get(text); ok {
			out[i] = known
			continue
		}
		missing, places = append(missing, text), append(places, i)
	}
	if len(missing) == 0 {
		return out, ctx.Err()
	}
	answers, err := p.ask(ctx, missing)
	switch {
	case err == nil:
	case ended(ctx) != nil:
		err = ended(ctx)
	case len(missing) > 1:
		answers, err = p.oneByOne(ctx, missing)
	default:
		answers, err = [][]parser.Statement{p.quarantine(missing[0])}, nil
	}
	if err != nil {
		return nil, err
	}
	for k, i := range places {
		out[i] = answers[k]
		p.cache.Add(missing[k], answers[k])
	}
	return out, nil
}

// ended is the context's error, also in the moment between its deadline and
// its end.
func ended(ctx context.Context) error {
	if d, ok := ctx.Deadline(); ok && !time.Now().Before(d) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// oneByOne finds out which text of a batch killed the child.
func (p *Pool) oneByOne(ctx context.Context, texts []string) ([][]parser.Statement, error) {
	out := make([][]parser.Statement, len(texts))
	for i, text := range texts {
		answer, err := p.ask(ctx, []string{text})
		switch {
		case err != nil && ended(ctx) != nil:
			return nil, ended(ctx)
		case err != nil:
			out[i] = p.quarantine(text)
		default:
			out[i] = answer[0]
		}
	}
	return out, nil
}

// quarantine approximates a text that killed the parser; the cache keeps the
// answer, so it is not sent again.
func (p *Pool) quarantine(text string) []parser.Statement {
	p.kills++
	s := parser.Approximate(text)
	s.Err = "the parser died of this statement"
	return []parser.Statement{s}
}

// Kills is how many statements killed the parser.
func (p *Pool) Kills() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kills
}

// ask sends one batch. After an error the child is gone.
func (p *Pool) ask(ctx context.Context, texts []string) (answer [][]parser.Statement, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.child == nil {
		if p.child, err = p.start(); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			p.end()
		}
	}()
	deadline := time.Now().Add(p.cfg.Deadline)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	c := p.child
	if err := errors.Join(c.in.SetDeadline(deadline), c.out.SetDeadline(deadline)); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() {
		// Errors here are of pipes that are closed already.
		_, _ = c.in.SetDeadline(time.Unix(1, 0)), c.out.SetDeadline(time.Unix(1, 0))
	})
	defer stop()
	if err := send(p.child.in, texts); err != nil {
		return nil, err
	}
	if err := receive(p.child.out, &answer); err != nil {
		return nil, err
	}
	if len(answer) != len(texts) {
		return nil, fmt.Errorf("the worker answered %d of %d statements", len(answer), len(texts))
	}
	return answer, nil
}

func (p *Pool) start() (*child, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirIn.Close(), in.Close())
	}
	cmd := exec.Command(p.cfg.Command[0], p.cfg.Command[1:]...)
	// What a dying parser prints may quote the statement, so nobody reads it.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirIn, theirOut, nil
	cmd.Env = append([]string{"GOTRACEBACK=none"}, p.cfg.Env...)
	cmd.Dir = "/"
	// A signal to the daemon's group is the daemon's to handle.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	err = errors.Join(err, theirIn.Close(), theirOut.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the parser's process: %w", err), in.Close(), out.Close())
	}
	return &child{cmd: cmd, in: in, out: out}, nil
}

// end kills the child and waits for it.
func (p *Pool) end() {
	if p.child == nil {
		return
	}
	// Errors here are of a process and of pipes that are gone already.
	_ = p.child.in.Close()
	_ = p.child.out.Close()
	_ = p.child.cmd.Process.Kill()
	_ = p.child.cmd.Wait()
	p.child = nil
}

// Close ends the child.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}
