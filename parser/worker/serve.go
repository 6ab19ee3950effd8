package worker

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"github.com/pgmend/pgmend/parser"
)

// The child's limits on itself.
const (
	maxData  = 512 << 20 // bytes of memory
	maxFiles = 32
)

// Serve is the child: it answers batches until its input ends.
func Serve(in io.Reader, out io.Writer) error {
	for what, limit := range map[int]uint64{
		unix.RLIMIT_DATA: maxData, unix.RLIMIT_CORE: 0, unix.RLIMIT_NOFILE: maxFiles,
	} {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("limit the parser: %w", err)
		}
	}
	return serve(in, out, parser.Parse)
}

func serve(in io.Reader, out io.Writer, parse func(string) []parser.Statement) error {
	for {
		var batch []string
		err := receive(in, &batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		answer := make([][]parser.Statement, len(batch))
		for i, sql := range batch {
			answer[i] = parse(sql)
		}
		if err := send(out, answer); err != nil {
			return err
		}
	}
}
