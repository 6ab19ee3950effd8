package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/parser/pglog"
)

// logFlags are those of both commands that read logs.
type logFlags struct {
	format, prefix, since, until string
}

func (a *app) logsCommand() *cobra.Command {
	return group("logs", "Read any PostgreSQL log: records, or the summary", a.logsParseCommand(), a.logsReportCommand())
}

func (f *logFlags) register(c *cobra.Command) {
	var formats []string
	for _, x := range pglog.Formats() {
		formats = append(formats, string(x))
	}
	c.Flags().StringVar(&f.format, "format", string(pglog.Auto), "auto, or one of "+strings.Join(formats, ", "))
	c.Flags().StringVar(&f.prefix, "prefix", "", "the server's log_line_prefix (default: found from the lines)")
	c.Flags().StringVar(&f.since, "since", "", "leave out what is before: a time, or how long ago (24h)")
	c.Flags().StringVar(&f.until, "until", "", "leave out what is not before")
}

// selection is what of the logs is read, and how.
type selection struct {
	scan         pglog.Scan
	since, until time.Time
}

func (f *logFlags) selection(now time.Time) (s selection, err error) {
	s.scan.Format, s.scan.Prefix = pglog.Format(f.format), f.prefix
	if s.scan.Format != pglog.Auto && !slices.Contains(pglog.Formats(), s.scan.Format) {
		return s, usagef("--format %s is not known; auto finds it", f.format)
	}
	if s.since, err = instant("--since", f.since, now); err != nil {
		return s, err
	}
	if s.until, err = instant("--until", f.until, now); err != nil {
		return s, err
	}
	if !s.since.IsZero() && !s.until.IsZero() && !s.since.Before(s.until) {
		return s, usagef("--since %s is not before --until %s", f.since, f.until)
	}
	return s, nil
}

// layouts are how a time may be written; without a zone it is UTC.
var layouts = [...]string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02"}

// instant reads a time, or how long ago it was.
func instant(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usagef("%s %q is no time; write 2026-11-24, 2026-11-24 15:04:05 (UTC), an RFC 3339 time, or how long ago: 24h", flag, text)
}

// logsMemory is from where on garbage is collected at once. A log of lines of
// 100 MB makes much of it. Below, it is collected when there is as much of it as
// hurriedCollection says, in percent of what is in use: of a run of a second,
// collecting at 100 takes a tenth.
const (
	logsMemory        = 112 << 20
	hurriedCollection = 400
)

// eachLog scans the logs one after the other, those of a server in the order
// of their times. A log that cannot be read costs the others nothing.
func (a *app) eachLog(ctx context.Context, paths []string, s selection, read func(ctx context.Context, l *logInput, scan pglog.Scan) error) error {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(logsMemory))
	defer debug.SetGCPercent(debug.SetGCPercent(hurriedCollection))
	inputs, err := a.openLogs(paths, s.scan)
	defer func() {
		for _, in := range inputs {
			in.close()
		}
	}()
	if err != nil {
		return err
	}
	return followed(ctx, a.live(), readOf(inputs), func() error { return readLogs(ctx, inputs, s, read) })
}

// readLogs scans what was opened, one log after the other.
func readLogs(ctx context.Context, inputs []*logInput, s selection, read func(ctx context.Context, l *logInput, scan pglog.Scan) error) error {
	var failed []error
	for _, in := range inputs {
		scan := s.scan
		scan.Until = in.written
		if in.err == nil {
			in.err = read(ctx, in, scan)
		}
		if errors.Is(in.err, errOutput) || ctx.Err() != nil {
			return in.err
		}
		if in.err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", in.name, in.err))
		}
	}
	return errors.Join(failed...)
}

// errOutput says that it was not the log that could not be read.
var errOutput = errors.New("write the output")
