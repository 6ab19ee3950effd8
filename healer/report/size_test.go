package report_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/report"
)

func TestMain(m *testing.M) { pgtest.Exit(m) }

// TestSize compares with pg_size_pretty of a real server, at the places where
// a unit changes and at random. PostgreSQL 15 added petabytes.
func TestSize(t *testing.T) {
	s := pgtest.One(t)
	top := 62
	if s.Major < 15 {
		top = 53
	}
	values := []int64{0, 1, -1, 10239, 10240, 10241, 20971007, 20971008, 20971519, 20971520}
	for bits := range top {
		for _, d := range []int64{-513, -512, -1, 0, 1, 511, 512} {
			for _, f := range []int64{1, 10, 20} {
				if n := f<<bits + d; n/f>>bits >= 0 && n < 1<<top {
					values = append(values, n, -n)
				}
			}
		}
	}
	for range 2000 {
		values = append(values, rand.Int64N(1<<(1+rand.IntN(top-1)))) //nolint:gosec // no secret
	}
	conn := s.Conn(t, "postgres", "postgres")
	list := make([]byte, 0, len(values)*12)
	for i, v := range values {
		if i > 0 {
			list = append(list, ',')
		}
		list = fmt.Appendf(list, "(%d,(%d)::pg_catalog.int8)", i, v)
	}
	r := conn.ExecParams(context.Background(),
		"SELECT pg_catalog.pg_size_pretty(v) FROM (VALUES "+string(list)+") AS t(i, v) ORDER BY i", nil, nil, nil, nil).Read()
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	for i, row := range r.Rows {
		if want := string(row[0]); report.Size(values[i]) != want {
			t.Errorf("Size(%d) = %q, the server says %q", values[i], report.Size(values[i]), want)
		}
	}
}
