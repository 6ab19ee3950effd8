package parser

import (
	"errors"
	"fmt"
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// Parse takes a text apart into statements and says what each touches. It
// never fails: a statement that the grammar refuses is approximated from its
// tokens, with Parsed false, and costs the others nothing.
func Parse(sql string) []Statement {
	out := []Statement{}
	for one, rest := range statements(sql) {
		if len(out) == maxStatements {
			last := Approximate(rest)
			last.Err = errMany.Error()
			return append(out, last)
		}
		out = append(out, parseOne(one))
	}
	return out
}

// maxStatements bounds what one text may ask of the parser, and what the
// answer takes. What is behind them is approximated as if it were one.
const maxStatements = 10_000

var errMany = fmt.Errorf("the text holds more than %d statements; this is what follows them", maxStatements)

// Tables returns the tables a text touches, each once for each access.
func Tables(sql string) []Table {
	all := set[Table]{list: []Table{}}
	n := 0
	for one, rest := range statements(sql) {
		if n++; n > maxStatements {
			for _, t := range approximate(rest).Tables {
				all.add(t)
			}
			break
		}
		e := extractor{sql: one}
		_, err := e.extract()
		tables := e.tables.list
		if err != nil {
			tables = refused(one, err).Tables
		}
		for _, t := range tables {
			all.add(t)
		}
	}
	return all.list
}

// Fingerprint names the shape of a statement: the same for texts that differ
// only in literals, also where the library counts them in, as in the options of
// COPY or the password of a role: it is that of the masked text. It drops runs
// of digits in names too (events_202401 is events_202402), so nothing about
// tables may be kept by it.
func Fingerprint(sql string) (string, error) {
	if err := safe(sql); err != nil {
		return "", err
	}
	return fingerprint(Mask(sql))
}

func fingerprint(masked string) (string, error) {
	f, err := pgquery.Fingerprint(masked)
	if err != nil {
		return "", refusal(err)
	}
	return f, nil
}

// Approximate names the tables of a text by its tokens alone, without the C
// parser: for what that cannot be trusted with. Of a text that is longer than
// the parser is given it says so.
func Approximate(sql string) Statement {
	s := approximate(sql)
	if len(sql) > MaxLength {
		s.Err = errLength.Error()
	}
	s.Text = Mask(sql[:min(len(sql), maxText)])
	return s
}

// maxText is how much of a text is kept that is too long for the parser.
const maxText = 64 << 10

func parseOne(sql string) Statement {
	e := extractor{sql: sql}
	kind, err := e.extract()
	if err != nil {
		return refused(sql, err)
	}
	s := e.result()
	s.Kind, s.Parsed, s.Text = kind, true, Mask(sql)
	if s.Fingerprint, err = fingerprint(s.Text); err != nil {
		s.Err = err.Error()
	}
	return s
}

var errNotOne = errors.New("the text is not one statement")

// extract parses the extractor's text and walks over its tree.
func (e *extractor) extract() (kind string, err error) {
	if err := safe(e.sql); err != nil {
		return "", err
	}
	one := false
	err = parse(e.sql, func(list []raw) {
		if one = len(list) == 1; !one {
			return
		}
		kind = strings.TrimSuffix(class(list[0]), "_only")
		e.statement(list[0].kind, list[0].node, nil)
	})
	if err == nil && !one {
		err = errNotOne
	}
	return kind, err
}

// refused answers for a text that the grammar refuses: told in its own words,
// or completed where it was cut off, it may be one that it knows. Otherwise it
// is approximated.
func refused(sql string, why error) Statement {
	s := Approximate(sql)
	s.Err = why.Error()
	if safe(sql) != nil {
		return s
	}
	text, more := retell(sql)
	for _, candidate := range append([]string{text}, completed(text)...) {
		e := extractor{sql: candidate}
		if _, err := e.extract(); err != nil {
			continue
		}
		for _, one := range more {
			e.within(one)
		}
		exact := e.result()
		exact.Text, exact.Err = s.Text, s.Err
		return exact
	}
	return s
}

// completed are ends that a text may have had before it was cut off.
func completed(sql string) []string {
	open := 0
	for i := 0; i < len(sql); {
		kind, n := next(sql[i:])
		switch {
		case kind == TokenPunct && sql[i] == '(':
			open++
		case kind == TokenPunct && sql[i] == ')':
			open--
		case kind == TokenString && i+n == len(sql): // it may not be closed
			sql, n = sql[:i]+"NULL", len("NULL")
		}
		i += n
	}
	if open < 0 || open > maxOpen {
		return nil
	}
	closing := strings.Repeat(")", open)
	return []string{
		sql + closing, sql + " NULL" + closing, sql + " ON true" + closing,
		sql + closing + " SELECT 1", sql + " NULL" + closing + " SELECT 1",
	}
}

// maxOpen is how many parentheses of a text that was cut off are closed.
const maxOpen = 100
