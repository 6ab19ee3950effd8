package worker

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pgmend/pgmend/parser"
)

// The child's limits on itself.
const (
	maxData  = 512 << 20 // bytes of memory
	maxStack = 8 << 20   // bytes of each thread's stack, which the parser's guard counts on
	maxFiles = 32
	maxCPU   = 2 // seconds of processor time for one statement, in part used up when it begins

	idleHeap = 256 << 20 // what Go's collector tries to stay below
)

// exitWhenSlow ends the process when it used up its processor time. It would
// end anyway, but so it says why.
func exitWhenSlow() {
	slow := make(chan os.Signal, 1)
	signal.Notify(slow, unix.SIGXCPU)
	<-slow
	os.Exit(exitSlow)
}

// exitSlow is the exit code of a child that used up its processor time.
const exitSlow = 3

// greeting is the child's first message.
const greeting = "the parser serves"

// Serve is the child: it answers batches until its input ends.
func Serve(in io.Reader, out io.Writer) error {
	if err := confine(); err != nil {
		return fmt.Errorf("limit the parser's rights and stack: %w", err)
	}
	for what, limit := range map[int]uint64{
		unix.RLIMIT_DATA: maxData, unix.RLIMIT_CORE: 0, unix.RLIMIT_NOFILE: maxFiles,
	} {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("limit the parser: %w", err)
		}
	}
	debug.SetMemoryLimit(idleHeap)
	go exitWhenSlow()
	return serve(in, out, func(sql string) []parser.Statement {
		limitCPU()
		return parser.Parse(sql)
	})
}

// confine takes from the process what it could gain by running another
// program, and makes the stack as large as the parser's guard counts on. Who
// started it has seen to the first, and mostly the second is so. Where not: the
// first holds for one thread and those that it starts (prctl(2)), and the
// threads that C code runs on take their size when the program begins, so it
// begins again, from the thread that was confined.
func confine() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var stack unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &stack); err != nil {
		return err
	}
	confined, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err != nil {
		return err
	}
	fits := stack.Cur == maxStack || stack.Max < maxStack // with a smaller one it dies earlier, and is started again
	if confined == 1 && fits {
		return nil
	}
	if !fits {
		stack.Cur = maxStack
		if err := unix.Setrlimit(unix.RLIMIT_STACK, &stack); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, environment(nil)) //nolint:gosec // it is this program
}

// limitCPU gives the next statement its processor time. The limit is on all
// that the process used, so it moves on. Where it cannot be set, the deadline
// stays.
func limitCPU() {
	var used unix.Rusage
	var limit unix.Rlimit
	if unix.Getrusage(unix.RUSAGE_SELF, &used) != nil || unix.Getrlimit(unix.RLIMIT_CPU, &limit) != nil {
		return
	}
	limit.Cur = min(uint64(used.Utime.Sec+used.Stime.Sec)+maxCPU, limit.Max)
	_ = unix.Setrlimit(unix.RLIMIT_CPU, &limit)
}

func serve(in io.Reader, out io.Writer, parse func(string) []parser.Statement) error {
	if err := send(out, greeting); err != nil {
		return err
	}
	for {
		var batch []string
		err := receive(in, &batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, sql := range batch {
			if err := send(out, parse(sql)); err != nil {
				return err
			}
		}
	}
}
