package pglog

import (
	"slices"
	"strings"
)

// separators are what stands between the values of a prefix.
const separators = " ,:@/[](){}|=;<>\"'#%"

// tokenize takes the text before a severity apart.
func tokenize(s string) (out []token) {
	literal := func(text string) {
		if n := len(out); n > 0 && out[n-1].kind == 0 {
			out[n-1].text += text
			return
		}
		out = append(out, token{0, text})
	}
	for s != "" {
		kind, n := valueAt(s)
		switch {
		case n > 0:
			out = append(out, token{kind, s[:n]})
		default:
			n = 1
			literal(s[:1])
			if s[0] == '=' && len(s) > 1 && strings.IndexByte(separators, s[1]) >= 0 && s[1] != '[' && s[1] != '"' && s[1] != ' ' {
				out = append(out, token{'w', ""}) // nothing to say
			}
		}
		if kind == 'w' && n < len(s) && s[n] == '=' { // the name of a value
			out = out[:len(out)-1]
			literal(s[:n])
		}
		s = s[n:]
	}
	return out
}

// valueAt is the value that begins s, and its length; 0 if none does.
func valueAt(s string) (kind byte, n int) {
	for _, c := range [...]byte{'m', 't'} {
		if n := stampShape(c, s); n > 0 {
			return c, n
		}
	}
	for _, name := range [...]string{"[local]", "[unknown]"} {
		if strings.HasPrefix(s, name) {
			if name == "[local]" {
				return 'h', len(name)
			}
			return 'w', len(name)
		}
	}
	for _, c := range processTypes {
		if strings.HasPrefix(s, c) {
			return 'b', len(c)
		}
	}
	if matchShape(s, "dddddddddd.ddd") {
		return 'n', 14
	}
	if n := addressShape(s); n > 0 {
		if strings.HasPrefix(s[n:], "(") {
			if end := digits(s, n+1); end > n+1 && end < len(s) && s[end] == ')' {
				return 'r', end + 1
			}
		}
		return 'h', n
	}
	if n, _ := shape('c', s); n > 9 && strings.Count(s[:n], ".") == 1 && strings.IndexByte(s[:n], '.') == 8 {
		return 'c', n
	}
	if n, _ := shape('v', s); n > 0 {
		return 'v', n
	}
	if isState(s) && (len(s) == 5 || strings.IndexByte(separators+"-", s[5]) >= 0) && !isWordy(s[:5]) {
		return 'e', 5
	}
	if n := digits(s, 0); n > 0 {
		return '#', n
	}
	for n < len(s) && strings.IndexByte(separators, s[n]) < 0 && (s[n] != '-' || n > 0 && !isDigit(s[n-1])) {
		n++
	}
	return 'w', n
}

// processTypes are what %b prints, as far as it has more than one word.
var processTypes = []string{"client backend", "autovacuum worker", "autovacuum launcher", "logical replication launcher",
	"logical replication worker", "parallel worker", "background writer", "checkpointer", "walwriter", "walsender", "startup", "postmaster"}

