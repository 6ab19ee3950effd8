package worker

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/pgmend/pgmend/parser"
)

// Config says how the child is started. The zero value but for the command
// works.
type Config struct {
	Command  []string      // its program and arguments
	Env      []string      // all of its environment; none is best
	Deadline time.Duration // of one statement, beside its 2 s of processor time; 0: 10 s
	Cache    int           // statements that are kept; 0: 4096
}

// Pool parses in a child process, which it starts when it is needed and again
// when it died. Its methods may be called from any goroutine.
type Pool struct {
	cfg     Config
	cache   *parser.Cache                        // by masked text, never by fingerprint
	killers *lru.Cache[[sha256.Size]byte, error] // texts that killed the parser, and how

	mu     sync.Mutex
	child  *child
	kills  int
	closed bool
}

// maxKillers bounds how many texts that killed the parser are remembered.
const maxKillers = 4096

// New returns a pool; Close ends its child.
func New(c Config) (*Pool, error) {
	if len(c.Command) == 0 {
		return nil, errors.New("the worker needs a command")
	}
	if c.Deadline <= 0 {
		c.Deadline = 10 * time.Second
	}
	if c.Cache <= 0 {
		c.Cache = 4096
	}
	killers, err := lru.New[[sha256.Size]byte, error](maxKillers)
	if err != nil {
		return nil, err
	}
	return &Pool{cfg: c, cache: parser.NewCache(c.Cache, nil), killers: killers}, nil
}

// Start starts the child now, so that the first text need not wait for it. Where
// it cannot be started, the first Parse says so.
func (p *Pool) Start(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil && !p.closed { // else nobody would end it
		p.child, _ = p.start(ctx)
	}
}

// Parse parses texts, in their order. A text that kills the parser is
// approximated and costs the others nothing; an error says that the child
// cannot be started at all, or that the context ended.
func (p *Pool) Parse(ctx context.Context, texts []string) ([][]parser.Statement, error) {
	found := make([][][]parser.Statement, len(texts)) // by text, by its pieces
	var missing []string
	var answers []*[]parser.Statement // where those to the missing go
	for i, text := range texts {
		pieces := []string{text}
		if len(text) > parser.MaxLength {
			pieces = parser.Pieces(text)
		}
		found[i] = make([][]parser.Statement, len(pieces))
		for k, piece := range pieces {
			if len(piece) > parser.MaxLength {
				// Neither masked nor sent: the scanner holds no more of it than it has to.
				found[i][k] = []parser.Statement{parser.Approximate(piece)}
				continue
			}
			piece = parser.Mask(piece)
			if known, ok := p.known(piece); ok {
				found[i][k] = known
				continue
			}
			missing, answers = append(missing, piece), append(answers, &found[i][k])
		}
	}
	list, err := p.askAll(ctx, missing)
	if err != nil {
		return nil, err
	}
	for k, answer := range list {
		*answers[k] = answer
		p.cache.Keep(missing[k], answer)
	}
	out := make([][]parser.Statement, len(texts))
	for i, pieces := range found {
		if out[i] = []parser.Statement{}; len(pieces) == 1 {
			out[i] = pieces[0]
			continue
		}
		out[i] = append(out[i], slices.Concat(pieces...)...)
	}
	return out, ctx.Err()
}

// known answers for a text that was seen before.
func (p *Pool) known(text string) ([]parser.Statement, bool) {
	if list, ok := p.cache.Known(text); ok {
		return list, true
	}
	if p.killers.Len() == 0 {
		return nil, false
	}
	if why, ok := p.killers.Get(sha256.Sum256([]byte(text))); ok {
		return approximated(text, why), true
	}
	return nil, false
}

// askAll sends texts to the child until each has an answer. The child answers
// in order, so when it dies the first without an answer killed it.
func (p *Pool) askAll(ctx context.Context, texts []string) ([][]parser.Statement, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([][]parser.Statement, 0, len(texts))
	for len(out) < len(texts) {
		got, err := p.ask(ctx, batch(texts[len(out):]))
		out = append(out, got...)
		switch {
		case err == nil:
		case ended(ctx) != nil:
			return nil, ended(ctx)
		case errors.Is(err, errStart):
			return nil, err
		default:
			out = append(out, p.quarantine(texts[len(out)], err))
		}
	}
	return out, ctx.Err()
}

// maxBatch bounds the texts that are sent at once, in bytes.
const maxBatch = 2 << 20

// batch returns the first of some texts that are sent at once.
func batch(texts []string) []string {
	bytes := 0
	for i, text := range texts {
		if bytes += len(text); i > 0 && bytes > maxBatch {
			return texts[:i]
		}
	}
	return texts
}

// ended is the context's error, also in the moment between its deadline and
// its end.
func ended(ctx context.Context) error {
	if d, ok := ctx.Deadline(); ok && !time.Now().Before(d) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// quarantine remembers a text that killed the parser, so that it is not sent
// again, and approximates it.
func (p *Pool) quarantine(text string, why error) []parser.Statement {
	p.kills++
	p.killers.Add(sha256.Sum256([]byte(text)), why)
	return approximated(text, why)
}

func approximated(text string, why error) []parser.Statement {
	s := parser.Approximate(text)
	s.Err = why.Error()
	return []parser.Statement{s}
}

// Kills is how many statements killed the parser.
func (p *Pool) Kills() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kills
}

var (
	errDied = errors.New("the parser died of this statement")
	errSlow = errors.New("the parser took too long for this statement")
)

// ask sends one batch and returns the answers that came. After an error the
// child is gone.
func (p *Pool) ask(ctx context.Context, texts []string) (answers [][]parser.Statement, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.end()
		}
	}()
	if err := p.ready(ctx, texts); err != nil {
		return nil, err
	}
	c := p.child
	stop := context.AfterFunc(ctx, c.expire)
	defer stop()
	for range texts {
		if err := c.within(ctx, p.cfg.Deadline); err != nil {
			return answers, err
		}
		var one []parser.Statement
		if err := receive(c.out, &one); err != nil {
			return answers, c.died(err)
		}
		answers = append(answers, one)
	}
	return answers, nil
}

// ready gives a batch to a child that runs. One that died while it had
// nothing to do died of no statement: another is started.
func (p *Pool) ready(ctx context.Context, texts []string) error {
	for try := 0; ; try++ {
		if p.child == nil {
			var err error
			if p.child, err = p.start(ctx); err != nil {
				return err
			}
			try++
		}
		err := p.child.within(ctx, startDeadline)
		if err == nil {
			err = send(p.child.in, texts)
		}
		if err == nil {
			return nil
		}
		p.end()
		if try > 0 || ended(ctx) != nil {
			return fmt.Errorf("%w: it takes no statement: %w", errStart, err)
		}
	}
}

// Close ends the child.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.end()
}
