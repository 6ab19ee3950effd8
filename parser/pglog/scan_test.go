package pglog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/pgmend/pgmend/parser/pglog"
	"go.uber.org/goleak"
)

// scan reads a whole log in blocks, with what is not cloned overwritten.
func scan(t testing.TB, s pglog.Scan, r io.Reader) (pglog.Found, []pglog.Framed) {
	t.Helper()
	var all []pglog.Framed
	s.Poison = true
	found, err := s.Run(t.Context(), r, func(b *pglog.Block) error {
		var list []pglog.Framed
		for r := range b.Records() {
			c := *r
			c.Record = r.Clone()
			list = append(list, c)
		}
		b.Result = list
		return nil
	}, func(b *pglog.Block) error {
		all = append(all, b.Result.([]pglog.Framed)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, all
}

// TestScanIsDecode: cut into blocks of any size and decoded side by side, a
// log has the records that it has when it is decoded from end to end.
func TestScanIsDecode(t *testing.T) {
	for _, f := range formats {
		t.Run(string(f), func(t *testing.T) {
			text := bytes.Repeat(sample(t, f), 6)
			whole := decode(f, text)
			for i, block := range []int{20_000, 50_000, 128 << 10, 1 << 20} {
				s := pglog.Scan{Format: f, Options: pglog.Options{Prefix: samplePrefix}, Workers: 1 + i, BlockSize: block}
				found, got := scan(t, s, iotest.HalfReader(bytes.NewReader(text)))
				if diff := cmp.Diff(whole, got); diff != "" {
					t.Fatalf("blocks of %d: decoded and scanned (-, +):\n%.4000s", block, diff)
				}
				if found.Bytes != int64(len(text)) || found.Records != int64(len(whole)) || found.Dropped.Count != 0 {
					t.Fatalf("%+v of %d bytes and %d records", found, len(text), len(whole))
				}
			}
		})
	}
}

// TestScanMixedSessions: messages that are mixed line by line are not torn by
// the borders of blocks.
func TestScanMixedSessions(t *testing.T) {
	var text strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&text, "[%d] ERROR:  message %d\n", i%7, i)
		if i >= 7 {
			fmt.Fprintf(&text, "[%d] DETAIL:  detail %d\n\tmore\n", (i+1)%7, i-6)
		}
	}
	_, got := scan(t, pglog.Scan{Format: pglog.Stderr, Options: pglog.Options{Prefix: "[%p] "}, BlockSize: 100_000}, strings.NewReader(text.String()))
	if len(got) != 40_000 {
		t.Fatalf("%d records", len(got))
	}
	for i, r := range got[:40_000-7] {
		if want := fmt.Sprintf("detail %d\nmore", i); r.Detail != want && i > 0 {
			t.Fatalf("record %d: %q, want %q", i, r.Detail, want)
		}
	}
}

// TestScanGiants: a line of 40 MB costs neither memory nor the record after it.
func TestScanGiants(t *testing.T) {
	for _, f := range formats {
		record := sample(t, f)
		var giant string
		switch f {
		case pglog.Stderr:
			giant = "2026-11-24 14:14:38.720 UTC [1] u@d/a ERROR:  giant ~\n"
		case pglog.CSV:
			giant = `2026-11-24 14:14:38.720 UTC,"u","d",1,"[local]",6b.1,2,"SELECT",2026-11-24 14:14:38 UTC,3/1,0,ERROR,P0001,"giant ~",,,,,,,,,"psql","client backend",,0` + "\n"
		case pglog.JSON:
			giant = `{"timestamp":"2026-11-24 14:14:38.720 UTC","pid":1,"error_severity":"ERROR","state_code":"P0001","message":"giant ~"}` + "\n"
		}
		before, after, _ := strings.Cut(giant, "~")
		r := io.MultiReader(bytes.NewReader(record), strings.NewReader(before), io.LimitReader(letters{}, 40<<20), strings.NewReader(after), bytes.NewReader(record))
		found, got := scan(t, pglog.Scan{Format: f, Options: pglog.Options{Prefix: samplePrefix}}, r)
		plain := decode(f, record)
		if len(got) != 2*len(plain)+1 {
			t.Errorf("%s: %d records, want %d", f, len(got), 2*len(plain)+1)
			continue
		}
		big := got[len(plain)]
		if !big.Truncated || len(big.Message) != pglog.MaxText || !strings.HasPrefix(big.Message, "giant xxx") {
			t.Errorf("%s: truncated %v, %d bytes", f, big.Truncated, len(big.Message))
		}
		if found.Dropped.Bytes < 30<<20 || found.Cut.Count != 1 {
			t.Errorf("%s: %+v", f, found)
		}
		for i, r := range got[len(plain)+1:] {
			if diff := cmp.Diff(plain[i].Record, r.Record); diff != "" {
				t.Fatalf("%s: record %d behind the giant:\n%s", f, i, diff)
			}
		}
	}
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// TestScanEnds: an error anywhere ends a scan, with nothing left running.
func TestScanEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	text := bytes.Repeat(sample(t, pglog.JSON), 40)
	errStop := errors.New("stop")
	read := func(b *pglog.Block) error {
		for range b.Records() { //nolint:revive // counting is enough
		}
		return nil
	}
	stop := func(b *pglog.Block) error {
		if b.Start > 500_000 {
			return errStop
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	for name, run := range map[string]func() error{
		"work": func() error {
			_, err := pglog.Scan{BlockSize: 100_000}.Run(ctx, bytes.NewReader(text), stop, nil)
			return err
		},
		"deliver": func() error {
			_, err := pglog.Scan{BlockSize: 100_000}.Run(ctx, bytes.NewReader(text), read, stop)
			return err
		},
		"read": func() error {
			_, err := pglog.Scan{BlockSize: 100_000}.Run(ctx, io.MultiReader(bytes.NewReader(text), iotest.ErrReader(errStop)), read, nil)
			return err
		},
	} {
		if err := run(); !errors.Is(err, errStop) {
			t.Errorf("%s: %v", name, err)
		}
	}
	cancel()
	if _, err := (pglog.Scan{}).Run(ctx, bytes.NewReader(text), read, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// BenchmarkScan decodes a log with both cores, and reads its statements.
// PGMEND_BENCH_LOGS may name a folder with stderr.log, csv.log and json.log
// of a real run; without it the small samples are repeated.
func BenchmarkScan(b *testing.B) {
	for _, f := range formats {
		path := filepath.Join(os.Getenv("PGMEND_BENCH_LOGS"), string(f)+".log")
		b.Run(string(f), func(b *testing.B) {
			open := func() io.Reader { return bytes.NewReader(bytes.Repeat(sample(b, f), 500)) }
			if _, err := os.Stat(path); err == nil {
				open = func() io.Reader {
					file, err := os.Open(path)
					if err != nil {
						b.Fatal(err)
					}
					b.Cleanup(func() { file.Close() })
					return file
				}
			}
			b.ReportAllocs()
			statements := make([]struct {
				n int64
				_ [56]byte
			}, 16)
			var found pglog.Found
			for b.Loop() {
				var err error
				found, err = pglog.Scan{Format: f, Options: pglog.Options{Prefix: "%m [%p] %q%u@%d "}}.Run(b.Context(), open(), func(block *pglog.Block) error {
					var s pglog.Statement
					for r := range block.Records() {
						if s.Read(&r.Record) {
							statements[block.Worker].n++
						}
					}
					return nil
				}, nil)
				if err != nil {
					b.Fatal(err)
				}
			}
			var n int64
			for _, s := range statements {
				n += s.n
			}
			b.SetBytes(found.Bytes)
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "statements/s")
		})
	}
}
