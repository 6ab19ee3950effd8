package parser

import (
	"testing"

	"github.com/pgmend/pgmend/parser/parsertest"
)

// Every hostile text is answered. What would kill the C parser is not given to
// it, so this is safe in any process.
func TestHostileTexts(t *testing.T) {
	for name, make := range parsertest.Hostile() {
		t.Run(name, func(t *testing.T) {
			last := 0
			for _, n := range []int{10, 1000, 100_000, 1_000_000} {
				sql := make(n)
				if parsertest.RaceDetector { // which makes all of it many times as slow
					sql = sql[:min(len(sql), 256<<10)]
				}
				if len(sql) == last {
					continue // it was cut to the same text
				}
				last = len(sql)
				list := Parse(sql)
				if len(list) > maxStatements+1 {
					t.Errorf("%d levels: %d statements", n, len(list))
				}
				for _, s := range list {
					if !s.Parsed && s.Err == "" {
						t.Errorf("%d levels: neither parsed nor an error", n)
					}
				}
			}
		})
	}
}
