package pglog_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pgmend/pgmend/parser/pglog"
)

// update rewrites KINDS.md, and, while the tests with servers run, the lines
// in testdata/printed: `PGMEND_MAJORS=all go test ./parser/pglog -update`.
var update = flag.Bool("update", false, "rewrite the printed lines and KINDS.md")

// unprovoked are the kinds that no test can make a server print, with why.
var unprovoked = map[pglog.Kind]string{
	pglog.WraparoundNear: "needs two thousand million transactions", pglog.DiskFull: "needs a full disk", pglog.DeadlockAvoided: "needs a lock queue in one order of many",
	pglog.AutoVacuumCanceled: "needs autovacuum in a long run at the right moment", pglog.Audit: "pgaudit is not among the servers' extensions",
	pglog.SlotInvalidated: "needs more WAL than a test should write", "ssl_error": "the servers have no certificate", "base_backup_waiting": "waits for a minute",
	"recovery_progress": "needs a recovery of ten seconds", "statistics_collector_timeout": "needs a collector that hangs, to 14", "snapshot_too_old": "waits for a minute, to 16",
	"collation_version": "needs another version of the C library", "database_dropped": "needs a standby's session in a database that goes", "authentication_timeout": "waits for a minute",
	"lock_file_exists": "goes to the second server's own output", "process_start_failed": "needs a machine out of processes", "listen_failed": "needs a taken port",
	"invalid_checkpoint": "ends the server", "standby_invalid_timeline": "needs two primaries", "synchronous_standby": "needs synchronous_standby_names",
	"trigger_exception": "PostgreSQL itself never raises it", "system_error": "needs a system call that fails", "duplicate_file": "needs a file in the way",
	"plpgsql_error": "PostgreSQL itself hardly raises it", "io_error": "needs a disk that fails", "crash_shutdown": "is sent to the client; the log has it to 13 only when it wins a race",
	"cannot_connect_now": "needs a connection at the moment of a start or a stop", "recovery_stopping": "needs a recovery target", "streaming_waiting": "needs a replay that is paused for WAL",
	"data_exception": "what is left of its code", "feature_not_supported": "what is left of its code", "redo_started": "depends on what a crash leaves to replay",
	"end_of_wal": "depends on what a crash leaves in the WAL", "configuration_error": "the server's parser says more in messages of its own",
	"restartpoint_at": "is logged at DEBUG2", pglog.WALRestored: "needs an archive",
	"base_backup_complete": "needs an archive", "autovacuum_launcher": "is logged at DEBUG1 by these versions", "configuration_limit_exceeded": "what is left of its code",
	"protocol_violation": "what is left of its code", pglog.ConnectionReady: "needs log_connections = all of 18", "internal_error": "would be a defect of the server",
	"log_destination": "is written before the collector has the log", pglog.SettingChanged: "the tests set everything on the command line", "value_too_long": "no test provokes it yet",
}

// printed are the lines that servers printed, by version and kind, each with
// the event that it must give.
type printed struct {
	mu    sync.Mutex
	found map[int]map[pglog.Kind]string
}

var collected printed //nolint:gochecknoglobals // what the tests with servers saw, for -update

// see keeps one record of each kind.
func (p *printed) see(major int, raw []byte, records []pglog.Framed) {
	if !*update {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		p.found = map[int]map[pglog.Kind]string{}
	}
	if p.found[major] == nil {
		p.found[major] = map[pglog.Kind]string{}
	}
	for _, r := range records {
		e := pglog.Classify(r.Record)
		if old, known := p.found[major][e.Kind]; e.Kind == pglog.Other || r.Foreign || r.Truncated || known && len(old) <= int(r.End-r.Start)+400 {
			continue
		}
		p.found[major][e.Kind] = entry(e, string(raw[r.Start:r.End]))
	}
}

// entry is a record in a file of printed lines, below its event.
func entry(e pglog.Event, raw string) string {
	line, err := e.MarshalJSON()
	if err != nil {
		panic(err)
	}
	return "# " + string(line) + "\n" + raw
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	collected.mu.Lock()
	defer collected.mu.Unlock()
	for major, kinds := range collected.found {
		path := printedPath(major)
		for kind, text := range readPrinted(path) {
			if kinds[kind] == "" {
				kinds[kind] = text
			}
		}
		var out strings.Builder
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			out.WriteString(kinds[kind])
		}
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func printedPath(major int) string {
	return filepath.Join("testdata", "printed", fmt.Sprintf("%d.csv", major))
}

// readPrinted reads a file of printed lines, by kind.
func readPrinted(path string) map[pglog.Kind]string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	out := map[pglog.Kind]string{}
	for part := range strings.SplitSeq("\n"+string(text), "\n# {\"kind\":\"") {
		if kind, _, ok := strings.Cut(part, `"`); ok && part != "" {
			out[pglog.Kind(kind)] = "# {\"kind\":\"" + strings.TrimSuffix(part, "\n") + "\n"
		}
	}
	return out
}

// TestPrinted reads what servers of each version printed.
func TestPrinted(t *testing.T) {
	majors := map[pglog.Kind][]int{}
	for major := 13; major <= 18; major++ {
		lines := readPrinted(printedPath(major))
		if len(lines) < 90 {
			t.Errorf("%d: only %d kinds", major, len(lines))
		}
		for kind, text := range lines {
			majors[kind] = append(majors[kind], major)
			_, raw, _ := strings.Cut(text, "\n")
			records := decode(pglog.CSV, []byte(raw))
			if len(records) != 1 {
				t.Errorf("%d %s: %d records", major, kind, len(records))
				continue
			}
			e := pglog.Classify(records[0].Record)
			if diff := cmp.Diff(text, entry(e, raw)); diff != "" {
				t.Errorf("%d: %s", major, diff)
			}
		}
	}
	known := map[pglog.Kind]bool{}
	for _, k := range pglog.Kinds() {
		known[k.Kind] = true
		if _, excused := unprovoked[k.Kind]; majors[k.Kind] == nil && !excused {
			t.Errorf("no server printed %s, and nothing says why", k.Kind)
		}
	}
	if len(known) < 109 {
		t.Errorf("%d kinds", len(known))
	}
	for kind := range unprovoked {
		if !known[kind] {
			t.Errorf("%s is excused and no kind", kind)
		}
	}
	kindsFile(t, majors)
}

// kindsFile holds KINDS.md to the kinds.
func kindsFile(t *testing.T, majors map[pglog.Kind][]int) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("# The kinds of events\n\nMade by `go test ./parser/pglog -update`. A record is of a kind by its SQLSTATE first and by its text second; `…` stands for\n" +
		"anything. The last column says which versions printed the lines in `testdata/printed` that the tests read.\n\n| kind | SQLSTATE | first message | fields | printed by |\n|---|---|---|---|---|\n")
	for _, k := range pglog.Kinds() {
		message := "any of its code"
		if len(k.Messages) > 0 {
			message = "`" + strings.ReplaceAll(strings.ReplaceAll(k.Messages[0], "|", `\|`), "\n", " ") + "`"
		}
		by := "not provoked"
		if why := unprovoked[k.Kind]; why != "" {
			by += ": " + why
		}
		if list := majors[k.Kind]; list != nil {
			by = strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ", "), "[]")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.Kind, strings.Join(k.SQLStates, ", "), message, k.Body, by)
	}
	if *update {
		if err := os.WriteFile("KINDS.md", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("KINDS.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("KINDS.md is out of date (go test ./parser/pglog -update):\n%s", diff)
	}
}