// isWordy says that five letters are a word, and no SQLSTATE.
func isWordy(s string) bool { return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" }

// addressShape is the length of an IP address.
func addressShape(s string) int {
	n, dots, colons := 0, 0, 0
	for n < len(s) && (isDigit(s[n]) || s[n] >= 'a' && s[n] <= 'f' || s[n] == '.' || s[n] == ':') {
		switch s[n] {
		case '.':
			dots++
		case ':':
			if dots > 0 { // what follows an IPv4 address
				return ifSo(dots == 3, n)
			}
			colons++
		}
		n++
	}
	return ifSo(dots == 3 && colons == 0 || colons >= 2 && !strings.HasSuffix(s[:n], ":"), n)
}

func ifSo(ok bool, n int) int {
	if ok {
		return n
	}
	return 0
}

// namedValues say what a value is by the name before it.
var namedValues = []struct {
	escape string
	names  []string
}{
	{"u", []string{"user", "usr", "username", "role", "u"}}, {"d", []string{"db", "database", "dbname", "d"}},
	{"a", []string{"app", "application", "application_name", "appname", "a"}}, {"h", []string{"client", "host", "remote", "ip", "h", "from"}},
	{"r", []string{"connection_source"}}, {"p", []string{"pid", "process", "p"}}, {"l", []string{"line", "log_line", "l"}},
	{"c", []string{"session", "session_id", "sess", "sid"}}, {"e", []string{"state", "sqlstate", "error_code", "sql_error_code", "e"}},
	{"x", []string{"xid", "tid", "txid", "trx", "x"}}, {"v", []string{"vxid", "vtid", "v"}}, {"i", []string{"cmd", "tag", "ps", "command"}},
	{"Q", []string{"query_id", "queryid", "qid"}}, {"b", []string{"backend", "backend_type", "type"}},
}

// assign makes the parts of a prefix of a line's tokens.
func assign(tokens []token, values [][]string) []string {
	used := map[byte]bool{}
	parts := make([]string, len(tokens))
	put := func(i int, c byte) {
		parts[i], used[c] = "%"+string(c), true
	}
	for i, t := range tokens { // what is sure
		before, after := neighbour(tokens, i-1), neighbour(tokens, i+1)
		switch {
		case t.kind == 0:
			parts[i] = strings.ReplaceAll(t.text, "%", "%%")
		case namedBy(before) != 0:
			put(i, namedBy(before))
		case t.kind == 'e' && !slices.Contains(values[i], "00000") && strings.Trim(t.text, "0123456789") == "":
			tokens[i].kind = '#' // a number of five digits
		case t.kind == 't' && (used['t'] || used['m']):
			put(i, 's')
		case t.kind != '#' && t.kind != 'w':
			put(i, t.kind)
		case t.kind == '#' && strings.HasPrefix(after, "-1"):
			put(i, 'l')
		case t.kind == 'w' && strings.HasPrefix(after, "@") && !used['u']:
			put(i, 'u')
		case t.kind == 'w' && strings.HasSuffix(before, "@") && !used['d']:
			put(i, 'd')
		case t.kind == 'w' && allTags(values[i]) && !used['i']:
			put(i, 'i')
		}
	}
	for i := range tokens { // the rest, by the order in which it is usual
		if parts[i] != "" || tokens[i].kind == 0 {
			continue
		}
		order := "udaib"
		if tokens[i].kind == '#' {
			order = "plxPQ"
		}
		parts[i] = tokens[i].text // the same in every line, as far as one can see
		for _, c := range []byte(order) {
			if !used[c] {
				put(i, c)
				break
			}
		}
	}
	return parts
}

// neighbour is the literal at i.
func neighbour(tokens []token, i int) string {
	if i < 0 || i >= len(tokens) || tokens[i].kind != 0 {
		return ""
	}
	return tokens[i].text
}

// namedBy is the escape whose name ends a literal, as in ",db=".
func namedBy(literal string) byte {
	name, ok := strings.CutSuffix(strings.TrimRight(literal, `"' [`), "=")
	if !ok {
		return 0
	}
	name = strings.TrimRight(name, " ")
	name = strings.ToLower(name[strings.LastIndexAny(name, separators)+1:])
	for _, v := range namedValues {
		if slices.Contains(v.names, name) {
			return v.escape[0]
		}
	}
	return 0
}

// allTags says that all values are command tags, and not all the same.
func allTags(values []string) bool {
	for _, v := range values {
		if !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "idle", "BEGIN", "COMMIT", "ROLLBACK", "authentication", "startup",
			"PARSE", "BIND", "SET", "DO", "COPY", "CREATE", "DROP", "ALTER", "VACUUM", "ANALYZE"}, v) {
			return false
		}
	}
	return true
}
