package parser

import "strings"

// retell writes a text that the grammar refuses in the words of the grammar:
// the placeholders of drivers, and what PostgreSQL 17 and 18 understand. What
// it leaves out names no table, and what may is told apart, in more. The text
// is for the parser alone: it is never run and never shown.
func retell(sql string) (text string, more []string) {
	r := reteller{in: significant(sql), levels: []telling{{}}}
	r.first = r.word(0)
	for r.i < len(r.in) {
		if !r.placeholder() && !r.json() && !r.merge() && !r.table() {
			r.copy()
		}
	}
	return r.out.String(), r.more
}

// significant are the tokens but white space and comments.
func significant(sql string) []Token {
	var out []Token
	for i := 0; i < len(sql); {
		kind, n := next(sql[i:])
		if kind > TokenComment {
			out = append(out, Token{Kind: kind, Text: sql[i : i+n], Offset: i})
		}
		i += n
	}
	return out
}

// reteller goes through the tokens of a text.
type reteller struct {
	in     []Token
	i      int
	out    strings.Builder
	more   []string
	first  string // word
	levels []telling
	stored int // the parenthesis behind which STORED is to be said
}

// telling is what a pair of parentheses holds.
type telling struct {
	merge bool // MERGE
	json  bool // the arguments of a function of SQL/JSON
}

func (r *reteller) level() *telling { return &r.levels[len(r.levels)-1] }

// word returns the token at i as a key word, or its text.
func (r *reteller) word(i int) string {
	if i < 0 || i >= len(r.in) {
		return ""
	}
	if r.in[i].Kind == TokenWord {
		return strings.ToLower(r.in[i].Text)
	}
	return r.in[i].Text
}

// at reports whether these words stand here.
func (r *reteller) at(words ...string) bool {
	for k, w := range words {
		if r.word(r.i+k) != w {
			return false
		}
	}
	return true
}

// instead writes a text for so many tokens.
func (r *reteller) instead(text string, tokens int) bool {
	r.out.WriteString(text)
	r.out.WriteByte(' ')
	r.i += tokens
	return true
}

// copy writes a token as it stands, apart from the one before if it was.
func (r *reteller) copy() {
	t := r.in[r.i]
	if r.i > 0 && r.in[r.i-1].Offset+len(r.in[r.i-1].Text) < t.Offset {
		r.out.WriteByte(' ')
	}
	r.out.WriteString(t.Text)
	switch {
	case t.Kind != TokenPunct:
	case t.Text == "(":
		r.levels = append(r.levels, telling{json: jsonFunction(r.word(r.i - 1))})
	case t.Text == ")" && len(r.levels) > 1:
		r.levels = r.levels[:len(r.levels)-1]
	}
	if r.i == r.stored && r.i > 0 {
		r.out.WriteString(" STORED")
	}
	r.i++
}

