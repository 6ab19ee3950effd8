package pglog_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/pgmend/pgmend/parser/pglog"
)

// carried is a log in one of the formats: the sample's first records, and a
// record of which the text is to be much longer, where ~ stands.
type carried struct {
	name          string
	format        pglog.Format
	log           []byte
	before, after string
}

// everyFormat carries the sample in each format.
func everyFormat(t *testing.T) (out []carried) {
	t.Helper()
	const giant = "2026-11-24 14:14:38.720 UTC [1] u@d/a ERROR:  giant ~"
	text := sample(t, pglog.Stderr)
	records := decode(pglog.Stderr, text)[:30]
	text = text[:records[len(records)-1].End]
	line := []pglog.Framed{{Record: pglog.Record{PID: 1}, End: int64(len(giant))}}
	add := func(name string, f pglog.Format, log []byte, giant string) {
		before, after, ok := strings.Cut(giant, "~")
		if !ok {
			t.Fatalf("%s: no place in %q", name, giant)
		}
		out = append(out, carried{name, f, log, before, after})
	}
	add("stderr", pglog.Stderr, text, giant+"\n")
	add("csv", pglog.CSV, sample(t, pglog.CSV), `2026-11-24 14:14:38.720 UTC,"u","d",1,"[local]",6b.1,2,"SELECT",2026-11-24 14:14:38 UTC,3/1,0,ERROR,P0001,"giant ~",,,,,,,,,"psql","client backend",,0`+"\n")
	add("json", pglog.JSON, sample(t, pglog.JSON), `{"timestamp":"2026-11-24 14:14:38.720 UTC","pid":1,"error_severity":"ERROR","state_code":"P0001","message":"giant ~"}`+"\n")
	add("cnpg", pglog.CNPG, []byte(cnpg(t, plain(decode(pglog.CSV, sample(t, pglog.CSV))[:30]))),
		`{"level":"info","logger":"postgres","msg":"record","record":{"log_time":"2026-11-24 14:14:38.720 UTC","error_severity":"ERROR","message":"giant ~"}}`+"\n")
	for _, w := range wrappings {
		if w.name == "cloudsql, printed" { // a list has an end, behind which nothing stands
			continue
		}
		add(w.name, w.format, []byte(w.wrap(t, records, text)), w.wrap(t, line, []byte(giant)))
	}
	return out
}

// heap is the most that is in use, as far as it is looked at.
type heap struct{ most uint64 }

func (h *heap) look() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.most = max(h.most, m.HeapInuse)
}

// read scans a log, with what is in it before and behind something.
func (c carried) read(t *testing.T, something io.Reader) (found pglog.Found, records []pglog.Framed, h heap) {
	t.Helper()
	s := pglog.Scan{Format: c.format, Options: pglog.Options{Prefix: samplePrefix}, Workers: 2}
	found, err := s.Run(t.Context(), io.MultiReader(bytes.NewReader(c.log), something, bytes.NewReader(c.log)), func(b *pglog.Block) error {
		var list []pglog.Framed
		for r := range b.Records() {
			one := *r
			one.Record = r.Clone()
			one.Message = one.Message[:min(len(one.Message), 1000)]
			list = append(list, one)
		}
		b.Result = list
		return nil
	}, func(b *pglog.Block) error {
		records = append(records, b.Result.([]pglog.Framed)...)
		h.look()
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return found, records, h
}

// behind compares the last records with those of the log as it is.
func (c carried) behind(t *testing.T, got []pglog.Framed, what string) {
	t.Helper()
	_, alone, _ := c.read(t, strings.NewReader(""))
	want := plain(alone[len(alone)/2:])
	if len(got) < len(want) {
		t.Errorf("%s, %s: %d records", c.name, what, len(got))
		return
	}
	if diff := cmp.Diff(want, plain(got[len(got)-len(want):])); diff != "" {
		t.Errorf("%s, behind %s (-, +):\n%.2000s", c.name, what, diff)
	}
}

// TestGiantLines: in every format a line of 12 MB, or with PGMEND_TORTURE of
// 100 MB, is one record that was cut, or counted as what could not be read. It
// costs no more memory than any, and not the record behind it.
// hazard: 42
func TestGiantLines(t *testing.T) {
	size := int64(12 << 20)
	if os.Getenv("PGMEND_TORTURE") != "" {
		size = 100 << 20
	}
	for _, c := range everyFormat(t) {
		giant := io.MultiReader(strings.NewReader(c.before), io.LimitReader(letters{}, size), strings.NewReader(c.after))
		found, got, h := c.read(t, giant)
		c.behind(t, got, "a giant")
		if lost := found.Cut.Bytes + found.Foreign.Bytes + found.Dropped.Bytes; lost < size*9/10 {
			t.Errorf("%s: of %d bytes %d are accounted for: %+v", c.name, size, lost, found.Tally)
		}
		if h.most > 400<<20 {
			t.Errorf("%s: %d MB of memory", c.name, h.most>>20)
		}
		t.Logf("%s: %d records, %d MB of memory; cut %d, foreign %d, dropped %d bytes", c.name, len(got), h.most>>20, found.Cut.Bytes, found.Foreign.Bytes, found.Dropped.Bytes)
	}
}

// TestGarbageInALog: binary pieces, another encoding and zeros, as a crash of
// the file system leaves them, are counted, and cost no record behind them.
func TestGarbageInALog(t *testing.T) {
	random := make([]byte, 2<<20)
	chacha := rand.NewChaCha8([32]byte{7})
	_, _ = chacha.Read(random)
	var wide []byte
	for _, u := range utf16.Encode([]rune(string(sample(t, pglog.Stderr)[:20_000]))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	latin := bytes.Repeat([]byte("2026-11-24 14:14:38.720 UTC [1] u@d/a ERROR:  gr\xfc\xdfe\n"), 50)
	for name, piece := range map[string][]byte{"random bytes": random, "UTF-16": wide, "Latin 1": latin, "zeros": make([]byte, 1<<20)} {
		for _, c := range everyFormat(t) {
			// A quote in the middle of random bytes may begin a text of csvlog,
			// so the records behind it are looked for one by one.
			found, got, _ := c.read(t, io.MultiReader(bytes.NewReader(piece), strings.NewReader("\n")))
			c.behind(t, got, name)
			if name != "zeros" && found.Foreign.Count+found.Cut.Count+found.Encoding.Count+found.Dropped.Count == 0 {
				t.Errorf("%s: %s are not counted: %+v", c.name, name, found.Tally)
			}
		}
	}
}
