package metrics

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/pgmend/pgmend/healer"
)

// scrape returns what a path answers.
func scrape(t *testing.T, m *Metrics, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestWhatHappenedIsCounted(t *testing.T) {
	now := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	m := New(Config{
		Version: "v1", Actions: []healer.Action{healer.RepairUndone}, Clock: func() time.Time { return now },
		Ready: func() (string, bool) { return "connected", true },
		Logs:  func() []Log { return []Log{{Path: "/log/\xff*.csv", Behind: 7, Missing: 2, Handling: time.Second}} },
		Recall: func(context.Context) (healer.History, error) {
			return healer.History{
				Findings: []healer.Finding{
					{Rule: "index/invalid", Severity: "warning", Status: healer.Open},
					{Rule: "index/invalid", Severity: "warning", Status: healer.Open},
					{Rule: "index/invalid", Severity: "warning", Status: healer.Resolved},
				},
				Control: healer.Control{Paused: true},
			}, nil
		},
	})
	attempt := &healer.Attempt{Started: now.Add(-2 * time.Second)}
	attempt.Plan.Finding.Rule = "index/invalid"
	for _, tr := range []healer.Transition{
		{Action: healer.CycleCompleted, At: now, Database: "sh\xffop"}, // not UTF-8
		{Action: healer.RepairVerified, At: now, Attempt: attempt},
		{Action: healer.RepairFailed, At: now, Attempt: attempt},
		{Action: healer.RepairFailed, At: now, Attempt: attempt},
		{Action: healer.RuleSkipped, At: now, Skip: &healer.Skip{Rule: "sequence/behind", Reason: healer.Blind}},
		{Action: healer.RepairVerified, At: now}, // of an older daemon, without the attempt
	} {
		m.Observe(t.Context(), tr)
	}
	code, text := scrape(t, m, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("%d: %s", code, text)
	}
	for _, want := range []string{
		"pgmend_build_info{version=\"v1\"} 1",
		"pgmend_log_lag_bytes{log=\"/log/\uFFFD*.csv\"} 7", "pgmend_log_missing_lines_total{log=\"/log/\uFFFD*.csv\"} 2",
		"pgmend_log_handling_seconds_total{log=\"/log/\uFFFD*.csv\"} 1",
		"pgmend_last_cycle_timestamp_seconds{database=\"sh\uFFFDop\"} 1.7955756e+09",
		`pgmend_repairs_total{outcome="verified",rule="index/invalid"} 1`,
		`pgmend_repairs_total{outcome="failed",rule="index/invalid"} 2`,
		`pgmend_repair_duration_seconds_bucket{le="1"} 0`,
		`pgmend_repair_duration_seconds_bucket{le="10"} 3`,
		`pgmend_skips_total{reason="blind",rule="sequence/behind"} 1`,
		`pgmend_transitions_total{action="repair.verified"} 2`, `pgmend_transitions_total{action="repair.undone"} 0`,
		`pgmend_findings{rule="index/invalid",severity="warning",status="open"} 2`,
		"pgmend_paused 1", "pgmend_connected 1", "pgmend_plans_awaiting_approval 0", "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
}

func TestAScrapeOutlivesALedgerThatFails(t *testing.T) {
	m := New(Config{Recall: func(context.Context) (healer.History, error) { return healer.History{}, errors.New("disk full") }})
	m.Observe(t.Context(), healer.Transition{Action: healer.CycleStarted})
	code, text := scrape(t, m, "/metrics")
	if code != http.StatusOK || !strings.Contains(text, `pgmend_transitions_total{action="cycle.started"} 1`) || strings.Contains(text, "pgmend_findings{") {
		t.Errorf("%d: %s", code, text)
	}
}

func TestHealth(t *testing.T) {
	alive, ready := true, false
	m := New(Config{
		Alive: func() bool { return alive }, Ready: func() (string, bool) { return "waiting for PostgreSQL", ready },
	})
	for _, step := range []struct {
		path string
		code int
		text string
	}{
		{"/healthz", http.StatusOK, "ok"}, {"/readyz", http.StatusServiceUnavailable, "waiting for PostgreSQL"}, {"/nothing", http.StatusNotFound, ""},
	} {
		if code, text := scrape(t, m, step.path); code != step.code || !strings.Contains(text, step.text) {
			t.Errorf("%s: %d %s", step.path, code, text)
		}
	}
	alive, ready = false, true
	if code, _ := scrape(t, m, "/healthz"); code != http.StatusServiceUnavailable {
		t.Errorf("a daemon that hangs is well: %d", code)
	}
	if code, _ := scrape(t, m, "/readyz"); code != http.StatusOK {
		t.Errorf("a connected daemon is not ready: %d", code)
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/metrics", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}
