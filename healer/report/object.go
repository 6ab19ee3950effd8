package report

import (
	"regexp"
	"strings"

	"github.com/pgmend/pgmend/healer"
)

// bare is an identifier that SQL reads back without quotes.
var bare = regexp.MustCompile(`^[a-z_][a-z0-9_$]*$`)

// quoted writes an identifier so that it can be copied into SQL.
func quoted(name string) string {
	if bare.MatchString(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// name writes an object's name as SQL does.
func name(o healer.Object) string {
	if o.Kind != "" {
		kind := string(o.Kind) + " "
		if o.Kind == healer.ObjectSession {
			return kind + o.Name // its pid
		}
		o.Kind = ""
		return kind + name(o)
	}
	switch {
	case o.Schema == "" && o.Name == "":
		return ""
	case o.Schema == "":
		return quoted(o.Name)
	}
	return quoted(o.Schema) + "." + quoted(o.Name)
}

// where names the object of a finding, or the database itself.
func where(f healer.Finding) string {
	if n := name(f.Object); n != "" {
		return n
	}
	return "database " + quoted(f.Database)
}

// Object names what a finding is about, safe on a terminal.
func Object(f healer.Finding) string { return Plain(where(f)) }
