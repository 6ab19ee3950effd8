package parser

import (
	"errors"
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// Parse takes a text apart into statements and says what each touches. It
// never fails: a statement that the grammar refuses is approximated from its
// tokens, with Parsed false, and costs the others nothing.
func Parse(sql string) []Statement {
	out := []Statement{}
	for one := range statements(sql) {
		out = append(out, parseOne(one))
	}
	return out
}

// Tables returns the tables a text touches, each once for each access.
func Tables(sql string) []Table {
	all := set[Table]{list: []Table{}}
	for one := range statements(sql) {
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
// parser: for what that cannot be trusted with.
func Approximate(sql string) Statement {
	s := approximate(sql)
	s.Text = Mask(sql)
	return s
}

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

// refused answers for a text that the grammar refuses: with a driver's
// placeholders made PostgreSQL's own it may be one that it knows, otherwise it
// is approximated.
func refused(sql string, why error) Statement {
	s := Approximate(sql)
	s.Err = why.Error()
	bound, any := bindPlaceholders(sql)
	if !any {
		return s
	}
	e := extractor{sql: bound}
	if _, err := e.extract(); err != nil {
		return s
	}
	exact := e.result()
	exact.Text, exact.Err = s.Text, s.Err
	return exact
}

// bindPlaceholders writes $1 for each ? and :name of a driver.
func bindPlaceholders(sql string) (bound string, any bool) {
	tokens := Tokens(sql)
	var out strings.Builder
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		named := t.Text == ":" && i+1 < len(tokens) && tokens[i+1].Kind == TokenWord && (i == 0 || tokens[i-1].Text != ":")
		if named {
			i++
		}
		if named || t.Kind == TokenOperator && t.Text == "?" {
			out.WriteString(" $1 ")
			any = true
			continue
		}
		out.WriteString(t.Text)
	}
	return out.String(), any
}
