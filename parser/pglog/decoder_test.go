package pglog_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pgmend/pgmend/parser/pglog"
	"pgregory.net/rapid"
)

// sample is what a PostgreSQL 15 wrote while things went wrong, in one format.
func sample(t testing.TB, f pglog.Format) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "pg15."+string(f)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var formats = []pglog.Format{pglog.Stderr, pglog.CSV, pglog.JSON}

func decode(f pglog.Format, text []byte) []pglog.Framed {
	d := pglog.NewDecoder(f, pglog.Options{Prefix: samplePrefix})
	return append(d.Decode(text), d.Flush()...)
}

const samplePrefix = "%m [%p] %q%u@%d/%a "

// TestPieces: however the bytes come, the records are the same, their ranges
// follow each other, and reading again from Pending loses and doubles nothing.
// hazard: 53
func TestPieces(t *testing.T) {
	for _, f := range formats {
		t.Run(string(f), func(t *testing.T) {
			text := sample(t, f)
			whole := decode(f, text)
			rapid.Check(t, func(r *rapid.T) {
				d := pglog.NewDecoder(f, pglog.Options{Prefix: samplePrefix})
				var got []pglog.Framed
				for at := 0; at < len(text); {
					n := min(rapid.SampledFrom([]int{1, 2, 7, 100, 4096, 40000}).Draw(r, "piece"), len(text)-at)
					got = append(got, d.Decode(text[at:at+n])...)
					at += n
					if rapid.IntRange(0, 9).Draw(r, "restart") == 0 {
						at = int(d.Pending())
						d = pglog.NewDecoder(f, pglog.Options{Prefix: samplePrefix, Offset: d.Pending()})
						d.Before(text[max(0, at-1024):at])
					}
				}
				got = append(got, d.Flush()...)
				if diff := cmp.Diff(whole, got); diff != "" {
					r.Fatalf("whole and in pieces (-, +):\n%s", diff)
				}
			})
			for i := 1; i < len(whole); i++ {
				if whole[i].Start < whole[i-1].Start || f != pglog.Stderr && whole[i].Start != whole[i-1].End {
					t.Errorf("record %d is [%d, %d) after [%d, %d)", i, whole[i].Start, whole[i].End, whole[i-1].Start, whole[i-1].End)
				}
			}
		})
	}
}

// TestCut cuts a log anywhere and goes on with an intact one, as a server
// does after a crash: nothing of the intact one may be lost or changed.
func TestCut(t *testing.T) {
	for _, f := range []pglog.Format{pglog.CSV, pglog.JSON} {
		t.Run(string(f), func(t *testing.T) {
			text := sample(t, f)
			whole := decode(f, text)
			rapid.Check(t, func(r *rapid.T) {
				i := rapid.IntRange(0, len(whole)-1).Draw(r, "record")
				cut := int(whole[i].Start) + rapid.IntRange(1, int(whole[i].End-whole[i].Start)-1).Draw(r, "bytes")
				from := rapid.IntRange(0, len(whole)-1).Draw(r, "next")
				rest := text[whole[from].Start:]
				got := decode(f, append(append([]byte{}, text[:cut]...), rest...))
				want := whole[from:]
				if len(got) < i+len(want) {
					r.Fatalf("%d records, want %d before the cut and %d after", len(got), i, len(want))
				}
				for k, tail := 0, got[len(got)-len(want):]; k < len(want); k++ {
					if diff := cmp.Diff(want[k].Record, tail[k].Record); diff != "" {
						r.Fatalf("record %d after the cut at %d of %q:\n%s", k, cut-int(whole[i].Start), text[whole[i].Start:whole[i].End], diff)
					}
				}
				for k := range i {
					if diff := cmp.Diff(whole[k].Record, got[k].Record); diff != "" {
						r.Fatalf("record %d before the cut:\n%s", k, diff)
					}
				}
			})
		})
	}
}

