package pglog

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
)

// commonPrefixes are those that people use: the default, Debian's, the ones
// that pgBadger's documentation asks for, and those of hosted services.
var commonPrefixes = []string{
	"%m [%p] %q%u@%d/%a ", "%m [%p] %q%u@%d ", "%m [%p] %q[user=%u,db=%d,app=%a] ", "%m [%p] ",
	"%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "%t [%p]: [%l-1] user=%u,db=%d,client=%h ",
	"%t [%p]: user=%u,db=%d,app=%a,client=%h ", "%t [%p]: [%l-1] user=%u,db=%d ", "%t [%p]: ", "%t [%p] ",
	"%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "%m [%p]: [%l-1] db=%d,user=%u ", "%m [%p] %u@%d ",
	"%t:%r:%u@%d:[%p]:", "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:", "%t-%c-", "%m [%p] %e %q%u@%d/%a ",
	`sql_error_code = %e `, `sql_error_code = %e time_ms = "%m" pid="%p" proc_start_time="%s" session_id="%c" vtid="%v" tid="%x" log_line="%l" %qdatabase="%d" connection_source="%r" user="%u" application_name="%a" `,
	"%t ", "%m ", "",
}

// GuessPrefix returns the log_line_prefix that reads most lines of a sample.
//
// It tries those that people use. Where none reads 19 of 20 lines, it takes
// the texts before the words LOG, ERROR and so on apart into what has a shape
// (times, session ids, addresses, numbers), words and what stands between
// them; makes prefixes of the shapes that come most often, with what a word
// before a value says it is (user=, db=), else with its place (word@word); a
// shape that begins another one is that of background processes, and %q
// stands at its end. Of all these, the one that reads most lines is it; of
// equals, the one that tells most.
func GuessPrefix(sample []byte) string {
	sample = sample[:min(len(sample), detectSize)]
	var lines []string
	for line := range bytes.Lines(sample) {
		if line = bytes.Trim(line, "\x00\r\n"); len(line) > 0 && line[0] != '\t' {
			lines = append(lines, string(line))
		}
	}
	best, most := bestPrefix(commonPrefixes, lines)
	if most*20 >= len(lines)*19 {
		return best
	}
	if made, n := bestPrefix(madePrefixes(lines), lines); n > most {
		return made
	}
	return best
}

// bestPrefix is the first of those that read most lines.
func bestPrefix(list, lines []string) (best string, most int) {
	for _, s := range list {
		p, n := parsePrefix(s, newClock(nil)), 0
		var m prefixMatch
		for _, line := range lines {
			if p.match(line, &m) {
				n++
			}
		}
		if n > most {
			best, most = s, n
		}
	}
	return best, most
}

// token is a piece of the text before a severity: a literal, or a value.
type token struct {
	kind byte // an escape with a shape, '#' a number, 'w' a word; 0 a literal
	text string
}

// madePrefixes are prefixes made of the lines' own shapes.
func madePrefixes(lines []string) []string {
	type shaped struct {
		tokens []token
		count  int
		values [][]string // by token
	}
	shapes := map[string]*shaped{}
	for _, line := range lines {
		head, ok := beforeSeverity(line)
		if !ok {
			continue
		}
		tokens := tokenize(head)
		key := template(tokens)
		s := shapes[key]
		if s == nil {
			s = &shaped{tokens: tokens, values: make([][]string, len(tokens))}
			shapes[key] = s
		}
		s.count++
		for i, t := range tokens {
			s.values[i] = append(s.values[i], t.text)
		}
	}
	keys := slices.SortedFunc(maps.Keys(shapes), func(a, b string) int {
		return cmp.Or(shapes[b].count-shapes[a].count, len(b)-len(a), cmp.Compare(a, b))
	})
	keys = keys[:min(len(keys), 12)]
	var out []string
	for _, key := range keys {
		s := shapes[key]
		parts := assign(s.tokens, s.values)
		for _, shorter := range keys {
			if with, ok := quit(parts, s.tokens, shapes[shorter].tokens); ok {
				out = append(out, with)
			}
		}
		out = append(out, strings.Join(parts, ""))
	}
	// Of equals the first is taken: the one that tells most.
	slices.SortStableFunc(out, func(a, b string) int { return strings.Count(b, "%") - strings.Count(a, "%") })
	return out
}

// quit puts %q where the shape of background processes ends.
func quit(parts []string, tokens, short []token) (prefix string, ok bool) {
	n := len(short) - 1
	if n < 0 || n >= len(tokens) || len(short) == len(tokens) && template(short) == template(tokens) || template(tokens[:n]) != template(short[:n]) {
		return "", false
	}
	before, rest := strings.Join(parts[:n], ""), strings.Join(parts[n:], "")
	if short[n].kind != 0 {
		return before + parts[n] + "%q" + strings.Join(parts[n+1:], ""), tokens[n].kind == short[n].kind
	}
	end := strings.ReplaceAll(short[n].text, "%", "%%")
	rest, ok = strings.CutPrefix(rest, end)
	return before + end + "%q" + rest, ok && tokens[n].kind == 0
}

// beforeSeverity is what stands before the first word that is a severity.
func beforeSeverity(line string) (head string, ok bool) {
	for at := 0; at < min(len(line), 600); {
		i := strings.Index(line[at:], ":  ")
		if i < 0 {
			return "", false
		}
		end := at + i
		from := end
		for from > 0 && (line[from-1] >= 'A' && line[from-1] <= 'Z' || line[from-1] >= 0x80 || isDigit(line[from-1]) && line[from-1] < '6') {
			from--
		}
		for ; from < end; from++ { // digits of a prefix may stand right before the word
			if p, _, _, found := label(line[from:]); found && p != partNone {
				return line[:from], true
			}
		}
		at = end + 3
	}
	return "", false
}

// template is what lines with the same prefix have in common.
func template(tokens []token) string {
	var b strings.Builder
	for _, t := range tokens {
		if t.kind == 0 {
			b.WriteString(t.text)
		} else {
			b.Write([]byte{0, t.kind})
		}
	}
	return b.String()
}
