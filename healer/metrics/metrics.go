package metrics

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pgmend/pgmend/healer"
)

// Config is what is shown.
type Config struct {
	Version string
	Actions []healer.Action                               // that are counted, from 0
	Clock   func() time.Time                              // nil: time.Now
	Recall  func(context.Context) (healer.History, error) // what stands now
	Alive   func() bool                                   // for /healthz
	Ready   func() (string, bool)                         // for /readyz: what it does, and whether it is connected
	Logs    func() []Log                                  // that are followed
}

// Metrics counts what happened. It is an observer, and an http.Handler.
type Metrics struct {
	cfg      Config
	registry *prometheus.Registry
	mux      *http.ServeMux

	transitions *prometheus.CounterVec
	repairs     *prometheus.CounterVec
	skips       *prometheus.CounterVec
	seconds     prometheus.Histogram
	cycle       *prometheus.GaugeVec
}

var _ healer.Observer = (*Metrics)(nil)

// New returns metrics.
func New(c Config) *Metrics {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		cfg: c, registry: prometheus.NewRegistry(), mux: http.NewServeMux(),
		transitions: counter("pgmend_transitions_total", "What happened, by the event's action.", "action"),
		repairs:     counter("pgmend_repairs_total", "Repairs that came to an end, by rule and how.", "rule", "outcome"),
		skips:       counter("pgmend_skips_total", "What could not be judged, by rule and reason.", "rule", "reason"),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pgmend_repair_duration_seconds", Help: "How long repairs took, from the intent to their end.",
			Buckets: []float64{.1, 1, 10, 60, 600, 3600, 4 * 3600},
		}),
		cycle: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pgmend_last_cycle_timestamp_seconds", Help: "When a cycle was last completed: the heartbeat.",
		}, []string{"database"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pgmend_build_info", Help: "The version that runs; always 1.", ConstLabels: prometheus.Labels{"version": c.Version},
	})
	info.Set(1)
	m.registry.MustRegister(
		info, m.transitions, m.repairs, m.skips, m.seconds, m.cycle, &standing{m.cfg},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if c.Logs != nil {
		m.registry.MustRegister(newLogs(c.Logs))
	}
	for _, action := range c.Actions {
		m.transitions.WithLabelValues(string(action)) // a counter that appears with 1 has not increased
	}
	m.mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: 4, Timeout: 10 * time.Second, ErrorHandling: promhttp.ContinueOnError,
	}))
	m.mux.HandleFunc("GET /healthz", m.healthz)
	m.mux.HandleFunc("GET /readyz", m.readyz)
	return m
}

// ServeHTTP implements http.Handler: /metrics, /healthz and /readyz.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

// healthz says whether the daemon's loops were heard of in time. That
// PostgreSQL is away is no reason to restart the daemon.
func (m *Metrics) healthz(w http.ResponseWriter, _ *http.Request) {
	if m.cfg.Alive != nil && !m.cfg.Alive() {
		http.Error(w, "something hangs; the log says what", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// readyz says whether the daemon is connected, and looks after the databases.
func (m *Metrics) readyz(w http.ResponseWriter, _ *http.Request) {
	if m.cfg.Ready == nil {
		_, _ = io.WriteString(w, "ok\n")
		return
	}
	text, ready := m.cfg.Ready()
	if !ready {
		http.Error(w, text, http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, text+"\n")
}

// Observe implements healer.Observer.
func (m *Metrics) Observe(_ context.Context, t healer.Transition) {
	m.transitions.WithLabelValues(string(t.Action)).Inc()
	switch t.Action {
	case healer.CycleCompleted:
		m.cycle.WithLabelValues(label(t.Database)).Set(float64(t.At.Unix()))
	case healer.RuleSkipped:
		if t.Skip != nil {
			m.skips.WithLabelValues(label(t.Skip.Rule), string(t.Skip.Reason)).Inc()
		}
	case healer.RepairVerified, healer.RepairFailed, healer.RepairDeferred, healer.RepairInterrupted, healer.RepairUndone:
		if t.Attempt == nil {
			return
		}
		_, outcome, _ := strings.Cut(string(t.Action), ".")
		m.repairs.WithLabelValues(label(t.Attempt.Plan.Finding.Rule), outcome).Inc()
		if t.Action == healer.RepairVerified || t.Action == healer.RepairFailed {
			m.seconds.Observe(t.At.Sub(t.Attempt.Started).Seconds())
		}
	}
}

// label makes a name fit to be a label: the library panics at one that is not
// UTF-8, and a database in SQL_ASCII may be called anything.
func label(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// standing shows what stands now, as the ledger has it.
type standing struct{ cfg Config }

func findings() *prometheus.Desc {
	return prometheus.NewDesc("pgmend_findings", "Findings that stand, by rule, severity and status.", []string{"rule", "severity", "status"}, nil)
}

func waiting() *prometheus.Desc {
	return prometheus.NewDesc("pgmend_plans_awaiting_approval", "Plans of high risk that nobody has answered.", nil, nil)
}

func paused() *prometheus.Desc {
	return prometheus.NewDesc("pgmend_paused", "Whether all repairs are paused.", nil, nil)
}

func connected() *prometheus.Desc {
	return prometheus.NewDesc("pgmend_connected", "Whether the daemon is connected to PostgreSQL.", nil, nil)
}

// Describe implements prometheus.Collector.
func (s *standing) Describe(out chan<- *prometheus.Desc) {
	out <- findings()
	out <- waiting()
	out <- paused()
	out <- connected()
}

// Collect implements prometheus.Collector.
func (s *standing) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if s.cfg.Ready != nil {
		_, ready := s.cfg.Ready()
		gauge(connected(), number(ready))
	}
	if s.cfg.Recall == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	h, err := s.cfg.Recall(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(findings(), err)
		return
	}
	now := s.cfg.Clock()
	gauge(paused(), number(h.Control.Pauses(now)))
	type kind struct{ rule, severity, status string }
	count := make(map[kind]int)
	for _, f := range h.Findings {
		if f.Status != healer.Resolved {
			count[kind{label(f.Rule), string(f.Severity), string(f.Status)}]++
		}
	}
	for k, n := range count {
		gauge(findings(), float64(n), k.rule, k.severity, k.status)
	}
	gauge(waiting(), float64(len(healer.Answerable(h.Findings, h.Proposals, now))))
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
