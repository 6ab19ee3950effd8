package baseline_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/ledger"
)

func sample(definition string) baseline.Schema {
	return baseline.Schema{Database: "shop", Server: "7", Version: 160004, Objects: []baseline.Object{
		{Key: baseline.Key{Kind: baseline.KindTable, Schema: "app", Name: "t"}, Owner: "o"},
		{Key: baseline.Key{Kind: baseline.KindColumn, Schema: "app", Table: "t", Name: "c"}, Owner: "o", Definition: definition, Detail: map[string]string{"position": "1"}},
	}}
}

func TestOnlyWhatWasApprovedIsTheBaseline(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	l, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := baseline.Store{Dir: dir, Ledger: l}
	if _, _, err := s.Approved(ctx, "7", "shop"); !errors.Is(err, baseline.ErrNone) {
		t.Fatal(err)
	}
	first, err := s.Capture(ctx, sample("integer"), "database", "ann")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Approved(ctx, "7", "shop"); !errors.Is(err, baseline.ErrNone) || !strings.Contains(err.Error(), first.Captured.Hash[:12]) {
		t.Fatalf("what was captured is not approved yet: %v", err)
	}
	for _, wrong := range []string{"", first.Captured.Hash[:11], strings.Repeat("0", 64)} {
		if _, err := s.Approve(ctx, wrong, "ann"); !errors.Is(err, healer.ErrNotFound) {
			t.Errorf("%q was approved: %v", wrong, err)
		}
	}
	if _, err := s.Approve(ctx, first.Captured.Hash[:12], "bob"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Approved(ctx, "8", "shop"); !errors.Is(err, baseline.ErrNone) {
		t.Errorf("it was approved for another server: %v", err)
	}
	// Another one that is captured later needs an approval of its own.
	second, err := s.Capture(ctx, sample("bigint"), "database", "ann")
	if err != nil {
		t.Fatal(err)
	}
	got, by, err := s.Approved(ctx, "7", "shop")
	if err != nil || got.Objects[1].Definition != "integer" || by.Actor != "bob" || got.Objects[1].Detail["position"] != "1" {
		t.Fatalf("%+v by %+v: %v", got, by, err)
	}
	if second.Approved.Hash != first.Captured.Hash {
		t.Error("the approval was lost")
	}
	// The file is what was approved, or nothing.
	path := filepath.Join(dir, "baseline", by.File+".jsonl")
	text, err := os.ReadFile(path) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "integer", "text", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	var refused *healer.Refusal
	if _, _, err := s.Approved(ctx, "7", "shop"); !errors.As(err, &refused) {
		t.Errorf("a changed file was read: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Approved(ctx, "7", "shop"); err == nil {
		t.Error("a file that is gone was read")
	}
}

func TestDecodeRefuses(t *testing.T) {
	good, err := baseline.Encode(sample("integer"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing": "", "another file": "{}\n", "cut": strings.Join(strings.SplitAfter(string(good), "\n")[:2], ""),
		"an unknown kind": strings.Replace(string(good), `"kind":"table"`, `"kind":"trap"`, 1), "no JSON": string(good) + "x",
		"an unknown field": strings.Replace(string(good), `"owner"`, `"run"`, 1),
	} {
		if _, err := baseline.Decode(strings.NewReader(text)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	again, err := baseline.Decode(strings.NewReader(string(good)))
	if err != nil || again.Hash() != sample("integer").Hash() {
		t.Errorf("%v", err)
	}
}
