package rules

import (
	"os"
	"strings"
	"testing"
)

// Whoever writes a rule finds every hazard in the description of the format.
func TestEveryHazardIsDescribed(t *testing.T) {
	text, err := os.ReadFile("catalog/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range hazardNames() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("rules/catalog/README.md does not name the hazard %s", name)
		}
	}
}
