package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLogsParsePairsDurations: with log_statement and log_duration a duration
// stands behind its statement, with others' between, and in another block.
func TestLogsParsePairsDurations(t *testing.T) {
	var log strings.Builder
	const sessions, rounds = 50, 250
	for i := range rounds {
		for s := range sessions {
			if i > 0 {
				fmt.Fprintf(&log, "2026-11-24 14:14:38.720 UTC [%d] LOG:  duration: %d.000 ms\n", s+1, i-1)
			}
			fmt.Fprintf(&log, "2026-11-24 14:14:38.720 UTC [%d] LOG:  statement: SELECT %d FROM t%d\n", s+1, i, s+1)
		}
	}
	log.WriteString("2026-11-24 14:14:38.720 UTC [99] LOG:  duration: 7.000 ms\n")
	path := filepath.Join(t.TempDir(), "pg.log")
	if err := os.WriteFile(path, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	if code := Main(context.Background(), []string{"logs", "parse", "--output", "jsonl", path}, func(string) string { return "" }, strings.NewReader(""), &out, &said); code != exitOK {
		t.Fatal(code, said.String())
	}
	paired, alone := 0, 0
	for line := range strings.Lines(out.String()) {
		var r struct {
			PID    int
			MS     *float64 `json:"duration_ms"`
			Tables []string
			Event  struct{ SQL string }
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		switch {
		case r.MS == nil:
		case r.Event.SQL == "":
			alone++
		case r.Event.SQL == fmt.Sprintf("SELECT %.0f FROM t%d", *r.MS, r.PID) && len(r.Tables) == 1 && r.Tables[0] == fmt.Sprintf("t%d", r.PID):
			paired++
		default:
			t.Fatalf("not of this statement: %s", line)
		}
	}
	if paired != sessions*(rounds-1) || alone != 1 {
		t.Errorf("%d durations have their statement, %d have none", paired, alone)
	}
}