// closing returns where the parenthesis closes that is open here, or the text
// ends.
func (r *reteller) closing(i int) int {
	for depth := 0; i < len(r.in); i++ {
		switch r.in[i].Text {
		case "(":
			depth++
		case ")":
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return i
}

// placeholder writes $1 for ?, :name, %s, %(name)s and @name of a driver.
func (r *reteller) placeholder() bool {
	t := r.in[r.i]
	named := r.i+1 < len(r.in) && r.in[r.i+1].Offset == t.Offset+len(t.Text) &&
		(r.in[r.i+1].Kind == TokenWord || r.in[r.i+1].Kind == TokenNumber)
	switch {
	case t.Kind == TokenPunct && t.Text == ":" && named && r.word(r.i-1) != ":":
		return r.instead(" $1", 2)
	case t.Kind != TokenOperator:
		return false
	case strings.HasSuffix(t.Text, "?"): // and =?
		return r.instead(strings.TrimRight(t.Text, "?")+" $1", 1)
	case strings.HasSuffix(t.Text, "%") && r.at(t.Text, "s") && named, strings.HasSuffix(t.Text, "@") && named:
		return r.instead(t.Text[:len(t.Text)-1]+" $1", 2)
	case strings.HasSuffix(t.Text, "%") && r.at(t.Text, "(") && r.word(r.i+3) == ")" && r.word(r.i+4) == "s":
		return r.instead(t.Text[:len(t.Text)-1]+" $1", 5)
	}
	return false
}

// jsonFunction reports whether a function has a syntax of its own from 17 on.
func jsonFunction(name string) bool {
	switch name {
	case "json_table", "json_value", "json_query", "json_exists", "json_scalar", "json_serialize", "json":
		return true
	}
	return false
}

// json leaves out of a function of SQL/JSON what is no expression.
func (r *reteller) json() bool {
	if !r.level().json {
		return false
	}
	switch r.word(r.i) {
	case "passing":
		return r.instead(",", 1)
	case "as", "format":
		return r.instead("", 2)
	case "null", "true", "false", "unknown", "error", "empty":
		if r.word(r.i+1) != "on" {
			return false
		}
	case "returning", "columns", "with", "without", "keep", "omit", "default", "plan":
	default:
		return false
	}
	r.i = r.closing(r.i)
	return true
}

// merge tells the parts of MERGE that are new, and RETURNING WITH.
func (r *reteller) merge() bool {
	switch {
	case r.at("merge", "into"):
		r.level().merge = true
	case r.at("not", "matched", "by", "source"):
		return r.instead(" MATCHED", 4)
	case r.at("not", "matched", "by", "target"):
		return r.instead(" NOT MATCHED", 4)
	case r.at("returning", "with", "("):
		r.out.WriteString(" RETURNING ")
		r.i = r.closing(r.i+3) + 1
		return true
	case r.at("returning") && r.level().merge:
		from, to := r.i+1, r.closing(r.i)
		if from < to {
			if r.word(from) == "with" && r.word(from+1) == "(" {
				from = r.closing(from+2) + 1
			}
			r.more = append(r.more, "SELECT "+join(r.in[min(from, to):to]))
		}
		r.out.WriteByte(' ')
		r.i = to
		return true
	}
	return false
}

// join writes tokens as a text.
func join(tokens []Token) string {
	var out strings.Builder
	for k, t := range tokens {
		if k > 0 && tokens[k-1].Offset+len(tokens[k-1].Text) < t.Offset {
			out.WriteByte(' ')
		}
		out.WriteString(t.Text)
	}
	return out.String()
}

// table tells what is new in the definitions of tables, and in what is done
// with them.
func (r *reteller) table() bool {
	before, next := r.word(r.i-1), r.i+1 < len(r.in) && r.in[r.i+1].Kind <= TokenQuoted
	switch {
	case r.at("without", "overlaps"), r.at("not", "enforced"), r.at("at", "local"):
		return r.instead("", 2)
	case r.at("enforced") && before == ")", r.at("only") && (r.first == "vacuum" || r.first == "analyze"):
		return r.instead("", 1)
	case r.at("period") && (before == "," || before == "(") && next:
		return r.instead("", 1)
	case r.at("virtual") && before == ")":
		return r.instead(" STORED", 1)
	case before == "always" && r.at("as", "("):
		// From 18 on a generated column is virtual unless it is said to be stored.
		end := r.closing(r.i + 2)
		if w := r.word(end + 1); w != "stored" && w != "virtual" {
			r.stored = end
		}
		return false
	case r.at("set", "expression", "as"):
		return r.instead(" SET DEFAULT", 3)
	case r.at("not", "null") && (before == "add" || r.word(r.i-2) == "constraint") && r.i+2 < len(r.in) &&
		(r.in[r.i+2].Kind == TokenWord || r.in[r.i+2].Kind == TokenQuoted):
		return r.instead(" CHECK ("+r.in[r.i+2].Text+" IS NOT NULL)", 3)
	}
	return false
}
