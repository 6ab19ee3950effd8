package report_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/rules"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with testdata/name, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// unstyled leaves out a page's stylesheet, which is no golden.
func unstyled(page []byte) []byte {
	page = bytes.Replace(page, []byte(report.Stylesheet()), []byte("…"), 1)
	return regexp.MustCompile(`sha256-.*?; img`).ReplaceAll(page, []byte("sha256-…; img"))
}

func at(minute int) time.Time { return time.Date(2026, 11, 24, 2, minute, 0, 0, time.UTC) }

const hostile = "x\x1b]0;owned\a\x1b[2J\"; DROP\n| [a](javascript:alert(1)) <b>\u202e@all =1+1"

func finding(id, schema, name string) healer.Finding {
	return healer.Finding{
		ID: id, Fingerprint: id, Rule: "index/invalid", Title: "Invalid index left behind by a failed concurrent build",
		Server: "7312345678901234567", Database: "shop", Object: healer.Object{Schema: schema, Name: name, OID: 16500, TableOID: 16400},
		Severity: rules.Warning, Risk: rules.Medium, Status: healer.Open,
		Facts: rules.Values{"size": {Text: "8388608", Type: 20}, "owner": rules.Text("shop_owner")},
		Evidence: []healer.Evidence{{
			Query: "SELECT indexrelid FROM pg_catalog.pg_index WHERE NOT indisvalid",
			Row:   rules.Row{{Name: "name", Value: rules.Text(name)}, {Name: "size", Value: rules.Value{Text: "8388608", Type: 20}}}, At: at(1),
		}},
		FirstSeen: at(0), LastSeen: at(1),
	}
}

func attempt(f healer.Finding) healer.Attempt {
	sql := `REINDEX INDEX CONCURRENTLY "public"."orders_idx"`
	return healer.Attempt{
		ID: "01JDEXAMPLE0000000000000A1", Actor: "ada (1000)", State: healer.Verified, Verified: true,
		Plan: healer.Plan{
			ID: "Pabc", Finding: f, Risk: rules.Medium, Mode: rules.Session,
			Steps:    []healer.PlannedStep{{SQL: sql, Class: "reindex_index", Role: "shop_owner"}},
			UndoNone: "an invalid index serves no query", Verify: "SELECT 1 FROM pg_catalog.pg_index WHERE indexrelid = $1 AND NOT indisvalid",
			Guards: []string{"no index build is running on the table"}, Locks: []string{"ShareUpdateExclusiveLock on public.orders"},
			Hazards: []string{"reindex"}, Basis: "basis", RuleHash: "rulehash", Made: at(1), Expires: at(59),
		},
		Steps: []healer.StepRun{{SQL: sql, Class: "reindex_index", Role: "shop_owner", Done: true, Outcome: healer.Outcome{
			Tag: "REINDEX", Started: at(2), Elapsed: 1234 * time.Millisecond, WALBytes: 9 << 20, Delayed: 1,
			Locks:   []healer.LockUse{{Mode: "ShareUpdateExclusiveLock", Relation: "public.orders", Waited: 2 * time.Millisecond, Held: time.Second}},
			Notices: []healer.Notice{{Severity: "WARNING", SQLState: "01000", Message: "take care"}},
		}}},
		Before: healer.Picture{At: at(1), Measures: rules.Row{{Name: "size", Value: rules.Value{Text: "8388608"}}, {Name: "scans", Value: rules.Value{Text: "0"}}},
			Snapshot: healer.Snapshot{Kind: "index", Properties: []healer.Property{{Name: "valid", Value: "f"}}}},
		After: healer.Picture{At: at(3), Measures: rules.Row{{Name: "size", Value: rules.Value{Text: "4194304"}}, {Name: "scans", Value: rules.Value{Text: "3"}}},
			Snapshot: healer.Snapshot{Kind: "index", Properties: []healer.Property{{Name: "valid", Value: "t"}}}},
		Guards:  []string{"primary", "no index build is running on the table"},
		Server:  healer.Identity{SystemIdentifier: "7312345678901234567", Timeline: 1, Version: 150018, User: "pgmend_healer"},
		Started: at(2), Ended: at(2).Add(1500 * time.Millisecond),
	}
}

