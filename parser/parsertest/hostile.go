// Package parsertest has what the tests of the parser and of what stands on it
// share: texts that are made to hurt, and a reader of files of many.
package parsertest

import (
	"strconv"
	"strings"
)

// Hostile makes texts of so many levels that killed a parser, or could. The
// C parser recurses without looking at its stack, and much else grows with the
// square of what it is given.
func Hostile() map[string]func(n int) string {
	return map[string]func(n int) string{
		"operators":       func(n int) string { return "SELECT 1" + strings.Repeat("+1", n) },
		"signs":           func(n int) string { return "SELECT " + strings.Repeat("- ", n) + "1" },
		"not":             func(n int) string { return "SELECT " + strings.Repeat("NOT ", n) + "a FROM t" },
		"and":             func(n int) string { return "SELECT 1 FROM t WHERE a" + strings.Repeat(" AND a", n) },
		"or of and":       func(n int) string { return "SELECT 1 FROM t WHERE a" + strings.Repeat(" AND a OR a", n) },
		"comparisons":     func(n int) string { return "SELECT a" + strings.Repeat(" IS NULL", n) },
		"casts":           func(n int) string { return "SELECT 1" + strings.Repeat("::int", n) },
		"collations":      func(n int) string { return "SELECT a" + strings.Repeat(` COLLATE "C"`, n) },
		"indirection":     func(n int) string { return "SELECT a" + strings.Repeat(".b", n) },
		"subscripts":      func(n int) string { return "SELECT a" + strings.Repeat("[1]", n) },
		"array types":     func(n int) string { return "SELECT a::int" + strings.Repeat("[]", n) },
		"parentheses":     func(n int) string { return "SELECT " + around("(", "1", ")", n) },
		"open":            func(n int) string { return "SELECT 1 FROM t WHERE " + strings.Repeat("(", n) },
		"closed":          func(n int) string { return "SELECT 1 FROM t" + strings.Repeat(")", n) },
		"brackets":        func(n int) string { return "SELECT ARRAY" + around("[", "1", "]", n) },
		"calls":           func(n int) string { return "SELECT " + around("f(", "1", ")", n) },
		"case":            func(n int) string { return "SELECT " + around("CASE WHEN a THEN ", "1", " END", n) },
		"else":            func(n int) string { return "SELECT " + around("CASE WHEN a THEN 1 ELSE ", "1", " END", n) },
		"subselects":      func(n int) string { return "SELECT " + around("(SELECT ", "1 FROM t", ")", n) },
		"from subselects": func(n int) string { return "SELECT * FROM " + around("(SELECT * FROM ", "t", ") x", n) },
		"in": func(n int) string {
			return "SELECT 1 FROM t WHERE " + around("a IN (SELECT a FROM t WHERE ", "a", ")", n)
		},
		"joins":        func(n int) string { return "SELECT * FROM t" + strings.Repeat(" JOIN t USING (a)", n) },
		"nested joins": func(n int) string { return "SELECT * FROM " + around("(t JOIN ", "t", " ON a)", n) },
		"unions":       func(n int) string { return "SELECT 1 FROM t" + strings.Repeat(" UNION SELECT 1", n) },
		"with":         func(n int) string { return around("WITH a AS (", "SELECT 1 FROM t", ") SELECT * FROM a", n) },
		"with siblings": func(n int) string {
			return "WITH x0 AS (SELECT 1)" + numbered(", x# AS (SELECT * FROM x@)", n) + " SELECT 1"
		},
		"tables":  func(n int) string { return "SELECT 1 FROM t" + numbered(", t#", n) },
		"columns": func(n int) string { return "SELECT 1 FROM t WHERE a" + numbered(" AND c#.d#", n) },
		"aliases": func(n int) string {
			return "SELECT 1 FROM t" + numbered(", t AS a#", n) + " WHERE b" + numbered(" AND a#.b", n)
		},
		"list":            func(n int) string { return "SELECT 1 FROM t WHERE a IN (1" + strings.Repeat(", 1", n) + ")" },
		"values":          func(n int) string { return "INSERT INTO t VALUES (1)" + strings.Repeat(", (1)", n) },
		"statements":      func(n int) string { return strings.Repeat("SELECT 1;", n) },
		"semicolons":      func(n int) string { return strings.Repeat(";", n) },
		"explain":         func(n int) string { return strings.Repeat("EXPLAIN ", n) + "SELECT 1" },
		"returning":       func(n int) string { return "MERGE INTO t" + strings.Repeat(" RETURNING WITH (", n) },
		"generated":       func(n int) string { return "CREATE TABLE t (" + strings.Repeat("ALWAYS AS (", n) },
		"json":            func(n int) string { return "SELECT " + around("json_value(", "1 PASSING", ")", n) },
		"do strings":      func(n int) string { return "DO" + strings.Repeat(" 'x'", n) },
		"bodies":          func(n int) string { return numbered("DO $x#$ BEGIN ", n) },
		"function bodies": func(n int) string { return "CREATE FUNCTION f()" + strings.Repeat(" AS 'x'", n) + " LANGUAGE sql" },
		"blocks":          func(n int) string { return "DO $$ " + around("BEGIN ", "SELECT 1 FROM t;", " END;", n) + " $$" },
		"ifs":             func(n int) string { return "DO $$ BEGIN " + around("IF a THEN ", "NULL;", " END IF;", n) + " END $$" },
		"atomic": func(n int) string {
			return "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC " + strings.Repeat("SELECT 1;", n) + " END"
		},
		"comments":      func(n int) string { return strings.Repeat("/*", n) + "SELECT 1" },
		"line comments": func(n int) string { return strings.Repeat("--\n", n) + "SELECT 1 FROM t" },
		"strings":       func(n int) string { return "SELECT " + strings.Repeat("'x'\n", n) },
		"quotes":        func(n int) string { return "SELECT " + strings.Repeat("'", n) },
		"dollars":       func(n int) string { return "SELECT " + strings.Repeat("$", n) },
		"tags":          func(n int) string { return "SELECT " + numbered("$a#$", n) },
		"placeholders":  func(n int) string { return "SELECT 1 FROM t WHERE a = ?" + strings.Repeat(" AND b = ? ", n) },
		"colons":        func(n int) string { return "SELECT " + strings.Repeat(":", n) },
		"dots":          func(n int) string { return "SELECT 1 FROM a" + strings.Repeat(".a", n) },
		"name":          func(n int) string { return "SELECT 1 FROM " + strings.Repeat("ä", n) },
		"nul":           func(n int) string { return "SELECT 1 FROM t WHERE " + strings.Repeat("\x00", n) },
		"invalid":       func(n int) string { return "SELECT 1 FROM t WHERE " + strings.Repeat("\xff\xfe", n) },
		"in a string":   func(n int) string { return "SELECT 1 FROM t WHERE a = '" + strings.Repeat("x", n) },
	}
}

