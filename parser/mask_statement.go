package parser

import "strings"

// statementKind is what a statement is, as far as masking asks.
type statementKind int

const (
	kindOther    statementKind = iota
	kindDefine                 // CREATE or ALTER, of what is yet to be seen
	kindFunction               // of a function or procedure
	kindLogin                  // of what has a password
	kindSettings               // of what has settings and nothing else that is secret
	kindSet                    // SET
	kindDo                     // DO
)

// bodyOf is what the body of a function is, as far as masking asks.
type bodyOf int

const (
	bodyUnknown bodyOf = iota
	bodyRead           // SQL or PL/pgSQL
	bodyOpaque         // another language
)

// follow notes what stands before the next token.
func (m *masker) follow(kind TokenKind, text string) {
	m.words++
	switch {
	case text == ";":
		m.words, m.kind, m.setting = 0, kindOther, settingNone
	case m.words == 1:
		m.begun, m.kind, m.language = m.at, firstKind(kind, text), bodyUnknown
		if m.kind == kindSet {
			m.setting = settingName
		}
	case m.kind == kindOther:
		// Within a body a statement also begins behind these.
		if (len(text) == 4 || len(text) == 5) && kind == TokenWord &&
			(is(text, "begin") || is(text, "then") || is(text, "else") || is(text, "loop")) {
			m.words = 0
		}
	case m.kind == kindDefine:
		if is(text, "or") || is(text, "replace") {
			m.words--
		} else {
			m.kind = definedKind(text)
		}
	case m.kind == kindFunction && is(text, "atomic") && is(m.previous, "begin"):
		m.kind, m.words = kindOther, 0
	default:
		m.set(kind, text)
	}
}

// firstKind says what a statement is by its first word.
func firstKind(kind TokenKind, text string) statementKind {
	switch {
	case kind != TokenWord:
		return kindOther
	case is(text, "set"):
		return kindSet
	case is(text, "create"), is(text, "alter"):
		return kindDefine
	case is(text, "do"):
		return kindDo
	}
	return kindOther
}

// definedKind says what CREATE or ALTER is of.
func definedKind(word string) statementKind {
	var buf [keywordLength]byte
	switch string(lower(word, &buf)) {
	case "function", "procedure", "routine":
		return kindFunction
	case "role", "user", "group", "server", "subscription":
		return kindLogin
	case "database", "system":
		return kindSettings
	}
	return kindOther
}

// setting is where in SET name = value a masker is.
type setting int

const (
	settingNone  setting = iota
	settingName          // behind SET
	settingOwn           // behind a name whose value may be a secret
	settingValue         // behind its = or TO
	settingMore          // behind its value; a comma may bring another one
)

// set follows SET name = value.
func (m *masker) set(kind TokenKind, text string) {
	name := kind == TokenWord || kind == TokenQuoted
	switch m.setting {
	case settingNone:
		if is(text, "set") {
			m.setting = settingName
		}
	case settingName:
		switch {
		case is(text, "local") || is(text, "session"):
		case !name || is(text, "search_path") || is(text, "role"):
			m.setting = settingNone
		default:
			m.setting = settingOwn
		}
	case settingOwn:
		switch {
		case text == "=" || is(text, "to"):
			m.setting = settingValue
		case m.kind == kindFunction && text != "." && m.previous != ".":
			m.setting = settingNone
		}
	case settingValue:
		// A function goes on behind the value; elsewhere the rest is the value.
		if m.kind == kindFunction && text != "-" && text != "+" {
			m.setting = settingMore
		}
	case settingMore:
		if m.setting = settingNone; text == "," {
			m.setting = settingValue
		}
	}
}

// secret reports whether a name stands where a secret is, without its quotes.
func (m *masker) secret(name string) bool {
	switch {
	case m.setting == settingValue:
		return !is(name, "default")
	case m.kind == kindLogin && is(m.previous, "password"):
		return !is(name, "null")
	}
	return false
}

// bodyLanguage reports whether the bodies of a language are read here.
func bodyLanguage(name string) bool {
	name = strings.Trim(name, `'"`)
	return is(name, "sql") || is(name, "plpgsql")
}

// bodyIn says what the bodies of a statement are. It looks through all of it,
// so the answer is to be kept.
func bodyIn(sql string, do bool) bodyOf {
	if bodyLanguage(languageOf(sql, do)) {
		return bodyRead
	}
	return bodyOpaque
}

// languageOf returns the language that a statement names. A DO block without
// one is PL/pgSQL.
func languageOf(sql string, do bool) string {
	previous := ""
	for len(sql) > 0 {
		kind, n := next(sql)
		text := sql[:n]
		sql = sql[n:]
		switch {
		case kind <= TokenComment:
			continue
		case is(previous, "language"):
			return text
		case text == ";":
			sql = ""
		}
		previous = text
	}
	if do {
		return "plpgsql"
	}
	return ""
}

// raised reports whether the format of a RAISE stands behind a word.
func raised(word string) bool {
	var buf [keywordLength]byte
	switch string(lower(word, &buf)) {
	case "raise", "debug", "log", "info", "notice", "warning", "exception":
		return true
	}
	return false
}

// format masks the format of a RAISE. Its parameters are counted where it is
// compiled, so what stands for them stays.
func (m *masker) format(text string) {
	m.literal(masked[:len(masked)-1])
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			continue
		}
		if i+1 < len(text) && text[i+1] == '%' {
			i++
			continue
		}
		m.out = append(m.out, " %"...)
	}
	m.out = append(m.out, '\'')
}

// stringValue takes a string apart: what it says, and the tag of a dollar
// quoted one. It does not know \x41 and the like, nor what is not closed.
func stringValue(text string) (value, tag string, ok bool) {
	if strings.HasPrefix(text, "$") {
		n := strings.IndexByte(text[1:], '$')
		tag = text[:n+2]
		if len(text) < 2*len(tag) || !strings.HasSuffix(text, tag) {
			return "", "", false
		}
		return text[len(tag) : len(text)-len(tag)], tag, true
	}
	escapes := is(text[:1], "e")
	if escapes {
		text = text[1:]
	}
	var out strings.Builder
	for strings.HasPrefix(text, "'") {
		end := closing(text, '\'', escapes)
		if end < 2 || text[end-1] != '\'' || !unescape(&out, text[1:end-1], escapes) {
			return "", "", false
		}
		text = text[end+lineGap(text[end:]):]
	}
	return out.String(), "", text == ""
}

// unescape writes what the inside of a string says.
func unescape(out *strings.Builder, s string, escapes bool) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\'':
			i++ // the second of two
		case c == '\\' && escapes:
			if i++; i == len(s) {
				return false
			}
			switch c = s[i]; {
			case c == 'n' || c == 'r':
				c = '\n'
			case c == 't' || c == 'b' || c == 'f':
				c = ' '
			case c == 'x' || c == 'u' || c == 'U' || chars[c]&charDigit != 0:
				return false
			}
		}
		out.WriteByte(c)
	}
	return true
}
