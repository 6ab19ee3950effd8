package pglog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pgmend/pgmend/parser/pglog"
)

// written has a log as a server with this prefix would write it: sessions,
// and background processes, for which %q ends it.
func written(prefix string) string {
	var b strings.Builder
	for i := range 60 {
		pid, line := 4000+i%7*31, 1+i/7
		session := i%5 != 0
		values := map[byte]string{
			'm': fmt.Sprintf("2026-11-24 14:14:%02d.%03d CET", i%60, i*7%1000), 't': fmt.Sprintf("2026-11-24 14:14:%02d CET", i%60),
			'n': fmt.Sprintf("17955296%02d.720", i), 'p': fmt.Sprint(pid), 'l': fmt.Sprint(line), 'c': fmt.Sprintf("6b0649a6.%x", pid),
			's': "2026-11-24 14:10:00 CET", 'e': "00000", 'v': fmt.Sprintf("3/%d", i), 'x': "0", 'b': "checkpointer",
		}
		if session {
			for k, v := range map[byte]string{'u': []string{"postgres", "app_rw", "bob"}[i%3], 'd': []string{"shop", "postgres"}[i%2], 'a': "psql",
				'h': "10.1.2.3", 'r': "10.1.2.3(5021)", 'i': []string{"SELECT", "INSERT"}[i%2], 'b': "client backend"} {
				values[k] = v
			}
		}
		for j := 0; j < len(prefix); j++ {
			if prefix[j] != '%' {
				b.WriteByte(prefix[j])
				continue
			}
			if j++; prefix[j] == 'q' {
				if !session {
					break
				}
				continue
			}
			b.WriteString(values[prefix[j]])
		}
		b.WriteString("LOG:  message " + fmt.Sprint(i) + ": user=x@y [5] of it\n\tand more\n")
	}
	return b.String()
}

// TestGuessPrefix finds prefixes from the lines alone.
func TestGuessPrefix(t *testing.T) {
	for _, prefix := range []string{
		"%m [%p] %q%u@%d/%a ", "%m [%p] ", "%t:%r:%u@%d:[%p]:", "", "%m ",
		"%m [%p] user=%u db=%d client=%h sess=%c ", "<%m %c %u@%d> ", "%n|%p|%l|%e|%u|%d| ", "%m;%p;%c;%u;%d;%h;", "pid=%p,at=%m,user=%u,db=%d,app=%a,tag=%i: ",
		"%m %h %u %d [%p-%l] %e ", "%t [%p] %b %q%u %d ", "(%p) %q[%u/%d/%r] ", "%m [%p] %v %q%u@%d ",
	} {
		text := written(prefix)
		guess := pglog.GuessPrefix([]byte(text))
		want := decodeWith(prefix, text)
		got := decodeWith(guess, text)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q was taken for %q (-, +):\n%.1500s", prefix, guess, diff)
		}
	}
}

func decodeWith(prefix, text string) (out []pglog.Record) {
	d := pglog.NewDecoder(pglog.Stderr, pglog.Options{Prefix: prefix})
	for _, r := range append(d.Decode([]byte(text)), d.Flush()...) {
		out = append(out, r.Record)
	}
	return out
}
