package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Log is how the following of a log goes.
type Log struct {
	Path        string // as it was configured
	Behind      int64  // bytes that are in the files and not handled
	Bytes       int64  // read
	Records     int64  // handed over
	Gaps        int64  // pieces that were destroyed unread
	Missing     int64  // lines of sessions that never came
	Quarantined int64  // records that are passed over
	Unconfirmed int64  // events that a client could have forged
	Handling    time.Duration
}

// logs shows how the following of logs goes, since each was opened.
type logs struct {
	ask     func() []Log
	columns []logColumn
}

type logColumn struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(Log) float64
}

func newLogs(ask func() []Log) *logs {
	l := &logs{ask: ask}
	add := func(name, help string, kind prometheus.ValueType, of func(Log) float64) {
		l.columns = append(l.columns, logColumn{prometheus.NewDesc("pgmend_log_"+name, help, []string{"log"}, nil), kind, of})
	}
	const counter = prometheus.CounterValue
	add("lag_bytes", "What is in the log and was not handled yet.", prometheus.GaugeValue, func(l Log) float64 { return float64(l.Behind) })
	add("read_bytes_total", "What was read of the log.", counter, func(l Log) float64 { return float64(l.Bytes) })
	add("records_total", "Records of the log that were handled.", counter, func(l Log) float64 { return float64(l.Records) })
	add("gaps_total", "Pieces of the log that were destroyed before they were read.", counter, func(l Log) float64 { return float64(l.Gaps) })
	add("missing_lines_total", "Lines of sessions that never came into the log.", counter, func(l Log) float64 { return float64(l.Missing) })
	add("quarantined_total", "Records that ended the process twice and are passed over.", counter, func(l Log) float64 { return float64(l.Quarantined) })
	add("unconfirmed_total", "Events that a client could have forged, so no rule acts on them.", counter, func(l Log) float64 { return float64(l.Unconfirmed) })
	add("handling_seconds_total", "Time spent on the log's records.", counter, func(l Log) float64 { return l.Handling.Seconds() })
	return l
}

// Describe implements prometheus.Collector.
func (l *logs) Describe(out chan<- *prometheus.Desc) {
	for _, c := range l.columns {
		out <- c.desc
	}
}

// Collect implements prometheus.Collector.
func (l *logs) Collect(out chan<- prometheus.Metric) {
	for _, log := range l.ask() {
		for _, c := range l.columns {
			out <- prometheus.MustNewConstMetric(c.desc, c.kind, c.of(log), label(log.Path))
		}
	}
}
