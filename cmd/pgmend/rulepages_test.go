package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRulePages holds docs/rules to the catalogue; make docs writes them.
func TestRulePages(t *testing.T) {
	const dir = "../../docs/rules"
	pages, err := rulePages()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%v; make docs writes it", err)
			continue
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is not what make docs writes (-want +got):\n%s", name, diff)
		}
	}
	there, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(there) != len(pages) {
		t.Errorf("%d pages are there and %d are generated: %v", len(there), len(pages), err)
	}
}
