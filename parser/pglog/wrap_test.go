package pglog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/pgmend/pgmend/parser/pglog"
)

// wrapping carries the server's lines as another program does.
type wrapping struct {
	name   string
	format pglog.Format
	wrap   func(t testing.TB, records []pglog.Framed, text []byte) string
}

// syslogChunks cuts a message as the server's write_syslog does: at newlines,
// whose tab stays, and before a word at 900 bytes.
func syslogChunks(message string) (out []string) {
	if len(message) <= 900 && !strings.Contains(message, "\n") {
		return []string{message}
	}
	for message != "" {
		if message[0] == '\n' {
			message = message[1:]
			continue
		}
		line, _, _ := strings.Cut(message, "\n")
		n := min(len(line), 900)
		if n < len(line) {
			for n > 1 && line[n]&0xC0 == 0x80 {
				n--
			}
			if space := strings.LastIndexAny(line[:n], " \t"); line[n] != ' ' && space > 0 {
				n = space
			}
		}
		out = append(out, line[:n])
		message = message[n:]
	}
	return out
}

// eachMessage calls with the text of each message, which may have lines of
// DETAIL and so on, without its last newline.
func eachMessage(records []pglog.Framed, text []byte, call func(i int, r pglog.Framed, message string)) {
	for i, r := range records {
		call(i, r, strings.TrimRight(string(text[r.Start:r.End]), "\n"))
	}
}

