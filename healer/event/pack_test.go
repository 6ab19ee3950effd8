package event

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Every pack can be written, and names every event that alerts: one that is
// added to the catalogue is in all of them.
func TestPacksNameEveryAlert(t *testing.T) {
	for _, p := range Packs() {
		text, err := Export(p.Name)
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		if strings.Contains(text, "<<") || strings.Contains(text, ">>") {
			t.Errorf("%s holds a piece of its template", p.Name)
		}
		var doc any
		switch filepath.Ext(p.File) {
		case ".json":
			err = json.Unmarshal([]byte(text), &doc)
		case ".yaml":
			err = yaml.Unmarshal([]byte(text), &doc)
		}
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if p.Name == "grafana" {
			continue
		}
		for _, e := range Catalogue() {
			if e.Alert() != "" && !strings.Contains(text, e.Code) {
				t.Errorf("%s does not name %s", p.Name, e.Code)
			}
		}
	}
	if _, err := Export("nagios"); err == nil {
		t.Error("a pack that does not exist is exported")
	}
}

// The expressions of alerts and the dashboard name metrics that there are.
func TestPacksNameMetricsThatThereAre(t *testing.T) {
	source, err := os.ReadFile("../metrics/metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, pack := range []string{"prometheus", "grafana"} {
		text, err := Export(pack)
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile(`\bpgmend_[a-z_]+`).FindAllString(text, -1)
		if len(names) < 8 {
			t.Errorf("%s names %d metrics", pack, len(names))
		}
		for _, name := range names {
			if !strings.Contains(string(source), `"`+strings.TrimSuffix(name, "_bucket")+`"`) {
				t.Errorf("%s names %s, which is no metric", pack, name)
			}
		}
	}
}
