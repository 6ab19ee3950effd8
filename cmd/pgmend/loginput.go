package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/parser/pglog"
)

// logInput is one log, opened.
type logInput struct {
	name    string
	file    *os.File  // nil: stdin
	text    io.Reader // unpacked
	size    int64     // on disk; 0: not known
	read    atomic.Int64
	written time.Time // last
	first   time.Time // of its records
	err     error
}

func (l *logInput) close() {
	if l.file != nil {
		_ = l.file.Close() // only read
	}
}

// counted counts what is read of a log.
type counted struct {
	r io.Reader
	n *atomic.Int64
}

// Read implements io.Reader.
func (c counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// openLogs opens the logs and brings those that have times into their order.
func (a *app) openLogs(paths []string, scan pglog.Scan) ([]*logInput, error) {
	var out []*logInput
	for _, path := range paths {
		if path == "-" {
			in := &logInput{name: "stdin"}
			in.text, _, in.err = pglog.Unpack(counted{a.stdin, &in.read})
			out = append(out, in)
			continue
		}
		f, err := os.Open(path) //nolint:gosec // the person names the file
		if err != nil {
			return out, fmt.Errorf("open the log: %w", err)
		}
		in := &logInput{name: path, file: f}
		out = append(out, in)
		info, err := f.Stat()
		if err != nil {
			return out, fmt.Errorf("open the log: %w", err)
		}
		if info.IsDir() {
			return out, usagef("%s is a folder; name its files: %s/*", path, path)
		}
		in.size, in.written = info.Size(), info.ModTime()
		in.first = firstTime(f, scan)
		if _, err := f.Seek(0, io.SeekStart); err != nil { // a pipe has no beginning to go back to
			return out, fmt.Errorf("read the log: %w; give a pipe as stdin, with -", err)
		}
		in.text, _, in.err = pglog.Unpack(counted{f, &in.read})
	}
	slices.SortStableFunc(out, func(x, y *logInput) int {
		if x.first.IsZero() || y.first.IsZero() {
			return 0
		}
		return x.first.Compare(y.first)
	})
	return out, nil
}

// firstTime is the time of a log's first record that has one.
func firstTime(f *os.File, scan pglog.Scan) time.Time {
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return time.Time{}
	}
	text, _, err := pglog.Unpack(f)
	if err != nil {
		return time.Time{}
	}
	sample, _ := io.ReadAll(io.LimitReader(text, 64<<10)) // what is there will do
	d := pglog.NewDecoder(scan.Format, scan.Options)
	for _, r := range append(d.Decode(sample), d.Flush()...) {
		if !r.Time.IsZero() {
			return r.Time
		}
	}
	return time.Time{}
}

// readOf is how far the logs were read.
func readOf(inputs []*logInput) func(context.Context) []report.Progress {
	all := report.Progress{Command: "logs", Object: fmt.Sprintf("%d files", len(inputs)), Phase: "reading", Bytes: true, Since: time.Now()}
	if len(inputs) == 1 {
		all.Object = inputs[0].name
	}
	for _, in := range inputs {
		all.Total += in.size
	}
	if slices.ContainsFunc(inputs, func(in *logInput) bool { return in.file == nil }) {
		all.Total = 0 // stdin has no end before it ends
	}
	return func(context.Context) []report.Progress {
		now := all
		for _, in := range inputs {
			now.Done += in.read.Load()
		}
		return []report.Progress{now}
	}
}
