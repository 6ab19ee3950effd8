package event

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/lmittmann/tint"
)

// Options say how lines look.
type Options struct {
	Level   slog.Leveler // nil: info
	JSON    bool         // for shipping; otherwise for a person
	Journal bool         // begin each line with its priority, <3>, for journald
	Colour  bool         // of lines for a person
}

// NewHandler returns a handler that writes one line a record.
func NewHandler(w io.Writer, o Options) slog.Handler {
	level := o.Level
	if level == nil {
		level = slog.LevelInfo
	}
	if !o.JSON {
		return tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: !o.Colour, ReplaceAttr: shorten})
	}
	if o.Journal {
		j := &journal{w: w}
		return &prioritised{Handler: slog.NewJSONHandler(j, &slog.HandlerOptions{Level: level, ReplaceAttr: rename}), j: j}
	}
	return severity{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: rename})}
}

// rename gives slog's own keys their names in the schema, and cuts texts.
func rename(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return shorten(groups, a)
	}
	switch a.Key {
	case slog.TimeKey:
		return slog.String(KeyTime, a.Value.Time().UTC().Format(time.RFC3339Nano))
	case slog.LevelKey:
		return slog.String(KeyLevel, levelName(a.Value.Any().(slog.Level)))
	case slog.MessageKey:
		return slog.String(KeyMessage, clip(a.Value.String()))
	}
	return shorten(groups, a)
}

func levelName(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "error"
	case l >= slog.LevelWarn:
		return "warning"
	case l >= slog.LevelInfo:
		return "info"
	}
	return "debug"
}

// longest bounds a text in a line, in bytes as JSON writes it, so that a line
// stays below 7 KiB, which syslog and journald carry whole.
const longest = 300

// shorten cuts a long text and says so.
func shorten(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindString {
		a.Value = slog.StringValue(clip(a.Value.String()))
	}
	return a
}

func clip(s string) string {
	cost := 0
	for i, r := range s {
		switch {
		case r < ' ' || r == '<' || r == '>' || r == '&' || r == 0x2028 || r == 0x2029 || r == 0xFFFD:
			cost += 6
		case r == '"' || r == '\\':
			cost += 2
		default:
			cost += len(string(r))
		}
		if cost > longest {
			return s[:i] + "… (cut)"
		}
	}
	return s
}

// severity adds OpenTelemetry's severity number to every record.
type severity struct{ slog.Handler }

func (h severity) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(slog.Int(KeySeverity, severityNumber(r.Level)))
	return h.Handler.Handle(ctx, r)
}

func (h severity) WithAttrs(attrs []slog.Attr) slog.Handler {
	return severity{h.Handler.WithAttrs(attrs)}
}
func (h severity) WithGroup(name string) slog.Handler { return severity{h.Handler.WithGroup(name)} }

// severityNumber is OpenTelemetry's: 5 debug, 9 info, 13 warn, 17 error.
func severityNumber(l slog.Level) int { return 9 + int(l) }

// prioritised puts the priority before each line, as sd-daemon(3) has it.
type prioritised struct {
	slog.Handler
	j *journal
}

func (h *prioritised) Handle(ctx context.Context, r slog.Record) error {
	h.j.mu.Lock()
	defer h.j.mu.Unlock()
	h.j.priority = priority(r.Level)
	r.AddAttrs(slog.Int(KeySeverity, severityNumber(r.Level)))
	return h.Handler.Handle(ctx, r)
}

func (h *prioritised) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &prioritised{h.Handler.WithAttrs(attrs), h.j}
}

func (h *prioritised) WithGroup(name string) slog.Handler {
	return &prioritised{h.Handler.WithGroup(name), h.j}
}

// journal is where a prioritised handler writes.
type journal struct {
	w        io.Writer
	mu       sync.Mutex
	priority int
}

func (j *journal) Write(line []byte) (int, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "<%d>", j.priority)
	out.Write(line)
	if _, err := j.w.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(line), nil
}

// priority is syslog's: 3 error, 4 warning, 6 informational, 7 debug.
func priority(l slog.Level) int {
	switch {
	case l >= slog.LevelError:
		return 3
	case l >= slog.LevelWarn:
		return 4
	case l >= slog.LevelInfo:
		return 6
	}
	return 7
}
