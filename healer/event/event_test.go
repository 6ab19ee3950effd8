package event

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Every transition of the healer has its entry, and every code is used once.
func TestTheCatalogueIsComplete(t *testing.T) {
	known, codes, names := byAction(), make(map[string]bool), make(map[string]bool)
	actions := 0
	count := func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Type == nil || len(v.Values) != 1 {
			return true
		}
		id, ok := v.Type.(*ast.Ident)
		if sel, selects := v.Type.(*ast.SelectorExpr); selects {
			id, ok = sel.Sel, true
		}
		if !ok || id.Name != "Action" {
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
	}
	for _, name := range []string{"../transition.go", "service.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		before := actions
		ast.Inspect(file, count)
		if actions == before {
			t.Errorf("%s declares no action", name)
		}
	}
	if actions == 0 || actions != len(Catalogue()) {
		t.Errorf("%d transitions, %d events", actions, len(Catalogue()))
	}
	for _, e := range Catalogue() {
		if codes[e.Code] {
			t.Errorf("the code %s is used twice", e.Code)
		}
		if names[e.Name] || !regexp.MustCompile("^Pgmend[A-Z][A-Za-z]+$").MatchString(e.Name) {
			t.Errorf("%s is no name of its own for alert rules", e.Name)
		}
		codes[e.Code], names[e.Name] = true, true
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
	for _, e := range Catalogue() {
		if err := Test(t.Context(), o.log, e.Code, hostile); err != nil {
			t.Error(err)
		}
	}
	schema := compiled(t)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) < len(Catalogue())-1 {
		t.Fatalf("%d lines of %d events", len(lines), len(Catalogue()))
	}
	for _, line := range lines {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Errorf("not JSON: %v", err)
		}
		if err := schema.Validate(m); err != nil {
			t.Errorf("%.200s: %v", line, err)
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

// compiled is the JSON Schema of a line, ready to be asked.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("event.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The schema has to be able to refuse.
func TestTheSchemaRefuses(t *testing.T) {
	schema := compiled(t)
	line := func(change func(map[string]any)) map[string]any {
		m := map[string]any{
			KeyTime: "2026-11-25T03:00:00Z", KeyLevel: "error", KeySeverity: 17, KeyMessage: "m", KeyCode: "PGM-4008",
			KeyAction: string(healer.RepairFailed), KeyOutcome: "failure", KeySystem: "postgresql",
		}
		change(m)
		return m
	}
	if err := schema.Validate(line(func(map[string]any) {})); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(map[string]any){
		"no code":             func(m map[string]any) { delete(m, KeyCode) },
		"an unknown code":     func(m map[string]any) { m[KeyCode] = "PGM-0000" },
		"another code's name": func(m map[string]any) { m[KeyAction] = string(healer.RepairVerified) },
		"no time":             func(m map[string]any) { m[KeyTime] = "now" },
		"a level of none":     func(m map[string]any) { m[KeyLevel] = "loud" },
		"a number as a rule":  func(m map[string]any) { m[KeyRule] = 1 },
	} {
		if schema.Validate(line(change)) == nil {
			t.Errorf("%s is let through", name)
		}
	}
}

func TestAFindingIsAsLoudAsItsSeverity(t *testing.T) {
	for severity, want := range map[rules.Severity]string{rules.Info: "info", rules.Warning: "warning", rules.Critical: "error"} {
		var out bytes.Buffer
		o := NewObserver(slog.New(NewHandler(&out, Options{JSON: true})))
		o.Observe(t.Context(), healer.Transition{Action: healer.FindingOpened, Finding: &healer.Finding{ID: "F1", Severity: severity}})
		if !strings.Contains(out.String(), `"log.level":"`+want+`"`) || !strings.Contains(out.String(), `"pgmend.severity":"`+string(severity)+`"`) {
			t.Errorf("%s: %s", severity, out.String())
		}
	}
}

// A heartbeat is told of each database, and not of every cycle.
func TestHeartbeat(t *testing.T) {
	var out bytes.Buffer
	o := NewObserver(slog.New(NewHandler(&out, Options{JSON: true})))
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for i := range 61 {
		for _, database := range []string{"shop", "crm"} {
			o.Observe(t.Context(), healer.Transition{
				At: now.Add(time.Duration(i) * 10 * time.Second), Action: healer.CycleCompleted, Database: database,
			})
		}
	}
	if n := strings.Count(out.String(), "PGM-1002"); n != 6 {
		t.Errorf("%d heartbeats of two databases in ten minutes", n)
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