// TestCSVCannotBeForged: what a client has logged stays inside its record,
// also when reading begins in the middle of it.
func TestCSVCannotBeForged(t *testing.T) {
	forged := `2026-11-24 14:14:38.720 UTC,"postgres","postgres",1,"[local]",6b.1,1,"SELECT",2026-11-24 14:14:38 UTC,3/1,0,ERROR,XX001,"forged",,,,,,,,,"psql","client backend",,0`
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.SliceOfN(rapid.SampledFrom([]string{forged, "\n", `"`, ",", `""`, "x", "2026-11-24 14:14:38.720 UTC,,,1,,6b.1,1,,2026-11-24 14:14:38 UTC,,0,LOG,00000,", `"forged",,,,,,,,,"","postmaster",,0`}), 1, 12).Draw(r, "text")
		message := strings.Join(text, "")
		line := `2026-11-24 14:14:38.720 UTC,"u","d",7,"[local]",6b.7,2,"SELECT",2026-11-24 14:14:38 UTC,3/1,0,ERROR,P0001,"` +
			strings.ReplaceAll(message, `"`, `""`) + `",,,,,,"SELECT 1",,,"psql","client backend",,0` + "\n"
		if message != "" {
			if got := decode(pglog.CSV, []byte(line+line)); len(got) != 2 || got[0].Message != message || got[1].Message != message {
				r.Fatalf("got %+v", got)
			}
		}
		from := rapid.IntRange(1, len(line)-1).Draw(r, "from")
		for _, got := range decode(pglog.CSV, []byte(line[from:]+line)) {
			if got.SQLState == "XX001" && !got.Forgeable || got.Message == "forged" && !got.Forgeable && message != "forged" {
				r.Fatalf("from %d: %+v", from, got)
			}
		}
	})
}

// TestGiant: one record larger than memory should hold is cut, and the next
// one is intact.
// hazard: 42
func TestGiant(t *testing.T) {
	big := strings.Repeat("0123456789abcde ", 1<<20)
	next := map[pglog.Format]string{
		pglog.Stderr: "2026-11-24 14:14:38.720 UTC [1] u@d/a ERROR:  after\n",
		pglog.CSV:    `2026-11-24 14:14:38.720 UTC,"u","d",1,"[local]",6b.1,2,"SELECT",2026-11-24 14:14:38 UTC,3/1,0,ERROR,P0001,"after",,,,,,,,,"psql","client backend",,0` + "\n",
		pglog.JSON:   `{"timestamp":"2026-11-24 14:14:38.720 UTC","pid":1,"error_severity":"ERROR","state_code":"P0001","message":"after"}` + "\n",
	}
	for _, f := range formats {
		for _, cut := range []string{"message", "whole"} {
			giant := strings.Replace(next[f], "after", "giant "+big, 1)
			if cut == "message" && f != pglog.Stderr { // a crash in the middle of it
				giant = giant[:len(giant)/2]
			}
			d := pglog.NewDecoder(f, pglog.Options{Prefix: samplePrefix})
			var got []pglog.Framed
			text := giant + next[f] + next[f]
			for len(text) > 0 {
				n := min(100_003, len(text))
				got = append(got, d.Decode([]byte(text[:n]))...)
				text = text[n:]
			}
			got = append(got, d.Flush()...)
			if len(got) < 2 || !got[0].Truncated || len(got[0].Message) > pglog.MaxText || !strings.HasPrefix(got[0].Message, "giant 0123") {
				t.Errorf("%s: %d records, the first of %d bytes, truncated %v", f, len(got), len(got[0].Message), got[0].Truncated)
				continue
			}
			if last := got[len(got)-1]; last.Message != "after" || last.Truncated {
				t.Errorf("%s: then %.100q, truncated %v", f, last.Message, last.Truncated)
			}
			if cut == "whole" && len(got) != 3 {
				t.Errorf("%s: %d records, want 3", f, len(got))
			}
		}
	}
}

