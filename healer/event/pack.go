package event

import (
	"embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"text/template"

	"github.com/pgmend/pgmend/healer"
)

//go:embed packs
var packs embed.FS

// Pack is alerts for one receiver of logs or metrics.
type Pack struct {
	Name string // as alerts export takes it
	File string // that it is written to
	For  string // what it is for
}

// Packs lists them.
func Packs() []Pack {
	return []Pack{
		{"rsyslog", "60-pgmend.conf", "rsyslog: a file of alerts, and where to send them on"},
		{"syslog-ng", "pgmend.conf", "syslog-ng: the same"},
		{"prometheus", "pgmend-rules.yaml", "Prometheus: alert rules over pgmend's metrics, with a dead man's switch"},
		{"loki", "pgmend-loki.yaml", "Loki's ruler: alert rules over the log, with a dead man's switch"},
		{"vector", "pgmend-vector.yaml", "Vector: the journal, parsed, its alerts set apart"},
		{"otel", "pgmend-otel.yaml", "OpenTelemetry Collector: the journal as log records"},
		{"grafana", "pgmend-dashboard.json", "Grafana: a dashboard over the metrics"},
		{"schema", "pgmend-event.schema.json", "the JSON Schema of a line"},
	}
}

// Alert is how urgent an event is to a person: critical, warning, or "" for
// one that only tells.
func (e Event) Alert() string {
	switch {
	case e.Level >= slog.LevelError:
		return "critical"
	case e.Level >= slog.LevelWarn:
		return "warning"
	}
	return ""
}

// Export returns the text of a pack.
func Export(name string) (string, error) {
	i := slices.IndexFunc(Packs(), func(p Pack) bool { return p.Name == name })
	switch {
	case i < 0:
		var names []string
		for _, p := range Packs() {
			names = append(names, p.Name)
		}
		return "", fmt.Errorf("there are no alerts for %q; one of %s", name, strings.Join(names, ", "))
	case name == "schema":
		text, err := Schema()
		return string(text) + "\n", err
	}
	// Grafana and Prometheus use braces of their own.
	t, err := template.New(Packs()[i].File).Delims("<<", ">>").Funcs(template.FuncMap{
		"quote": quote, "codes": codes,
	}).ParseFS(packs, "packs/"+Packs()[i].File)
	if err != nil {
		return "", err
	}
	var alerts []Event
	for _, e := range Catalogue() {
		if e.Alert() != "" {
			alerts = append(alerts, e)
		}
	}
	var out strings.Builder
	err = t.Execute(&out, map[string]any{"Alerts": alerts, "Heartbeat": byAction()[healer.CycleCompleted].Code})
	return out.String(), err
}

// codes joins the codes of events.
func codes(list []Event, around, between string) string {
	var out []string
	for _, e := range list {
		out = append(out, around+e.Code+around)
	}
	return strings.Join(out, between)
}

// quote writes a text as JSON does, which YAML reads too.
func quote(s string) (string, error) {
	text, err := json.Marshal(s)
	return string(text), err
}
