package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/rules"
)

func TestABrokenCheckStopsNoOther(t *testing.T) {
	list := examine(t.Context(), []examination{
		{"first", func(context.Context) report.Check { panic("broken") }},
		{"second", func(context.Context) report.Check { return report.Check{Status: fine} }},
	})
	if len(list) != 2 || list[0].Name != "first" || list[0].Status != failed || !strings.Contains(list[0].Detail, "broken") ||
		list[1].Name != "second" || list[1].Status != fine {
		t.Errorf("%+v", list)
	}
}

// doctor runs the command and returns its checks by name.
func doctor(t *testing.T, config string) (code int, checks map[string]report.Check) {
	t.Helper()
	stdout, stderr := new(output), new(output)
	code = Main(t.Context(), []string{"doctor", "--config", config, "--output", "json"}, func(string) string { return "" }, strings.NewReader(""), stdout, stderr)
	var doc struct{ Checks []report.Check }
	if err := json.Unmarshal([]byte(stdout.String()), &doc); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	checks = make(map[string]report.Check)
	for _, c := range doc.Checks {
		checks[c.Name] = c
	}
	return code, checks
}

// The roles of setup sql are enough; what is missing is named with its fix.
func TestDoctor(t *testing.T) {
	h := newHost(t, "SELECT")
	code, checks := doctor(t, h.config)
	if code != exitOK {
		t.Errorf("exit code %d", code)
	}
	for name, want := range map[string]string{
		"configuration": fine, "state directory": warned, "daemon": warned, "connection": fine, "grants": fine,
		"healer": fine, "log": fine, "log settings": warned, "extensions": warned, "clock": fine, "AI": fine,
	} {
		if c := checks[name]; c.Status != want || c.Status != fine && c.Fix == "" {
			t.Errorf("%s: %+v, want %s", name, c, want)
		}
	}
	if c := checks["log settings"]; !strings.Contains(c.Fix, "ALTER SYSTEM SET log_lock_waits = on; ") || !strings.HasSuffix(c.Fix, " SELECT pg_reload_conf();") {
		t.Errorf("log settings: %+v", c)
	}
	text, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	for edit, want := range map[string]struct{ check, fix string }{
		"_observer}=_owner}":   {"grants", "GRANT pg_monitor TO"},
		"_observer}=_nobody}":  {"connection", "pgmend setup sql"},
		"_healer}=_nobody}":    {"healer", "pgmend setup sql"},
		"mode: heal=mode: fix": {"configuration", "config check"},
	} {
		from, to, _ := strings.Cut(edit, "=")
		other := filepath.Join(h.dir, "other.yaml")
		if err := os.WriteFile(other, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		code, checks := doctor(t, other)
		if c := checks[want.check]; code != exitError1 || c.Status != failed || !strings.Contains(c.Fix, want.fix) {
			t.Errorf("%s: exit code %d, %+v", edit, code, c)
		}
		if len(checks) != 12 {
			t.Errorf("%s: only %d checks", edit, len(checks))
		}
	}
}

// The AI is looked for, and sent nothing: neither a request nor its key.
func TestDoctorLooksForTheAI(t *testing.T) {
	var requests atomic.Int64
	listening := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer listening.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"key": 0o400, "open": 0o644, "empty": 0o400} {
		text := []byte("k\n")
		if name == "empty" {
			text = nil
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		ai           config.AI
		status, says string
	}{
		"none":          {config.AI{}, fine, "none is configured"},
		"there":         {config.AI{URL: listening.URL + "/v1", Model: "m", KeyFile: filepath.Join(dir, "key"), Budget: 7}, fine, "7 requests a day"},
		"gone":          {config.AI{URL: gone.URL, Model: "m"}, failed, "refused"},
		"no TLS":        {config.AI{URL: strings.Replace(listening.URL, "http:", "https:", 1), Model: "m"}, failed, "TLS"},
		"an open key":   {config.AI{URL: listening.URL, Model: "m", KeyFile: filepath.Join(dir, "open")}, failed, "anybody can read"},
		"a missing key": {config.AI{URL: listening.URL, Model: "m", KeyFile: filepath.Join(dir, "none")}, failed, "no such file"},
		"an empty key":  {config.AI{URL: listening.URL, Model: "m", KeyFile: filepath.Join(dir, "empty")}, failed, "is empty"},
	} {
		p := &patient{app: &app{conf: &config.Config{Guidance: config.Guidance{AI: c.ai}}}}
		got := p.ai(t.Context())
		if got.Status != c.status || !strings.Contains(got.Detail, c.says) || got.Status == failed && got.Fix == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("it was sent %d requests", n)
	}
}

func TestNagiosVerdict(t *testing.T) {
	now := time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)
	well := &report.Daemon{Started: now.Add(-24 * time.Hour), LastCycle: now.Add(-time.Minute), State: "heal; connected, 1 databases"}
	finding := func(s rules.Severity, status healer.Status) healer.Finding {
		return healer.Finding{ID: "F", Severity: s, Status: status}
	}
	for name, c := range map[string]struct {
		history healer.History
		daemon  *report.Daemon
		code    int
		says    string
	}{
		"well":       {healer.History{}, well, nagiosOK, "PGMEND OK - nothing to do | findings=0;;;0 critical=0;;;0 waiting=0;;;0 cycle_age=60s;;3600;0"},
		"no daemon":  {healer.History{}, nil, nagiosCritical, "no daemon answers"},
		"stale":      {healer.History{}, &report.Daemon{LastCycle: now.Add(-2 * time.Hour)}, nagiosCritical, "no cycle was completed for 1h0m0s"},
		"just begun": {healer.History{}, &report.Daemon{Started: now, State: "waiting for PostgreSQL: a|b"}, nagiosWarning, "waiting for PostgreSQL: a/b |"},
		"a finding":  {healer.History{Findings: []healer.Finding{finding(rules.Warning, healer.Open)}}, well, nagiosWarning, "1 findings | findings=1"},
		"critical": {healer.History{Findings: []healer.Finding{finding(rules.Warning, healer.Open), finding(rules.Critical, healer.Open)}},
			well, nagiosCritical, "1 critical findings, 1 findings"},
		"resolved and muted": {healer.History{Findings: []healer.Finding{finding(rules.Critical, healer.Resolved), finding(rules.Critical, healer.Muted)}},
			well, nagiosOK, "nothing to do"},
		"paused": {healer.History{Control: healer.Control{Paused: true, Actor: "ada"}}, well, nagiosWarning, "paused by ada"},
	} {
		code, line := verdict(c.history, c.daemon, now, time.Hour)
		if code != c.code || !strings.Contains(line, c.says) || strings.Count(line, "|") != 1 {
			t.Errorf("%s: %d %s", name, code, line)
		}
	}
}
