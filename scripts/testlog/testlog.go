// Package testlog reads the output of `go test -json` for the commands beside
// it, which make of it what people read.
package testlog

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Event is a line of go test -json (go doc test2json).
type Event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64 // seconds
}

// Main reads the file that the command line names with read, which returns how
// many tests failed. It exits with 1 where some did, and with 2 where it cannot
// be known.
func Main(command string, read func(name string) (failed int, err error)) {
	if len(os.Args) != 2 {
		fmt.Fprintf(os.Stderr, "usage: %s FILE\n", command)
		os.Exit(2)
	}
	failed, err := read(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if failed > 0 {
		os.Exit(1)
	}
}

// Read calls each for every event of a file, with all that its test, or its
// package where there is no test, has printed so far. Lines that are no events
// are a build's errors, and are printed.
func Read(name string, each func(e Event, printed string) error) error {
	f, err := os.Open(name) //nolint:gosec // the caller names it
	if err != nil {
		return err
	}
	defer f.Close()
	type key struct{ pkg, test string }
	printed := make(map[key]*strings.Builder)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		k := key{e.Package, e.Test}
		if printed[k] == nil {
			printed[k] = new(strings.Builder)
		}
		printed[k].WriteString(e.Output)
		if err := each(e, printed[k].String()); err != nil {
			return err
		}
	}
	return lines.Err()
}
