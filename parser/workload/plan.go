package workload

import (
	"strconv"
	"strings"
)

// plan reads the text and the rows of auto_explain's text format: the query
// stands before the plan, whose first line has the rows of the whole where
// log_analyze is on.
func plan(text string) (sql string, rows int64, known bool) {
	rest, ok := strings.CutPrefix(text, "Query Text: ")
	if !ok {
		return "", 0, false
	}
	at := strings.Index(rest, "  (cost=")
	if at < 0 {
		return "", 0, false
	}
	begin := strings.LastIndexByte(rest[:at], '\n')
	if begin < 0 {
		return "", 0, false
	}
	sql = rest[:begin]
	if i := strings.Index(sql, "\nQuery Parameters: "); i >= 0 {
		sql = sql[:i]
	}
	node, _, _ := strings.Cut(rest[at:], "\n")
	if _, actual, ok := strings.Cut(node, "(actual"); ok {
		if _, n, ok := strings.Cut(actual, " rows="); ok {
			end := strings.IndexByte(n, ' ')
			f, err := strconv.ParseFloat(n[:max(0, end)], 64) // 18 writes 1.00
			return sql, int64(f), err == nil
		}
	}
	return sql, 0, false
}