func quoteJSON(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

// bySyslog has a header before each chunk.
func bySyslog(header func(pid int) string, tab string, numbered bool) func(testing.TB, []pglog.Framed, []byte) string {
	return func(_ testing.TB, records []pglog.Framed, text []byte) string {
		var b strings.Builder
		seq := map[int]int{}
		eachMessage(records, text, func(_ int, r pglog.Framed, message string) {
			seq[r.PID]++
			for n, chunk := range syslogChunks(message) {
				if rest, found := strings.CutPrefix(chunk, "\t"); found {
					chunk = tab + rest
				}
				b.WriteString(header(r.PID))
				if numbered {
					fmt.Fprintf(&b, "[%d-%d] ", seq[r.PID], n+1)
				}
				b.WriteString(chunk + "\n")
			}
		})
		return b.String()
	}
}

// byLineOf wraps every line.
func byLineOf(wrap func(t testing.TB, line string) string) func(testing.TB, []pglog.Framed, []byte) string {
	return func(t testing.TB, _ []pglog.Framed, text []byte) string {
		var b strings.Builder
		for line := range strings.Lines(string(text)) {
			b.WriteString(wrap(t, strings.TrimRight(line, "\n")))
		}
		return b.String()
	}
}

func byMessage(wrap func(t testing.TB, i int, message string) string) func(testing.TB, []pglog.Framed, []byte) string {
	return func(t testing.TB, records []pglog.Framed, text []byte) string {
		var b strings.Builder
		eachMessage(records, text, func(i int, _ pglog.Framed, message string) { b.WriteString(wrap(t, i, message)) })
		return b.String()
	}
}

var wrappings = []wrapping{
	{"rfc3164", pglog.Syslog, bySyslog(func(pid int) string { return fmt.Sprintf("Nov 24 14:14:38 db1 postgres[%d]: ", pid) }, "\t", true)},
	{"rsyslog", pglog.Syslog, bySyslog(func(pid int) string { return fmt.Sprintf("2026-11-24T14:14:38.720+00:00 db1 postgres[%d]: ", pid) }, "#011", true)},
	{"unnumbered", pglog.Syslog, bySyslog(func(pid int) string { return fmt.Sprintf("<134>Nov 24 14:14:38 db1 postgres[%d]: ", pid) }, "#011", false)},
	{"rfc5424", pglog.Syslog, bySyslog(func(pid int) string {
		return fmt.Sprintf(`<134>1 2026-11-24T14:14:38.720Z db1 postgres %d - [x@1 a="]\" [1-1]"] `, pid)
	}, "#011", true)},
	{"rfc5424 without data", pglog.Syslog, bySyslog(func(pid int) string { return fmt.Sprintf("<134>1 2026-11-24T14:14:38.720Z db1 postgres %d - - ", pid) }, "\t", true)},
	{"not split", pglog.Syslog, func(_ testing.TB, records []pglog.Framed, text []byte) string {
		var b strings.Builder
		eachMessage(records, text, func(i int, r pglog.Framed, message string) {
			fmt.Fprintf(&b, "Nov 24 14:14:38 db1 postgres[%d]: [%d-1] %s\n", r.PID, i+1, strings.NewReplacer("\n", "#012", "\t", "#011").Replace(message))
		})
		return b.String()
	}},
	{"logplex", pglog.Syslog, bySyslog(func(pid int) string {
		return fmt.Sprintf("2026-11-24T14:14:38.720000+00:00 app[postgres.%d]: [DATABASE_URL] ", pid)
	}, "\t", true)},
	{"cloudwatch", pglog.CloudWatch, byLineOf(func(_ testing.TB, line string) string {
		if strings.HasPrefix(line, "\t") { // an event's further lines come bare
			return line + "\n"
		}
		return "2026-11-24T14:14:38.720Z " + line + "\n"
	})},
	{"cri", pglog.CRI, byLineOf(func(_ testing.TB, line string) string {
		var b strings.Builder
		for len(line) > 300 {
			b.WriteString("2026-11-24T14:14:38.720000000Z stderr P " + line[:300] + "\n")
			line = line[300:]
		}
		return b.String() + "2026-11-24T14:14:38.720000000Z stderr F " + line + "\n"
	})},
	{"docker", pglog.Docker, byLineOf(func(t testing.TB, line string) string {
		return `{"log":` + quoteJSON(t, line+"\n") + `,"stream":"stderr","time":"2026-11-24T14:14:38.720000000Z"}` + "\n"
	})},
	{"cloudsql", pglog.CloudSQL, byMessage(func(t testing.TB, i int, message string) string {
		return fmt.Sprintf(`{"insertId":"%d","labels":{"a":["}"]},"textPayload":%s,"timestamp":"2026-11-24T14:14:38.720Z"}`+"\n", i, quoteJSON(t, message))
	})},
	{"cloudsql, printed", pglog.CloudSQL, func(t testing.TB, records []pglog.Framed, text []byte) string {
		var b strings.Builder
		b.WriteString("[\n")
		eachMessage(records, text, func(i int, _ pglog.Framed, message string) {
			fmt.Fprintf(&b, "  {\n    \"resource\": {\n      \"type\": \"cloudsql_database\"\n    },\n    \"textPayload\": %s,\n    \"timestamp\": \"2026-11-24T14:14:38.720Z\"\n  }", quoteJSON(t, message))
			if i < len(records)-1 {
				b.WriteString(",")
			}
			b.WriteString("\n")
		})
		return b.String() + "]\n"
	}},
	{"azure", pglog.Azure, byMessage(func(t testing.TB, _ int, message string) string {
		return `{"time":"2026-11-24T14:14:38Z","category":"PostgreSQLLogs","properties":{"errorLevel":"LOG","processId":1,"message":` + quoteJSON(t, message) + `}}` + "\n"
	})},
}

// plain drops what only the file has, and what a wrapper takes from what is
// known of it.
func plain(records []pglog.Framed) (out []pglog.Record) {
	for _, r := range records {
		r.Forgeable = false
		out = append(out, r.Record)
	}
	return out
}

// TestWrapped: what others wrap around the server's lines is taken off again,
// also in pieces and in blocks.
func TestWrapped(t *testing.T) {
	text := sample(t, pglog.Stderr)
	records := decode(pglog.Stderr, text)
	want := plain(records)
	for _, w := range wrappings {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			log := w.wrap(t, records, text)
			if got := pglog.Detect([]byte(log)); got != w.format {
				t.Fatalf("detected %s, want %s", got, w.format)
			}
			d := pglog.NewDecoder(w.format, pglog.Options{Prefix: samplePrefix})
			var got []pglog.Framed
			for rest := log; rest != ""; {
				n := min(1500, len(rest))
				got = append(got, d.Decode([]byte(rest[:n]))...)
				rest = rest[n:]
			}
			got = append(got, d.Flush()...)
			if diff := cmp.Diff(want, plain(got)); diff != "" {
				t.Fatalf("in pieces (-, +):\n%.3000s", diff)
			}
			for _, r := range got { // only the server's own numbers tell its lines from a client's
				if numbered := w.format == pglog.Syslog && w.name != "unnumbered"; r.Forgeable == numbered {
					t.Errorf("forgeable: %v: %s", r.Forgeable, r.Message)
				}
			}
			found, got := scan(t, pglog.Scan{BlockSize: 30_000}, iotest.HalfReader(strings.NewReader(log)))
			if diff := cmp.Diff(want, plain(got)); diff != "" {
				t.Fatalf("in blocks, with prefix %q (-, +):\n%.3000s", found.Prefix, diff)
			}
		})
	}
}

