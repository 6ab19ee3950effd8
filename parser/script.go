package parser

import "strings"

// withoutData takes out of a script what psql keeps to itself, so that nobody
// takes rows for SQL: the data behind COPY … FROM STDIN, up to the line \. ,
// and psql's own commands, which begin with a backslash where a statement
// could begin, and end with the line. pg_dump writes both. Other text is
// returned as it is.
func withoutData(sql string) string {
	if !mayCommand(sql) {
		return sql
	}
	var out strings.Builder
	var s splitter
	var copies copying
	kept := 0
	drop := func(from, to int) {
		out.WriteString(sql[kept:from])
		out.WriteByte('\n') // what stood before and behind stays apart
		kept = to
	}
	for i := 0; i < len(sql); {
		if s.tokens == 0 && sql[i] == '\\' {
			end := lineEnd(sql, i)
			drop(i, end)
			i = end
			continue
		}
		kind, n := next(sql[i:])
		token := sql[i : i+n]
		i += n
		copies.follow(kind, token, s.tokens)
		if !s.follow(kind, token) {
			continue
		}
		if s = (splitter{}); copies.reads {
			if end, ok := dataEnd(sql, i); ok {
				drop(i, end)
				i = end
			}
		}
	}
	if kept == 0 {
		return sql
	}
	out.WriteString(sql[kept:])
	return out.String()
}

// mayCommand reports whether a backslash could stand where a statement begins.
// Nearly all that there are stand within strings.
func mayCommand(sql string) bool {
	for at := 0; ; at++ {
		n := strings.IndexByte(sql[at:], '\\')
		if n < 0 {
			return false
		}
		at += n
		if at == 0 || strings.IndexByte(blank+";/", sql[at-1]) >= 0 { // a comment ends with a slash
			return true
		}
	}
}

// lineEnd returns where the line ends that i is in.
func lineEnd(sql string, i int) int {
	if n := strings.IndexByte(sql[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(sql)
}

// dataEnd returns where the line \. ends behind a COPY that ended at i.
func dataEnd(sql string, i int) (end int, ok bool) {
	start := lineEnd(sql, i)
	if strings.Trim(sql[i:start], blank) != "" {
		return 0, false // another statement follows on its line: this is no script
	}
	for start < len(sql) {
		end := lineEnd(sql, start+1)
		if strings.TrimSuffix(sql[start+1:end], "\r") == `\.` {
			return end, true
		}
		start = end
	}
	return 0, false
}

// copying notices COPY … FROM STDIN.
type copying struct {
	copies bool   // the statement begins with COPY
	before string // token
	reads  bool   // rows follow it
}

// follow takes in a token that is the statement's of this number.
func (c *copying) follow(kind TokenKind, token string, number int) {
	switch {
	case kind <= TokenComment || token == ";":
		return
	case number == 0:
		*c = copying{copies: is(token, "copy")}
	case c.copies && is(c.before, "from"):
		c.reads = is(token, "stdin")
	}
	c.before = token
}