func result() healer.Result {
	good, bad, alone := finding("F1", "public", "orders_idx"), finding("F2", "Odd schema", hostile), finding("F3", "public", "lonely")
	alone.BlockedBy = "index/reindex-leftover"
	return healer.Result{
		Server:   healer.Identity{SystemIdentifier: "7312345678901234567", Timeline: 1, Version: 150018},
		Findings: []healer.Finding{good, bad, alone},
		Skips:    []healer.Skip{{Rule: "index/duplicate", Database: "shop", Object: "public.held", Reason: healer.Locked, Message: "somebody holds it", Hint: "look at pg_locks"}},
		Plans: []healer.Planned{
			{Plan: attempt(good).Plan, Decision: healer.Decision{Verdict: healer.Proceed}},
			{Plan: attempt(bad).Plan, Decision: healer.Decision{Verdict: healer.Wait, Guard: "window", Reason: "medium waits", Until: at(30)}},
		},
		Repairs: []healer.Attempt{attempt(good)},
	}
}

func TestResult(t *testing.T) {
	for _, v := range []report.View{report.Scanned, report.Planned, report.Healed} {
		for _, f := range report.Formats() {
			var b bytes.Buffer
			err := report.Result(&b, v, result(), report.Status{Code: 0, Message: "ok"}, report.Options{Format: report.Format(f)})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, string(v)+"."+f, b.Bytes())
		}
	}
}

func TestRepair(t *testing.T) {
	failed := attempt(finding("F2", "public", hostile))
	failed.State, failed.Verified, failed.Err = healer.Failed, false, "ERROR: "+hostile
	failed.Steps[0].Done, failed.Steps[0].Err = false, "ERROR: "+hostile
	failed.After = healer.Picture{}
	slower := attempt(finding("F3", "public", "orders_idx"))
	slower.State, slower.UndoneBy = healer.Undone, "01JDEXAMPLE0000000000000A2"
	worse := healer.Comparison{Source: "pg_stat_statements", Text: "SELECT * FROM orders WHERE id = $1", Before: healer.Usage{Calls: 400, TotalMS: 80}, After: healer.Usage{Calls: 300, TotalMS: 3600}}
	slower.Watch = &healer.Watch{State: healer.TakenBack, Until: at(59), Reason: worse.String(), Slower: []healer.Comparison{worse}, Compared: []healer.Comparison{
		worse, {Source: "the log", Text: "UPDATE orders SET note = " + hostile, Before: healer.Usage{Calls: 60, TotalMS: 240}, After: healer.Usage{Calls: 70, TotalMS: 140}},
	}}
	slower.Watch.Planned = []healer.Comparison{{
		Source: "the log", Text: "SELECT * FROM orders WHERE note = " + hostile, Before: healer.Usage{Plans: 2, Cost: 16.6}, After: healer.Usage{Plans: 3, Cost: 5400},
	}}
	for name, a := range map[string]healer.Attempt{"verified": attempt(finding("F1", "public", "orders_idx")), "failed": failed, "slower": slower} {
		r := report.Repair{Attempt: a, Measure: "SELECT pg_catalog.pg_relation_size(@oid) AS size", Guidance: "A build **failed**.", Source: "built-in text", Version: "v1", Config: "c0"}
		for _, f := range []report.Format{report.Table, report.Markdown, report.JSON, report.HTML} {
			var b bytes.Buffer
			if err := r.Write(&b, report.Options{Format: f}); err != nil {
				t.Fatal(err)
			}
			golden(t, "repair-"+name+"."+string(f), unstyled(b.Bytes()))
		}
	}
}

func TestSummary(t *testing.T) {
	before := attempt(finding("F0", "public", "old"))
	before.Started = at(0).Add(-time.Hour)
	s := report.Period(at(0), at(59), result().Findings, []healer.Attempt{before, attempt(finding("F1", "public", "orders_idx"))})
	if len(s.Repairs) != 1 {
		t.Fatalf("%d repairs in the period, want 1", len(s.Repairs))
	}
	s.Held = result().Plans[1:]
	for _, f := range append(report.Formats(), "html") {
		var b bytes.Buffer
		if err := s.Write(&b, report.Options{Format: report.Format(f)}); err != nil {
			t.Fatal(err)
		}
		golden(t, "summary."+f, unstyled(b.Bytes()))
	}
}

