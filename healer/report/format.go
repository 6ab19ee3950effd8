package report

import (
	"fmt"
	"strings"
)

// Format is how something is written.
type Format string

// The formats.
const (
	Table    Format = "table"    // for people at a terminal, psql-like
	JSON     Format = "json"     // one document with a schema_version
	JSONL    Format = "jsonl"    // one object a line
	CSV      Format = "csv"      // RFC 4180, safe to open in a spreadsheet
	Markdown Format = "markdown" // for an issue or a chat
)

// SchemaVersion is the version of the JSON contracts. It rises when a field
// goes away or changes its meaning; new fields may come at any time.
const SchemaVersion = 1

// formats lists them in the order in which help names them.
func formats() []Format { return []Format{Table, JSON, JSONL, CSV, Markdown} }

// Formats names the formats, for help and completion.
func Formats() []string {
	var out []string
	for _, f := range formats() {
		out = append(out, string(f))
	}
	return out
}

// ParseFormat reads a format's name; "md" is Markdown too.
func ParseFormat(s string) (Format, error) {
	if s == "md" {
		return Markdown, nil
	}
	for _, f := range formats() {
		if s == string(f) {
			return f, nil
		}
	}
	return "", fmt.Errorf("output format %q is not known; one of %s", s, strings.Join(Formats(), ", "))
}

// Options says how to write. The zero value is a plain table.
type Options struct {
	Format Format // "": Table
	Colour bool   // SGR colours, in tables and live lines
	Width  int    // of the terminal, in columns; 0: no limit
	Site   *Site  // of a page of the local server; nil: a file
}

func (o Options) format() Format {
	if o.Format == "" {
		return Table
	}
	return o.Format
}

// Status is a command's own outcome, as its exit code tells it.
type Status struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// The colours, as SGR parameters.
type colour string

const (
	plain  colour = ""
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	cyan   colour = "36"
	bold   colour = "1"
	dim    colour = "2"
)

// paint colours a text that is escaped already.
func (o Options) paint(c colour, s string) string {
	if !o.Colour || c == plain || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}
