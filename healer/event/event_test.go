package event

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// Every transition of the healer has its entry, and every code is used once.
func TestTheCatalogueIsComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../transition.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	known, codes := byAction(), make(map[string]bool)
	actions := 0
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Type == nil || len(v.Values) != 1 {
			return true
		}
		if id, ok := v.Type.(*ast.Ident); !ok || id.Name != "Action" {
			return true
		}
		text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		actions++
		if _, ok := known[healer.Action(text)]; !ok {
			t.Errorf("%s has no event", text)
		}
		return true
	})
	if actions == 0 || actions != len(Catalogue()) {
		t.Errorf("%d transitions, %d events", actions, len(Catalogue()))
	}
	for _, e := range Catalogue() {
		if codes[e.Code] {
			t.Errorf("the code %s is used twice", e.Code)
		}
		codes[e.Code] = true
	}
}

// hostile is what a name or a message may be.
var hostile = strings.Repeat("\"\x1b[31m\n<&>\u2028\U0001F4A5\\", 4000)

func TestALineIsOneShortJSONObject(t *testing.T) {
	var out bytes.Buffer
	o := NewObserver(slog.New(NewHandler(&out, Options{JSON: true, Level: slog.LevelDebug})))
	f := healer.Finding{ID: hostile, Rule: hostile, Fingerprint: hostile, Server: hostile, Object: healer.Object{Schema: hostile, Name: hostile}}
	for _, e := range Catalogue() {
		o.Observe(t.Context(), healer.Transition{
			Action: e.Action, Database: hostile, Message: hostile, Finding: &f,
			Plan: &healer.Plan{ID: hostile}, Attempt: &healer.Attempt{ID: hostile, Err: hostile},
			Decision: &healer.Decision{Guard: hostile, Reason: hostile}, Step: &healer.StepRun{SQL: hostile, Err: hostile},
			Skip: &healer.Skip{Rule: hostile, Object: hostile, Message: hostile, Hint: hostile},
		})
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) < len(Catalogue())-1 {
		t.Fatalf("%d lines of %d events", len(lines), len(Catalogue()))
	}
	for _, line := range lines {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Errorf("not JSON: %v", err)
		}
		if len(line) > 7<<10 {
			t.Errorf("%d bytes in a line of %v", len(line), m[KeyCode])
		}
		for _, key := range []string{KeyTime, KeyLevel, KeySeverity, KeyMessage, KeyCode, KeyAction, KeyOutcome} {
			if m[key] == nil {
				t.Errorf("%s is missing in %v", key, m[KeyCode])
			}
		}
	}
}

func TestWhatStaysIsSaidOnceAnHour(t *testing.T) {
	var out bytes.Buffer
	o := NewObserver(slog.New(NewHandler(&out, Options{JSON: true, Level: slog.LevelDebug})))
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for i := range 13 {
		o.Observe(t.Context(), healer.Transition{
			At: now.Add(time.Duration(i) * 10 * time.Minute), Action: healer.FindingUpdated, Finding: &healer.Finding{ID: "F1"},
		})
	}
	if n := strings.Count(out.String(), "\n"); n != 3 {
		t.Errorf("said %d times in two hours", n)
	}
}

func TestJournalPriorities(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(NewHandler(&out, Options{JSON: true, Journal: true}))
	log.Error("a")
	log.Warn("b")
	log.With("k", "v").Info("c")
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		got = append(got, line[:3])
	}
	if strings.Join(got, " ") != "<3> <4> <6>" {
		t.Errorf("priorities %v", got)
	}
}