// TestPrefixes reads each escape of log_line_prefix.
func TestPrefixes(t *testing.T) {
	at := time.Date(2026, 11, 24, 14, 14, 38, 720e6, time.UTC)
	whole := at.Truncate(time.Second)
	for _, c := range []struct {
		prefix, line string
		want         pglog.Record
	}{
		{"", "ERROR:  x", pglog.Record{}},
		{"%m [%p] ", "2026-11-24 14:14:38.720 UTC [7] ERROR:  x", pglog.Record{Time: at, PID: 7}},
		{"%m [%p]", "2026-11-24 11:14:38.720 -03 [7]ERROR:  x", pglog.Record{Time: at, PID: 7}},
		{"%t %u@%d %h ", "2026-11-24 15:14:38 CET a b@c@d [local] ERROR:  x", pglog.Record{Time: whole, User: "a b", Database: "c@d", Host: "[local]"}},
		{"%t:%r:%u@%d:[%p]:", "2026-11-24 14:14:38 UTC:10.0.0.1(5555):u@d:[7]:ERROR:  x", pglog.Record{Time: whole, Host: "10.0.0.1", User: "u", Database: "d", PID: 7}},
		{"%t:%r:%u@%d:[%p]:", "2026-11-24 14:14:38 UTC::@:[7]:ERROR:  x", pglog.Record{Time: whole, PID: 7}},
		{"%n %p %q%u ", "1795529678.720 7 ERROR:  x", pglog.Record{Time: at, PID: 7}},
		{"%n %p %q%u ", "1795529678.720 7 bob ERROR:  x", pglog.Record{Time: at, PID: 7, User: "bob"}},
		{"%-10u|%8p|", "bob       |       7|ERROR:  x", pglog.Record{User: "bob", PID: 7}},
		{"%c %l %e %v %x %i %Q %b %P ", "6b.1a 12 23505 3/17 0 INSERT waiting -55 client backend  ERROR:  x",
			pglog.Record{SessionID: "6b.1a", SessionLine: 12, SQLState: "23505", CommandTag: "INSERT waiting", QueryID: -55, BackendType: "client backend"}},
		{"%m %v %a: ", "2026-11-24 14:14:38.720 UTC  [unknown]: ERROR:  x", pglog.Record{Time: at}},
		{"%m %u ", "2026-11-24 14:14:38.720 UTC a] LOG:  FATAL ERROR:  x", pglog.Record{Time: at, User: "a]", Severity: "LOG", Message: "FATAL ERROR:  x"}},
		{"%%%p%% ", "%7% ERROR:  x", pglog.Record{PID: 7}},
		{"%p ", "7 FEHLER:  x bei Zeichen 12", pglog.Record{PID: 7, Position: 12}},
		{"%p ", "7 ERREUR:  x au caractère 12", pglog.Record{PID: 7, Position: 12}},
		{"%p ", "7 ERROR:  23505: x", pglog.Record{PID: 7, SQLState: "23505"}},
	} {
		c.want.Forgeable = c.want.User == "a]" // the user may be called `a] LOG:  FATAL`
		if c.want.Message == "" {
			c.want.Severity, c.want.Message = "ERROR", "x"
		}
		d := pglog.NewDecoder(pglog.Stderr, pglog.Options{Prefix: c.prefix})
		got := append(d.Decode([]byte(c.line+"\n")), d.Flush()...)
		if len(got) != 1 {
			t.Errorf("%s: %d records", c.prefix, len(got))
			continue
		}
		if diff := cmp.Diff(c.want, got[0].Record); diff != "" {
			t.Errorf("%s: %s\n%s", c.prefix, c.line, diff)
		}
	}
}

// TestZones: the abbreviation tells the two hours apart that a clock shows
// twice in autumn.
func TestZones(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	for stamp, want := range map[string]string{
		"2026-10-25 02:30:00.000 CEST": "2026-10-25T00:30:00Z", "2026-10-25 02:30:00.000 CET": "2026-10-25T01:30:00Z",
		"2026-07-01 12:00:00.000 CEST": "2026-07-01T10:00:00Z", "2026-07-01 12:00:00.000 +0530": "2026-07-01T06:30:00Z",
	} {
		d := pglog.NewDecoder(pglog.Stderr, pglog.Options{Prefix: "%m ", Location: berlin})
		got := append(d.Decode(fmt.Appendf(nil, "%s LOG:  x\n", stamp)), d.Flush()...)
		if len(got) != 1 || got[0].Time.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s: %+v", stamp, got)
		}
	}
}

// TestMixedSessions: on a bare stderr long messages of two processes mix.
func TestMixedSessions(t *testing.T) {
	text := "[1] ERROR:  one\n[2] ERROR:  two\n[1] DETAIL:  d1\n[2] DETAIL:  d2\n\tmore\n[1] STATEMENT:  s1\n[2] STATEMENT:  s2\nsh: 1: nosuch: not found\n[1] LOG:  next\n"
	d := pglog.NewDecoder(pglog.Stderr, pglog.Options{Prefix: "[%p] "})
	var got []string
	for _, r := range append(d.Decode([]byte(text)), d.Flush()...) {
		got = append(got, fmt.Sprintf("%d %s/%s/%s %v", r.PID, r.Message, r.Detail, r.Statement, r.Foreign))
	}
	want := []string{"1 one/d1/s1 false", "2 two/d2\nmore/s2 false", "0 sh: 1: nosuch: not found// true", "1 next// false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, f := range formats {
		text := sample(b, f)
		b.Run(string(f), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				decode(f, text)
			}
		})
	}
}

func BenchmarkClassify(b *testing.B) {
	records := decode(pglog.CSV, sample(b, pglog.CSV))
	for b.Loop() {
		for _, r := range records {
			pglog.Classify(r.Record)
		}
	}
	b.ReportMetric(float64(b.N*len(records))/b.Elapsed().Seconds(), "records/s")
}
