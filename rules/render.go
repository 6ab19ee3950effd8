package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pgmend/pgmend/parser"
)

// Bound is a rendered query: SQL with $1… and the arguments for them.
type Bound struct {
	SQL  string
	Args []Value
}

// Bind renders a query: each {value} spliced in, quoted, and each @name as an
// argument. Every value must exist.
func (t Template) Bind(v Values) (Bound, error) {
	var b Bound
	numbers := make(map[string]int)
	sql, _, err := t.render(v, func(name string, value Value) (string, error) {
		n, known := numbers[name]
		if !known {
			b.Args = append(b.Args, value)
			n = len(b.Args)
			numbers[name] = n
		}
		return fmt.Sprintf("$%d", n), nil
	}, nil)
	b.SQL = sql
	return b, err
}

// Inline renders a statement that takes no arguments: @names become literals.
// Every value must exist.
func (t Template) Inline(v Values) (string, error) {
	sql, _, err := t.render(v, func(_ string, value Value) (string, error) { return literal(value) }, nil)
	return sql, err
}

// Preview renders what is known so far; a value that is not known yet stands
// as {name} and is returned in missing.
func (t Template) Preview(v Values) (sql string, missing []string, err error) {
	return t.render(v, func(_ string, value Value) (string, error) { return literal(value) },
		func(p part) string { return p.text })
}

func (t Template) render(v Values, bind func(string, Value) (string, error), unknown func(part) string) (string, []string, error) {
	var out strings.Builder
	var missing []string
	for _, p := range t.parts {
		if p.kind == partText {
			out.WriteString(p.text)
			continue
		}
		value, ok := v[p.name]
		if !ok {
			if unknown == nil {
				return "", nil, fmt.Errorf("no value for %s", p.text)
			}
			missing = append(missing, p.name)
			out.WriteString(unknown(p))
			continue
		}
		var s string
		var err error
		if p.kind == partBind {
			s, err = bind(p.name, value)
		} else {
			s, err = splice(p.format, value)
		}
		if err != nil {
			return "", nil, fmt.Errorf("%s: %w", p.text, err)
		}
		out.WriteString(s)
	}
	return out.String(), missing, nil
}

var (
	errNull = errors.New("the value is null")
	errText = errors.New("the value holds a NUL byte or is not valid UTF-8")
	digits  = regexp.MustCompile(`^-?[0-9]{1,39}$`)
)

// splice quotes a value for its place in a statement. Quoting is done here
// and not by the server, so it is always done the same, safest way; a test
// holds it against the server's format().
func splice(format string, v Value) (string, error) {
	if v.Null && format == "sql" {
		return "NULL", nil // an expression that is not there is unknown
	}
	if v.Null && format != "literal" {
		return "", errNull
	}
	if strings.ContainsRune(v.Text, 0) || !utf8.ValidString(v.Text) {
		return "", errText
	}
	switch format {
	case "":
		return identifier(v.Text)
	case "names":
		return identifiers(v.Text)
	case "literal":
		return literal(v)
	case "number":
		if !digits.MatchString(v.Text) {
			return "", fmt.Errorf("%q is not a whole number", shorten(v.Text))
		}
		return v.Text, nil
	case "sql":
		return v.Text, nil
	case "concurrently":
		return concurrently(v.Text)
	}
	if list := words(format); slices.Contains(list, v.Text) {
		return strings.ToUpper(v.Text), nil
	} else if list != nil {
		return "", fmt.Errorf("%q is not one of %s", shorten(v.Text), strings.Join(list, ", "))
	}
	return "", fmt.Errorf("unknown format %q", format)
}

func identifier(name string) (string, error) {
	if name == "" || strings.ContainsRune(name, 0) {
		return "", errors.New("not a name")
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`, nil
}

// identifiers quotes each name of a JSON array, such as jsonb_agg makes, and
// puts commas between them: a list of columns.
func identifiers(array string) (string, error) {
	var names []string
	if err := json.Unmarshal([]byte(array), &names); err != nil || len(names) == 0 {
		return "", errors.New("not a JSON array of names")
	}
	for i, n := range names {
		quoted, err := identifier(n)
		if err != nil {
			return "", err
		}
		names[i] = quoted
	}
	return strings.Join(names, ", "), nil
}

// literal quotes a value as a string. E'…' means the same whatever
// standard_conforming_strings is.
func literal(v Value) (string, error) {
	if v.Null {
		return "NULL", nil
	}
	if strings.ContainsRune(v.Text, 0) || !utf8.ValidString(v.Text) {
		return "", errText
	}
	return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(v.Text) + "'", nil
}

var createIndex = regexp.MustCompile(`^CREATE (UNIQUE )?INDEX `)

// concurrently is the one edit of a definition that pg_get_indexdef printed:
// the word behind its first two or three, which are always the same.
func concurrently(definition string) (string, error) {
	head := createIndex.FindString(definition)
	if head == "" {
		return "", errors.New("not a definition that pg_get_indexdef prints")
	}
	return head + "CONCURRENTLY " + definition[len(head):], nil
}

// CheckRendered looks at a statement just before it runs: it has to be one
// statement of its class, whatever was spliced into it.
func CheckRendered(sql, class string) error {
	list, err := parser.Inspect(sql)
	if err != nil {
		return fmt.Errorf("check the rendered statement: %w", err)
	}
	if len(list) != 1 || list[0].Class != class {
		return fmt.Errorf("the rendered text is not one %s statement", class)
	}
	return nil
}
