package pglog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
)

// Scan reads a whole log on all cores. The zero value detects format and
// prefix.
//
// One goroutine reads, and cuts the log into blocks of whole records; workers
// decode the blocks; deliver gets them in the order of the file. Memory is
// bounded by the blocks in flight, whatever the size of the log and of its
// records.
type Scan struct {
	// Format is the log's; "" and Auto look at its first 64 KiB.
	Format Format
	// Options say how to read it. Without a prefix, one is looked for.
	Options
	// Workers is how many blocks are decoded at once; 0 is one a core.
	Workers int
	// BlockSize is about how many bytes a block has; 0 is 256 KiB, half of
	// what a core's own cache holds on most machines, so that it is still there
	// when it is decoded.
	BlockSize int
	// Poison overwrites the bytes of a block once its records' life has
	// ended. Tests set it, to see that nobody keeps what is not a Clone.
	Poison bool
}

// Found is what a scan knows of its log.
type Found struct {
	Format Format `json:"format"`
	Prefix string `json:"prefix,omitempty"` // log_line_prefix, of a text log
	Tally
}

// detectSize is how much of a log is looked at to know its format.
const detectSize = 64 << 10

// Run reads r to its end. Work is called with each block on the goroutine of
// its worker, and ranges over its Records; then deliver, which may be nil, on
// the caller's goroutine, in the order of the file. An error of either or of
// ctx ends the run; what Found says is then of the part that was delivered.
// An error of r ends the log: what came before it is delivered.
func (s Scan) Run(ctx context.Context, r io.Reader, work, deliver func(*Block) error) (found Found, err error) {
	if s.Workers <= 0 {
		s.Workers = runtime.GOMAXPROCS(0)
	}
	if s.BlockSize <= 0 {
		s.BlockSize = 256 << 10
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := newConveyor(s, r)
	c.begin()
	found.Format, found.Prefix = c.Format, c.Prefix
	var running sync.WaitGroup
	defer running.Wait() // behind cancel: deferred calls run last in, first out
	defer cancel(nil)
	running.Go(func() { c.read(ctx) })
	for i := range s.Workers {
		running.Go(func() { c.work(ctx, i, work) })
	}
	for b := range c.ordered {
		<-b.done
		if err := b.err; err == nil && deliver != nil && ctx.Err() == nil {
			b.err = deliver(b)
		}
		if b.err != nil {
			cancel(b.err)
		} else if ctx.Err() == nil {
			found.Merge(b.tally)
		}
		c.spare <- b
	}
	if err := context.Cause(ctx); err != nil {
		return found, err
	}
	return found, c.err
}

// conveyor carries blocks from the reader to the workers and on.
type conveyor struct {
	Scan
	r       io.Reader
	cutter  cutter
	next    *Block // what is read already
	eof     bool
	err     error // of the reader
	jobs    chan *Block
	ordered chan *Block
	spare   chan *Block
}

func newConveyor(s Scan, r io.Reader) *conveyor {
	n := 2*s.Workers + 2
	c := &conveyor{Scan: s, r: r, jobs: make(chan *Block, n), ordered: make(chan *Block, n), spare: make(chan *Block, n)}
	for range n {
		c.spare <- &Block{}
	}
	return c
}

// begin reads the first block, and looks what log it is.
func (c *conveyor) begin() {
	c.next = <-c.spare
	c.next.buf, c.next.Start = make([]byte, 0, c.BlockSize+window), c.Offset
	c.fill(c.BlockSize)
	sample := c.next.buf[:min(len(c.next.buf), detectSize)]
	if c.Format == "" || c.Format == Auto {
		c.Format = Detect(sample)
	}
	if c.Prefix == "" && c.Format.needsPrefix() {
		c.Prefix, c.Guessed = GuessPrefix(texts(c.Format, sample)), true
	}
	c.cutter = newCutter(c.Format, c.Options)
}

// fill reads until the next block has size bytes, or the log ends. An error
// ends it too: what came before is read all the same.
func (c *conveyor) fill(size int) {
	b := c.next
	if cap(b.buf) < size {
		grown := make([]byte, len(b.buf), size)
		copy(grown, b.buf)
		b.buf = grown
	}
	for len(b.buf) < size && !c.eof {
		n, err := c.r.Read(b.buf[len(b.buf):cap(b.buf)])
		b.buf = b.buf[:len(b.buf)+n]
		if c.eof = err != nil; c.eof && !errors.Is(err, io.EOF) {
			c.err = fmt.Errorf("read the log at byte %d: %w", b.Start+int64(len(b.buf)), err)
		}
	}
}

// read cuts the log into blocks and hands them out.
func (c *conveyor) read(ctx context.Context) {
	defer close(c.jobs)
	defer close(c.ordered)
	for {
		b := c.next
		at := c.place()
		var spare *Block
		select {
		case spare = <-c.spare:
		case <-ctx.Done():
			return
		}
		if cap(spare.buf) < len(b.buf)-at || cap(spare.buf) > 4*(c.BlockSize+window) || spare.buf == nil {
			spare.buf = make([]byte, 0, max(c.BlockSize+window, len(b.buf)-at))
		}
		spare.buf = append(spare.buf[:0], b.buf[at:]...)
		b.after = append(b.after[:0], spare.buf[:min(len(spare.buf), historySize)]...)
		spare.before = append(spare.before[:0], b.buf[max(0, at-historySize):at]...)
		spare.skip = b.cut
		b.buf = b.buf[:at]
		b.End = b.Start + int64(at)
		spare.Start, c.next = b.End, spare
		b.done, b.err, b.tally, b.Result = make(chan struct{}), nil, Tally{}, nil
		if at > 0 {
			c.jobs <- b
			c.ordered <- b
		}
		if c.eof && len(spare.buf) == 0 {
			return
		}
	}
}

// place is where the next block ends. A record that finds no end within
// maxRecord is cut.
func (c *conveyor) place() int {
	c.next.cut = false
	for size := c.BlockSize; ; size *= 2 {
		c.fill(size)
		buf := c.next.buf
		if c.eof {
			return len(buf)
		}
		if at := c.cutter.cut(buf); at > 0 {
			return at
		}
		if len(buf) >= max(maxRecord, c.BlockSize) {
			c.next.cut = true
			return len(buf)
		}
	}
}

// work decodes blocks until there are no more.
func (c *conveyor) work(ctx context.Context, worker int, work func(*Block) error) {
	framer := newFramer(c.Format, c.Options)
	for b := range c.jobs {
		if b.Worker, b.framer = worker, framer; ctx.Err() == nil {
			b.err = work(b)
		}
		if c.Poison {
			for i := range b.buf {
				b.buf[i] = 0xff
			}
		}
		close(b.done)
	}
}
