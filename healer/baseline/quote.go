package baseline

import (
	"regexp"
	"slices"
	"strings"
)

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// ident quotes a name where it needs quotes, as quote_ident does, so that SQL
// that is kept in a repository can be read. A test holds it against the server.
func ident(name string) string {
	if _, key := slices.BinarySearch(keyWords(), name); plainName.MatchString(name) && !key {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// qualified is schema.name.
func qualified(schema, name string) string { return ident(schema) + "." + ident(name) }

// literal quotes a text; E'…' means the same whatever
// standard_conforming_strings is.
func literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// keyWords are those of PostgreSQL 13 to 18 that quote_ident quotes: all but the
// unreserved ones (src/include/parser/kwlist.h). Sorted.
func keyWords() []string {
	return strings.Fields(keyWordList)
}
