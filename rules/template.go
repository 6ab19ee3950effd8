package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/parser"
)

// Template is one SQL statement with {values} spliced in, quoted, and @names
// bound as arguments. It is made by the file reader; see render.go for what
// each placeholder may do.
type Template struct {
	Text string // as written in the rule file
	Line int    // in the rule file with its fragments, 1-based

	parts []part
}

// part is literal SQL text, a {splice} or an @bind.
type part struct {
	text   string
	kind   partKind
	name   string // of the value
	format string // "" or one of formats
}

type partKind int

const (
	partText partKind = iota
	partSplice
	partBind
)

// The placeholders: {schema}, {each.name:literal}, {ext:amcheck}; @min_size.
var (
	spliceForm = regexp.MustCompile(`^\{([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)(?::([a-z_][a-z0-9_|]*))?\}`)
	bindForm   = regexp.MustCompile(`^@([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)`)
)

// formats are what may stand behind the colon of a {value}.
var formats = []string{"literal", "number", "names", "sql", "concurrently", "declared"}

// wordsForm is the other one: the key words of which the value is one.
var wordsForm = regexp.MustCompile(`^[a-z]+(\|[a-z]+)+$`)

// words are the key words that a format lists; none in another format.
func words(format string) []string {
	if !wordsForm.MatchString(format) {
		return nil
	}
	return strings.Split(format, "|")
}

// ParseTemplate reads a statement with its placeholders. Inside of literals
// and comments nothing is spliced, so a placeholder there is a mistake.
func ParseTemplate(text string, line int) (Template, error) {
	t := Template{Text: text, Line: line}
	var err error
	fail := func(at int, format string, args ...any) {
		if err == nil {
			err = &lineError{line + strings.Count(text[:at], "\n"), fmt.Sprintf(format, args...)}
		}
	}
	skip := 0
	for _, tok := range parser.Tokens(text) {
		i, rest := tok.Offset, text[tok.Offset:]
		switch {
		case i < skip:
		case tok.Kind == parser.TokenString || tok.Kind == parser.TokenQuoted:
			if quotedForm.MatchString(tok.Text) {
				fail(i, "a placeholder inside of quotes is never filled: %s", shorten(tok.Text))
			}
			t.literal(tok.Text)
		case tok.Kind == parser.TokenPunct && (tok.Text == "{" || tok.Text == "}"):
			n, e := t.brace(rest)
			if e != nil {
				fail(i, "%v", e)
				n = 1
			}
			skip = i + n
		case tok.Kind == parser.TokenOperator && tok.Text == "@" && bindForm.MatchString(rest):
			m := bindForm.FindStringSubmatch(rest)
			t.parts = append(t.parts, part{kind: partBind, name: m[1], text: m[0]})
			skip = i + len(m[0])
		default:
			t.literal(tok.Text)
		}
	}
	if err != nil {
		return Template{}, err
	}
	t.join()
	return t, nil
}

// lineError is a mistake with its line in the file.
type lineError struct {
	line    int
	message string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.message) }

var quotedForm = regexp.MustCompile(`\{[a-z_][a-z0-9_.]*(:[a-z_|]+)?\}`)

// brace reads {{, }} or a {value} and returns how many bytes that took.
func (t *Template) brace(rest string) (int, error) {
	if strings.HasPrefix(rest, "{{") || strings.HasPrefix(rest, "}}") {
		t.literal(rest[:1])
		return 2, nil
	}
	m := spliceForm.FindStringSubmatch(rest)
	if m == nil {
		return 0, errors.New("a brace is written {{ or }}; a value is {name}, {name:literal}, {name:number}, {name:names}, {name:sql} or {ext:extension}")
	}
	p := part{kind: partSplice, name: m[1], format: m[2], text: m[0]}
	if p.name == "ext" && p.format != "" {
		p.name, p.format = "ext."+p.format, ""
	}
	if p.format != "" && !slices.Contains(formats, p.format) && words(p.format) == nil {
		return 0, fmt.Errorf("unknown format %q in %s; there are %s, and words such as all|select", p.format, m[0], strings.Join(formats, ", "))
	}
	t.parts = append(t.parts, p)
	return len(m[0]), nil
}

func (t *Template) literal(s string) { t.parts = append(t.parts, part{kind: partText, text: s}) }

// join makes one part of the text between two placeholders.
func (t *Template) join() {
	var out []part
	for i := 0; i < len(t.parts); {
		var text strings.Builder
		for ; i < len(t.parts) && t.parts[i].kind == partText; i++ {
			text.WriteString(t.parts[i].text)
		}
		if text.Len() > 0 {
			out = append(out, part{kind: partText, text: text.String()})
		}
		for ; i < len(t.parts) && t.parts[i].kind != partText; i++ {
			out = append(out, t.parts[i])
		}
	}
	t.parts = out
}

// Verbatim is a template of a text that holds no placeholders.
func Verbatim(text string) Template {
	return Template{Text: text, parts: []part{{text: text}}}
}

// Uses reports whether the template uses a value.
func (t Template) Uses(name string) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.kind != partText && p.name == name })
}

// splices reports whether a value becomes part of the statement's text.
func (t Template) splices() bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.kind == partSplice })
}

// Names returns the values the template uses, sorted, each once.
func (t Template) Names() []string {
	var names []string
	for _, p := range t.parts {
		if p.kind != partText {
			names = append(names, p.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
