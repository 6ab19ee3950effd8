package parser

import (
	"slices"
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// Parse takes a text apart into statements and says what each touches. It
// never fails: a statement that the grammar refuses is approximated from its
// tokens, with Parsed false, and costs the others nothing.
func Parse(sql string) []Statement {
	out := []Statement{}
	for _, one := range Split(sql) {
		out = append(out, parseOne(one))
	}
	return out
}

// Tables returns the tables a text touches, each once for each access.
func Tables(sql string) []Table {
	out := []Table{}
	for _, s := range Parse(sql) {
		for _, t := range s.Tables {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// Fingerprint names the shape of a statement: the same for texts that differ
// only in literals. It drops runs of digits in names too (events_202401 is
// events_202402), so nothing about tables may be kept by it.
func Fingerprint(sql string) (string, error) {
	if err := safe(sql, Tokens(sql)); err != nil {
		return "", err
	}
	f, err := pgquery.Fingerprint(sql)
	if err != nil {
		return "", refusal(err)
	}
	return f, nil
}

// Approximate names the tables of a text by its tokens alone, without the C
// parser: for what that cannot be trusted with.
func Approximate(sql string) Statement {
	tokens := Tokens(sql)
	s := approximate(tokens)
	s.Text = Mask(sql)
	return s
}

func parseOne(sql string) Statement {
	tokens := Tokens(sql)
	err := safe(sql, tokens)
	var list []raw
	if err == nil {
		list, err = parse(sql)
	}
	if err != nil || len(list) != 1 {
		return refused(sql, tokens, err)
	}
	e := newExtractor(sql)
	e.statement(list[0].kind, list[0].node, nil)
	s := e.result()
	s.Kind, s.Parsed, s.Text = strings.TrimSuffix(class(list[0]), "_only"), true, Mask(sql)
	if s.Fingerprint, err = pgquery.Fingerprint(s.Text); err != nil {
		s.Err = refusal(err).Error()
	}
	return s
}

// refused answers for a text that the grammar refuses: with a driver's
// placeholders made PostgreSQL's own it may be one that it knows, otherwise it
// is approximated.
func refused(sql string, tokens []Token, why error) Statement {
	s := Approximate(sql)
	if why != nil {
		s.Err = why.Error()
	}
	bound, any := bindPlaceholders(tokens)
	if !any || safe(bound, Tokens(bound)) != nil {
		return s
	}
	list, err := parse(bound)
	if err != nil || len(list) != 1 {
		return s
	}
	e := newExtractor(bound)
	e.statement(list[0].kind, list[0].node, nil)
	exact := e.result()
	exact.Text, exact.Err = s.Text, s.Err
	return exact
}

// bindPlaceholders writes $1 for each ? and :name of a driver.
func bindPlaceholders(tokens []Token) (sql string, any bool) {
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

// Split takes a text apart at its semicolons, but not at those inside of
// quotes, parentheses or a BEGIN ATOMIC body.
func Split(sql string) []string {
	var out []string
	start, parens, blocks := 0, 0, 0
	previous, empty := "", true
	for _, t := range Tokens(sql) {
		word := ""
		switch t.Kind {
		case TokenSpace, TokenComment:
			continue
		case TokenWord:
			word = strings.ToLower(t.Text)
		}
		switch {
		case t.Kind == TokenPunct && t.Text == "(":
			parens++
		case t.Kind == TokenPunct && t.Text == ")":
			parens--
		case word == "atomic" && previous == "begin", blocks > 0 && word == "case":
			blocks++
		case blocks > 0 && word == "end":
			blocks--
		case t.Kind == TokenPunct && t.Text == ";" && parens <= 0 && blocks == 0:
			if !empty {
				out = append(out, strings.TrimSpace(sql[start:t.Offset]))
			}
			start, empty, parens, previous = t.Offset+1, true, 0, ""
			continue
		}
		previous, empty = word, false
	}
	if !empty {
		out = append(out, strings.TrimSpace(sql[start:]))
	}
	return out
}
