package parser

import "strings"

// masked stands for a literal. It is a literal itself, so that masked text
// still parses.
const masked = "'***'"

// languages are names that older dumps write as strings. They say how to read
// a body, and are no secret.
var languages = map[string]bool{"'plpgsql'": true, "'sql'": true, "'SQL'": true, "'C'": true, "'c'": true}

// Mask takes every literal and every comment out of a text: what is secret in
// SQL is one or the other. Nothing but masked text is stored, logged or sent.
func Mask(sql string) string { return mask(Tokens(sql)) }

func mask(tokens []Token) string {
	var out strings.Builder
	previous := ""
	for _, t := range tokens {
		switch t.Kind {
		case TokenSpace:
			out.WriteByte(' ')
			continue
		case TokenComment:
			out.WriteByte(' ')
			continue
		case TokenString:
			if previous == "language" && languages[t.Text] {
				out.WriteString(t.Text)
			} else {
				out.WriteString(body(t.Text, previous))
			}
		case TokenNumber:
			out.WriteByte('1') // not 0: float(0) is refused by the grammar
		default:
			out.WriteString(t.Text)
		}
		previous = strings.ToLower(t.Text)
	}
	return strings.TrimSpace(out.String())
}

// body masks a string. That of a function or a DO block is SQL itself: it is
// masked inside, so that its tables are still seen.
func body(text, previous string) string {
	tag, inner := dollarBody(text)
	if tag == "" || previous != "as" && previous != "do" && previous != "plpgsql" && previous != "sql" {
		return masked
	}
	return tag + Mask(inner) + tag
}

// dollarBody takes $tag$…$tag$ apart; "" where a string is another.
func dollarBody(text string) (tag, inner string) {
	if !strings.HasPrefix(text, "$") {
		return "", ""
	}
	end := strings.IndexByte(text[1:], '$')
	if end < 0 {
		return "", ""
	}
	tag = text[:end+2]
	if len(text) < 2*len(tag) || !strings.HasSuffix(text, tag) {
		return "", ""
	}
	return tag, text[len(tag) : len(text)-len(tag)]
}