// cnpg writes records as CloudNativePG does: csvlog's columns, as members of
// an object; between them something of its own.
func cnpg(t testing.TB, records []pglog.Record) string {
	t.Helper()
	columns := []string{"log_time", "user_name", "database_name", "process_id", "connection_from", "session_id", "session_line_num", "command_tag",
		"session_start_time", "virtual_transaction_id", "transaction_id", "error_severity", "sql_state_code", "message", "detail", "hint",
		"internal_query", "internal_query_pos", "context", "query", "query_pos", "location", "application_name", "backend_type", "leader_pid", "query_id"}
	var b strings.Builder
	for i, r := range records {
		m := map[string]any{}
		for j, v := range []any{r.Time.Format("2006-01-02 15:04:05.000 UTC"), r.User, r.Database, r.PID, r.Host, r.SessionID, r.SessionLine, r.CommandTag, "", "", 0,
			r.Severity, r.SQLState, r.Message, r.Detail, r.Hint, r.Query, 0, r.Context, r.Statement, r.Position, r.Location, r.App, r.BackendType, 0, r.QueryID} {
			if s := fmt.Sprint(v); s != "" {
				m[columns[j]] = s
			}
		}
		line, err := json.Marshal(map[string]any{"msg": "record", "record": m, "ts": "2026-11-24T14:14:38Z"})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, `{"level":"info","logger":"postgres",%s`+"\n", line[1:])
		if i == 3 {
			b.WriteString(`{"level":"info","ts":"2026-11-24T14:14:38Z","logger":"instance-manager","msg":"it says something of its own"}` + "\n")
		}
	}
	return b.String()
}

// TestCNPG: CloudNativePG carries csvlog's columns.
func TestCNPG(t *testing.T) {
	want := plain(decode(pglog.CSV, sample(t, pglog.CSV)))
	log := cnpg(t, want)
	if got := pglog.Detect([]byte(log)); got != pglog.CNPG {
		t.Fatalf("detected %s", got)
	}
	_, got := scan(t, pglog.Scan{BlockSize: 30_000}, strings.NewReader(log))
	var own []pglog.Framed
	for _, r := range got {
		if !r.Foreign {
			own = append(own, r)
		}
	}
	if len(got) != len(own)+1 {
		t.Errorf("%d records of others, want 1", len(got)-len(own))
	}
	if diff := cmp.Diff(want, plain(own)); diff != "" {
		t.Errorf("%.3000s", diff)
	}
}

// TestSyslogOutOfOrder: chunks that overtake each other, and those of two
// processes that mix, find their messages; one that is missing is told.
func TestSyslogOutOfOrder(t *testing.T) {
	line := func(pid, seq, chunk int, text string) string {
		return fmt.Sprintf("Nov 24 14:14:38 db1 postgres[%d]: [%d-%d] %s\n", pid, seq, chunk, text)
	}
	log := line(1, 5, 2, "#011b") + line(2, 9, 1, "ERROR:  two") + line(1, 5, 1, "ERROR:  a") + line(1, 5, 4, "DETAIL:  d") + line(2, 9, 2, " words") +
		line(1, 5, 3, "c") + line(3, 1, 2, "STATEMENT:  lost its beginning") + "Nov 24 14:14:39 db1 kernel: nothing of ours\n" + line(1, 6, 1, "LOG:  next")
	want := []string{"1 ERROR/a\nbc/d/ false", "2 ERROR/two words// false", "3 ///lost its beginning true", "0 /Nov 24 14:14:39 db1 kernel: nothing of ours// false", "1 LOG/next// false"}
	d := pglog.NewDecoder(pglog.Syslog, pglog.Options{})
	var got []string
	for _, r := range append(d.Decode([]byte(log)), d.Flush()...) {
		got = append(got, fmt.Sprintf("%d %s/%s/%s/%s %v", r.PID, r.Severity, r.Message, r.Detail, r.Statement, r.Truncated))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAzureDetail: Azure keeps the level and the DETAIL apart from the text.
func TestAzureDetail(t *testing.T) {
	log := `{"time":"2026-11-24T14:14:38Z","properties":{"timestamp":"2026-11-24 14:14:38.720 UTC","processId":77,"errorLevel":"ERROR","sqlerrcode":"23505",` +
		`"message":"2026-11-24 14:14:38 UTC-6b0649a6.4d-ERROR:  duplicate key value violates unique constraint \"k\"","detail":"Key (a)=(1) already exists."}}` + "\n" +
		`{"time":"2026-11-24T14:14:39Z","properties":{"errorLevel":"LOG","processId":78,"message":"checkpoint starting: time","detail":""}}` + "\n"
	_, got := scan(t, pglog.Scan{}, strings.NewReader(log))
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	e := pglog.Classify(got[0].Record)
	if v, ok := e.Body.(*pglog.Violation); e.Kind != pglog.UniqueViolation || !ok || v.Constraint != "k" || len(v.Columns) != 1 || got[0].PID != 77 {
		t.Errorf("%+v %+v", e, e.Body)
	}
	if got[1].Severity != "LOG" || got[1].Message != "checkpoint starting: time" || got[1].PID != 78 || got[1].Time.IsZero() {
		t.Errorf("%+v", got[1])
	}
}