func TestLive(t *testing.T) {
	a := attempt(finding("F2", "public", hostile))
	f := a.Plan.Finding
	for name, o := range map[string]report.Options{"plain": {}, "colour": {Colour: true, Width: 80}} {
		var b bytes.Buffer
		l := report.NewLive(&b, o)
		for _, tr := range []healer.Transition{
			{Action: healer.CycleStarted},
			{Action: healer.RuleSkipped, Skip: &result().Skips[0]},
			{Action: healer.FindingOpened, Finding: &f},
			{Action: healer.RepairWaiting, Plan: &a.Plan, Decision: &healer.Decision{Verdict: healer.Wait, Guard: "window", Reason: "later"}},
			{Action: healer.RepairIntended, Attempt: &a},
			{Action: healer.StepStarted, Attempt: &a, Step: &a.Steps[0]},
			{Action: healer.StepFinished, Attempt: &a, Step: &a.Steps[0]},
			{Action: healer.RepairVerified, Attempt: &a},
			{Action: healer.FindingResolved, Finding: &f},
			{Action: healer.HealerPaused, Message: "ada"},
		} {
			tr.At, tr.Database = at(5), "shop"
			l.Observe(context.Background(), tr)
		}
		golden(t, "live."+name, b.Bytes())
	}
}

func TestEmpty(t *testing.T) {
	for f, want := range map[report.Format]string{
		report.Table: "no findings\n", report.Markdown: "No findings.\n", report.JSONL: "",
		report.JSON: "{\n  \"findings\": [],\n  \"schema_version\": 1\n}\n",
	} {
		var b bytes.Buffer
		if err := report.Findings(&b, nil, report.Options{Format: f}); err != nil || b.String() != want {
			t.Errorf("%s: %q, %v; want %q", f, b.String(), err, want)
		}
	}
}

// TestHostile writes any text in every format: nothing that a terminal acts
// on comes out, JSON and CSV read back, and no CSV cell is a formula.
// hazard: 45
func TestHostile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{hostile, "=cmd|' /C calc'!A0", "\t=1", "-1+1", "-0", "+1.5e-3", "```", "\xff\xfe", "🙂"})).Draw(t, "text")
		a := attempt(finding("F1", text, text))
		a.Err, a.Actor = text, text
		r := healer.Result{Findings: []healer.Finding{a.Plan.Finding}, Repairs: []healer.Attempt{a}}
		for _, f := range report.Formats() {
			var b bytes.Buffer
			o := report.Options{Format: report.Format(f), Width: 100}
			if err := report.Result(&b, report.Healed, r, report.Status{}, o); err != nil {
				t.Fatal(err)
			}
			check(t, report.Format(f), b.Bytes())
			b.Reset()
			if err := (report.Repair{Attempt: a}).Write(&b, o); err != nil {
				t.Fatal(err)
			}
			check(t, report.Format(f), b.Bytes())
		}
	})
}

// negative is a number, which is as it is also where it begins as a formula does.
var negative = regexp.MustCompile(`^[-+][0-9.]+(e[-+]?[0-9]+)?$`)

func check(t *rapid.T, f report.Format, out []byte) {
	switch f {
	case report.JSON:
		if !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
	case report.JSONL:
		for line := range bytes.Lines(out) {
			if !json.Valid(line) {
				t.Fatalf("not JSON: %s", line)
			}
		}
	case report.CSV:
		r := csv.NewReader(bytes.NewReader(out))
		for {
			cells, err := r.Read()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("not CSV: %v: %q", err, out)
			}
			for _, c := range cells {
				if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) && !negative.MatchString(c) {
					t.Fatalf("a formula: %q", c)
				}
			}
		}
	default:
		for _, r := range string(out) {
			if r != '\n' && (unicode.IsControl(r) || r >= 0x202a && r <= 0x202e) {
				t.Fatalf("%s holds %U: %q", f, r, out)
			}
		}
	}
}

func TestParseFormat(t *testing.T) {
	if f, err := report.ParseFormat("md"); f != report.Markdown || err != nil {
		t.Errorf("md is %q, %v", f, err)
	}
	if _, err := report.ParseFormat("xml"); err == nil || !strings.Contains(err.Error(), "table, json, jsonl, csv, markdown") {
		t.Errorf("xml: %v", err)
	}
}
