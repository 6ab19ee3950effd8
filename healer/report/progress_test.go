package report_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/rules"
)

func looked(pairs ...string) rules.Row {
	var r rules.Row
	for i := 0; i < len(pairs); i += 2 {
		r = append(r, rules.Column{Name: pairs[i], Value: rules.Text(pairs[i+1])})
	}
	return r
}

func TestProgressOf(t *testing.T) {
	got := report.ProgressOf(healer.Census{
		Database: "shop",
		Progress: []rules.Row{
			looked("pid", "7", "command", "VACUUM", "schema", "app", "name", "orders", "phase", "scanning heap", "done", "25", "total", "100", "application", "pgmend/vacuum/dead-tuples/1"),
			looked("pid", "8", "command", "VACUUM", "application", "autovacuum"),
		},
		Waits: []rules.Row{looked("pid", "7", "blocker", "9", "blocker_user", "ada", "blocker_application", "psql")},
	})
	want := report.Progress{Database: "shop", Command: "VACUUM", Object: "app.orders", Phase: "scanning heap", Done: 25, Total: 100, Waits: "process 9 ada psql"}
	if len(got) != 1 || got[0] != want {
		t.Errorf("%+v", got)
	}
}

// follow shows each look once, as a pipe or as a terminal sees it.
func follow(t *testing.T, o report.Options, looks ...[]report.Progress) string {
	t.Helper()
	var b bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	report.NewLive(&b, o).Follow(ctx, time.Millisecond, func(context.Context) []report.Progress {
		if len(looks) == 0 {
			cancel()
			return nil
		}
		next := looks[0]
		looks = looks[1:]
		return next
	})
	return b.String()
}

func TestProgressIsOneLineAPhaseOnAPipe(t *testing.T) {
	at := func(phase string, done int64) []report.Progress {
		return []report.Progress{{Database: "shop", Command: "REINDEX", Object: hostile, Phase: phase, Done: done, Total: 10}}
	}
	out := follow(t, report.Options{}, at("scanning", 1), at("scanning", 5), nil, at("scanning", 7), at("sorting", 1), at("sorting", 9))
	if strings.Count(out, "\n") != 2 || strings.Count(out, "scanning, 10 %") != 1 || strings.Count(out, "sorting, 10 %") != 1 || strings.ContainsAny(out, "\x1b\r") {
		t.Errorf("%q", out)
	}
}

// What is counted in bytes says how many; where nobody knows the end, no share
// and no time are made up, nor where more was read than there was to begin with.
func TestProgressOfBytes(t *testing.T) {
	began := time.Now().Add(-time.Minute)
	at := func(done, total int64) []report.Progress {
		return []report.Progress{{Command: "logs", Object: "pg.log", Phase: "reading", Done: done, Total: total, Bytes: true, Since: began}}
	}
	for want, look := range map[string][]report.Progress{
		"logs pg.log: reading, 20 MB of 40 MB, 50 %, about 1m": at(20<<20, 40<<20),
		"logs pg.log: reading, 20 MB\n":                        at(20<<20, 0),
		"logs pg.log: reading, 41 MB of 40 MB\n":               at(41<<20, 40<<20),
		"logs pg.log: reading, 0 %\n":                          at(0, 40<<20),
	} {
		if out := follow(t, report.Options{}, look); !strings.Contains(out, want) {
			t.Errorf("no %q in %q", want, out)
		}
	}
}

func TestProgressIsALineThatChangesAtATerminal(t *testing.T) {
	at := func(done int64) []report.Progress {
		return []report.Progress{{Database: "shop", Command: "VACUUM", Object: "app.orders", Phase: "scanning heap", Done: done, Total: 10}}
	}
	out := follow(t, report.Options{Width: 80}, at(1), at(5), append(at(9), at(1)...))
	if strings.Contains(out, "\n") || !strings.HasSuffix(out, "\r\x1b[K") || !strings.Contains(out, "scanning heap, 50 %\r\x1b[K") || !strings.Contains(out, "90 % (and 1 more)") {
		t.Errorf("%q", out)
	}
	if long := follow(t, report.Options{Width: 40}, at(3)); len(long) > 60 {
		t.Errorf("it is wider than the terminal: %q", long)
	}
}