// Giants makes texts of about so many bytes, each another way to be long.
func Giants() map[string]func(bytes int) string {
	return map[string]func(bytes int) string{
		"rows":         func(n int) string { return "INSERT INTO big VALUES (1)" + strings.Repeat(", ('xxxxxxxx')", n/14) },
		"a list":       func(n int) string { return "SELECT 1 FROM big WHERE a IN (1" + numbered(", #", n/9) + ")" },
		"an open text": func(n int) string { return "SELECT * FROM big WHERE a = '" + strings.Repeat("x\ny", n/3) },
		"statements":   func(n int) string { return strings.Repeat("INSERT INTO big SELECT 1; ", n/25) },
		"nested":       func(n int) string { return around("SELECT * FROM (", "big", ") x", n/19) },
	}
}

// around puts n pairs around a text.
func around(open, inner, closing string, n int) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
}

// numbered repeats a text with # for its number and @ for the one before.
func numbered(text string, n int) string {
	var out []byte
	for i := 1; i <= n; i++ {
		for _, c := range []byte(text) {
			switch c {
			case '#':
				out = strconv.AppendInt(out, int64(i), 10)
			case '@':
				out = strconv.AppendInt(out, int64(i-1), 10)
			default:
				out = append(out, c)
			}
		}
	}
	return string(out)
}
