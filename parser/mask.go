package parser

import (
	"slices"
	"strings"
)

// masked stands for a literal. It is a literal itself, so that masked text
// still parses.
const masked = "'***'"

// Mask takes every literal and every comment out of a text: what is secret in
// SQL is one or the other. Where people leave the quotes away, a password of a
// role and the value of a custom setting are taken out as well. Nothing but
// masked text is stored, logged or sent.
func Mask(sql string) string { return mask(Tokens(sql)) }

func mask(tokens []Token) string {
	var m masker
	for i, t := range tokens {
		switch t.Kind {
		case TokenSpace, TokenComment:
			m.out.WriteByte(' ')
			continue
		case TokenNumber:
			m.out.WriteByte('1') // not 0: float(0) is refused by the grammar
		case TokenString:
			m.out.WriteString(m.string(t.Text, tokens, i))
		case TokenWord, TokenQuoted:
			if m.secret(t) {
				m.out.WriteString(masked)
			} else {
				m.out.WriteString(t.Text)
			}
		default:
			m.out.WriteString(t.Text)
		}
		m.follow(t)
	}
	return strings.TrimSpace(m.out.String())
}

// masker goes through the tokens of a text.
type masker struct {
	out      strings.Builder
	words    []string // the first words of the statement
	previous string   // token, in lower case
	setting  setting
}

// setting is where in SET name = value a masker is.
type setting int

const (
	settingNone  setting = iota
	settingName          // behind SET
	settingOwn           // behind a name that is the user's own: app.secret
	settingValue         // behind its = or TO
)

// follow notes what stands before the next token.
func (m *masker) follow(t Token) {
	word := strings.ToLower(t.Text)
	if t.Kind == TokenPunct && word == ";" {
		m.words, m.previous, m.setting = nil, "", settingNone
		return
	}
	if len(m.words) < 4 {
		m.words = append(m.words, word)
	}
	switch {
	case t.Kind == TokenWord && word == "set" && m.begins("set", "alter", "create"):
		m.setting = settingName
	case m.setting == settingName && t.Kind == TokenPunct && word == ".":
		m.setting = settingOwn
	case m.setting == settingOwn && (word == "=" || word == "to"):
		m.setting = settingValue
	case m.setting == settingName && (word == "=" || word == "to"):
		m.setting = settingNone
	case m.setting == settingValue && t.Kind != TokenPunct && t.Kind != TokenOperator:
		m.setting = settingOwn // a comma may bring another value
	case m.setting == settingOwn && t.Kind == TokenPunct && word == ",":
		m.setting = settingValue
	}
	m.previous = word
}

func (m *masker) begins(words ...string) bool {
	return len(m.words) > 0 && slices.Contains(words, m.words[0])
}

// secret reports whether a name stands where a secret is, without its quotes.
func (m *masker) secret(t Token) bool {
	if m.setting == settingValue {
		return true
	}
	role := m.begins("create", "alter") && len(m.words) > 1 && slices.Contains([]string{"role", "user", "group"}, m.words[1])
	return role && m.previous == "password" && !strings.EqualFold(t.Text, "null")
}

// string masks a string. The body of a function or a DO block in a language
// that is read here is SQL itself: it is masked inside, so that its tables are
// still seen. The name of a language is no secret; older dumps quote it.
func (m *masker) string(text string, tokens []Token, i int) string {
	switch {
	case m.previous == "language" && bodyLanguage(text), m.previous == "uescape" && len(text) == len("'!'"):
		return text
	case len(text) > 1 && text[1] == '&': // UESCAPE may follow
		return "U&" + masked
	}
	open, inner, end := stringBody(text)
	if end == "" || !m.body() || !bodyLanguage(languageAt(tokens, i)) {
		return masked
	}
	if open == "'" {
		return "'" + strings.ReplaceAll(Mask(strings.ReplaceAll(inner, "''", "'")), "'", "''") + "'"
	}
	return open + Mask(inner) + end
}

// body reports whether a string here is the body of a function or of DO.
func (m *masker) body() bool {
	if m.begins("do") {
		return len(m.words) == 1 || len(m.words) == 3 && m.words[1] == "language"
	}
	return m.previous == "as" && m.begins("create") &&
		(slices.Contains(m.words, "function") || slices.Contains(m.words, "procedure"))
}

// bodyLanguage reports whether the bodies of a language are read here.
func bodyLanguage(name string) bool {
	name = strings.ToLower(strings.Trim(name, `'"`))
	return name == "sql" || name == "plpgsql"
}

// languageAt returns the language that the statement around a token names. A
// DO block without one is PL/pgSQL.
func languageAt(tokens []Token, i int) string {
	first := i
	for first > 0 && tokens[first-1].Text != ";" {
		first--
	}
	previous, begins := "", ""
	for _, t := range tokens[first:] {
		if t.Kind == TokenSpace || t.Kind == TokenComment {
			continue
		}
		if t.Text == ";" {
			break
		}
		if begins == "" {
			begins = strings.ToLower(t.Text)
		}
		if previous == "language" {
			return t.Text
		}
		previous = strings.ToLower(t.Text)
	}
	if begins == "do" {
		return "plpgsql"
	}
	return ""
}

// stringBody takes $tag$…$tag$ or '…' apart; nothing where a string is not
// closed or is of another form.
func stringBody(text string) (open, inner, end string) {
	open = "'"
	if strings.HasPrefix(text, "$") {
		n := strings.IndexByte(text[1:], '$')
		if n < 0 {
			return "", "", ""
		}
		open = text[:n+2]
	}
	if !strings.HasPrefix(text, open) || len(text) < 2*len(open) || !strings.HasSuffix(text, open) {
		return "", "", ""
	}
	return open, text[len(open) : len(text)-len(open)], open
}
