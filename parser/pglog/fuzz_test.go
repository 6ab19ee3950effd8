package pglog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pgmend/pgmend/parser/pglog"
)

// fuzz decodes a text in one piece and in many, which must not matter.
func fuzz(f *testing.F, format pglog.Format, prefix string, seeds ...[]byte) {
	for _, text := range seeds {
		f.Add(text[:min(len(text), 4000)], 17)
		f.Add(text[min(100, len(text)):min(len(text), 2500)], 1)
	}
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		piece = max(1, min(piece, 1<<16))
		o := pglog.Options{Prefix: prefix}
		d := pglog.NewDecoder(format, o)
		whole := append(d.Decode(text), d.Flush()...)
		d = pglog.NewDecoder(format, o)
		var got []pglog.Framed
		for at := 0; at < len(text); at += piece {
			got = append(got, d.Decode(text[at:min(len(text), at+piece)])...)
		}
		got = append(got, d.Flush()...)
		if diff := cmp.Diff(whole, got); diff != "" {
			t.Fatal(diff)
		}
		for _, r := range got {
			if r.Start < 0 || r.End <= r.Start || r.End > int64(len(text)) {
				t.Fatalf("range [%d, %d) of %d bytes", r.Start, r.End, len(text))
			}
			if _, err := pglog.Classify(r.Record).MarshalJSON(); err != nil {
				t.Fatal(err)
			}
		}
		if d.Pending() != int64(len(text)) {
			t.Fatalf("pending %d of %d", d.Pending(), len(text))
		}
	})
}

// fuzzWrapped begins with the sample as others wrap it.
func fuzzWrapped(f *testing.F, names ...string) {
	text := sample(f, pglog.Stderr)
	records := decode(pglog.Stderr, text)[:20]
	var format pglog.Format
	var seeds [][]byte
	for _, w := range wrappings {
		for _, name := range names {
			if w.name == name {
				format, seeds = w.format, append(seeds, []byte(w.wrap(f, records, text[:records[len(records)-1].End])))
			}
		}
	}
	fuzz(f, format, samplePrefix, seeds...)
}

func FuzzStderr(f *testing.F) { fuzz(f, pglog.Stderr, samplePrefix, sample(f, pglog.Stderr)) }
func FuzzCSV(f *testing.F)    { fuzz(f, pglog.CSV, "", sample(f, pglog.CSV)) }
func FuzzJSON(f *testing.F)   { fuzz(f, pglog.JSON, "", sample(f, pglog.JSON)) }
func FuzzCNPG(f *testing.F) {
	fuzz(f, pglog.CNPG, "", []byte(cnpg(f, plain(decode(pglog.CSV, sample(f, pglog.CSV))[:20]))))
}

func FuzzRDS(f *testing.F) {
	fuzz(f, pglog.Stderr, "%t:%r:%u@%d:[%p]:", []byte("2026-11-24 14:14:38 UTC:10.0.0.1(5555):u@d:[7]:ERROR:  x at character 8\n"+
		"2026-11-24 14:14:38 UTC:10.0.0.1(5555):u@d:[7]:STATEMENT:  SELECT\n\t1\n2026-11-24 14:14:38 UTC::@:[8]:LOG:  checkpoint starting: time\n"))
}

func FuzzSyslog(f *testing.F) {
	fuzzWrapped(f, "rfc3164", "rsyslog", "unnumbered", "rfc5424", "rfc5424 without data", "not split")
}
func FuzzLogplex(f *testing.F)    { fuzzWrapped(f, "logplex") }
func FuzzCloudWatch(f *testing.F) { fuzzWrapped(f, "cloudwatch") }
func FuzzCRI(f *testing.F)        { fuzzWrapped(f, "cri") }
func FuzzDocker(f *testing.F)     { fuzzWrapped(f, "docker") }
func FuzzCloudSQL(f *testing.F)   { fuzzWrapped(f, "cloudsql", "cloudsql, printed") }
func FuzzAzure(f *testing.F)      { fuzzWrapped(f, "azure") }

// FuzzDetect: whatever a file holds, it is read as something.
func FuzzDetect(f *testing.F) {
	for _, format := range formats {
		f.Add(sample(f, format)[:2000])
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := pglog.NewDecoder(pglog.Auto, pglog.Options{})
		for _, r := range append(d.Decode(text), d.Flush()...) {
			if r.Start < 0 || r.End > int64(len(text)) {
				t.Fatalf("range [%d, %d) of %d bytes", r.Start, r.End, len(text))
			}
		}
	})
}
