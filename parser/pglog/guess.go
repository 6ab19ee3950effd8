package pglog

import (
	"bytes"
	"strings"
)

// commonPrefixes are those that people use: the default, Debian's, the ones
// that pgBadger's documentation asks for, and those of hosted services.
var commonPrefixes = []string{
	"%m [%p] %q%u@%d/%a ", "%m [%p] %q%u@%d ", "%m [%p] %q[user=%u,db=%d,app=%a] ", "%m [%p] ",
	"%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "%t [%p]: [%l-1] user=%u,db=%d,client=%h ",
	"%t [%p]: user=%u,db=%d,app=%a,client=%h ", "%t [%p]: [%l-1] user=%u,db=%d ", "%t [%p]: ", "%t [%p] ",
	"%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "%m [%p] %u@%d ", "%t:%r:%u@%d:[%p]:", "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
	"%t-%c-", "%m [%p] %e %q%u@%d/%a ", "%t ", "%m ", "",
}

// GuessPrefix returns the log_line_prefix that reads most lines of a sample,
// of the common ones.
func GuessPrefix(sample []byte) string {
	best, most := "", 0
	for _, s := range commonPrefixes {
		p, n := parsePrefix(s, newClock(nil)), 0
		var m prefixMatch
		for line := range bytes.Lines(sample[:min(len(sample), 1<<16)]) {
			if p.match(strings.TrimRight(string(line), "\r\n"), &m) {
				n++
			}
		}
		if n > most {
			best, most = s, n
		}
	}
	return best
}
