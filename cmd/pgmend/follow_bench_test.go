package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer/hearsay"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/metrics"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/parser/tail"
)

// lineOf are lines of a transaction of pgbench as the server logs it, with a statement
// that fails, in each format; %s is the time, %d the time in nanoseconds.
var lineOf = map[string]struct{ prefix, line, failed string }{
	"stderr": {"%m [%p] %e %q%u@%d ",
		"%s [7] 00000 app@shop LOG:  duration: 0.211 ms  statement: UPDATE pgbench_tellers SET tbalance = tbalance + 4711 WHERE tid = %d;\n",
		"%s [7] 23505 app@shop ERROR:  duplicate key value violates unique constraint \"at %d\"\n" +
			"%[1]s [7] 23505 app@shop DETAIL:  Key (id)=(1) already exists.\n%[1]s [7] 23505 app@shop STATEMENT:  INSERT INTO orders VALUES (1)\n"},
	"csv": {"",
		`%s,"app","shop",7,"[local]",6b.7,1,"UPDATE",2026-11-24 14:14:38 UTC,3/1,0,LOG,00000,"duration: 0.211 ms  statement: UPDATE pgbench_tellers SET tbalance = tbalance + 4711 WHERE tid = %d;",,,,,,,,,"pgbench","client backend",,0` + "\n",
		`%s,"app","shop",7,"[local]",6b.7,1,"INSERT",2026-11-24 14:14:38 UTC,3/1,0,ERROR,23505,"duplicate key value violates unique constraint ""at %d""","Key (id)=(1) already exists.",,,,,"INSERT INTO orders VALUES (1)",,,"app","client backend",,0` + "\n"},
}

// writeLines writes 1,000 lines a second, each by itself, as a server does; every
// hundredth is of a statement that failed.
func writeLines(path, format string) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	tick := time.NewTicker(time.Millisecond)
	for i := 0; ; i++ {
		<-tick.C
		text := lineOf[format].line
		if i%100 == 0 {
			text = lineOf[format].failed
		}
		now := time.Now().UTC()
		if _, err := fmt.Fprintf(f, text, now.Format("2006-01-02 15:04:05.000 UTC"), now.UnixNano()); err != nil {
			return
		}
	}
}

// BenchmarkFollowing follows a log of 1,000 lines a second for a while, as the
// daemon does: the checkpoints go to a ledger on disk, what a rule waits for
// is classified. It reports the processor time of this process, in percent of
// a core, and how long events took from the server's write to the rules.
func BenchmarkFollowing(b *testing.B) {
	if path := os.Getenv("PGMEND_TEST_WRITE"); path != "" {
		writeLines(path, os.Getenv("PGMEND_TEST_FORMAT"))
		return
	}
	for _, format := range []string{"stderr", "csv"} {
		b.Run(format, func(b *testing.B) {
			l, err := ledger.Open(filepath.Join(b.TempDir(), "state"))
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			d := &daemon{app: &app{clock: time.Now}, metrics: metrics.New(metrics.Config{}), log: slog.New(slog.DiscardHandler), ledger: l}
			d.book = hearsay.New(time.Now)
			path := filepath.Join(b.TempDir(), "pg.log")
			if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
				b.Fatal(err)
			}
			f := tail.New(tail.Config{Path: path, Store: checkpoints{d, "tail"}, Decoder: decoder(config.Log{Format: format, Prefix: lineOf[format].prefix})})
			ctx, stop := context.WithCancel(b.Context())
			var took []time.Duration
			done := make(chan error)
			go func() {
				done <- f.Run(ctx, func(c tail.Chunk) error {
					d.hear(ctx, path, c)
					for _, r := range c.Records {
						v, _ := pglog.Classify(r.Record).Body.(*pglog.Violation)
						if v == nil || r.Forgeable {
							continue
						}
						at, err := strconv.ParseInt(strings.TrimPrefix(v.Constraint, "at "), 10, 64)
						if err != nil {
							return err
						}
						took = append(took, time.Since(time.Unix(0, at)))
					}
					return nil
				})
			}()
			writer := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkFollowing$", "-test.benchtime=1x")
			writer.Env = append(os.Environ(), "PGMEND_TEST_WRITE="+path, "PGMEND_TEST_FORMAT="+format)
			if err := writer.Start(); err != nil {
				b.Fatal(err)
			}
			measure(b, 20*time.Second)
			_ = writer.Process.Kill()
			_ = writer.Wait()
			stop()
			<-done
			slices.Sort(took)
			if len(took) == 0 {
				b.Fatal("no event came")
			}
			b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms/event")
			b.ReportMetric(float64(took[len(took)-1].Milliseconds()), "ms/latest")
			b.ReportMetric(0, "ns/op")
			b.Logf("%d events, %d records", len(took), f.Progress().Records)
		})
	}
}

// measure reports the processor time of the process for a while.
func measure(b *testing.B, d time.Duration) {
	time.Sleep(time.Second) // the writer has begun
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	began := time.Now()
	time.Sleep(d)
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	used := time.Duration(after.Utime.Nano() - before.Utime.Nano() + after.Stime.Nano() - before.Stime.Nano())
	b.ReportMetric(100*float64(used)/float64(time.Since(began)), "%core")
}
