package pglog

import (
	"bytes"
	"time"
)

// Format is how a log is written.
type Format string

// The formats. Auto looks at the first line.
const (
	Auto   Format = "auto"
	Stderr Format = "stderr" // text, with log_line_prefix
	CSV    Format = "csv"
	JSON   Format = "json"
)

// Options say how to read a log. The zero value reads text without prefix,
// from offset 0, in UTC.
type Options struct {
	// Prefix is the server's log_line_prefix; only Stderr needs it.
	Prefix string
	// Offset is where in the file the first byte stands.
	Offset int64
	// Location is the server's log_timezone. It gives meaning to zone
	// abbreviations; nil knows UTC, offsets and the common abbreviations.
	Location *time.Location
}

// Framed is a record and the bytes it came from, [Start, End) of the file.
type Framed struct {
	Record
	Start, End int64
	// Lines is how many of the session's line numbers it takes: in the text
	// format each DETAIL and STATEMENT counts.
	Lines int64
}

// Detect says which format a piece of a log, beginning at a line's start, has.
func Detect(sample []byte) Format {
	for line := range bytes.Lines(sample) {
		line = bytes.TrimLeft(line, "\x00 \r\n")
		switch {
		case len(line) == 0:
			continue
		case line[0] == '{' && bytes.Contains(line, []byte(`":`)):
			return JSON
		case isStamp(line) && csvHead(line):
			return CSV
		}
		return Stderr
	}
	return Stderr
}

// csvHead says that a line goes on like a csv record: a zone and a comma,
// then user, database and pid.
func csvHead(line []byte) bool {
	rest := line[stampLen:]
	comma := bytes.IndexByte(rest, ',')
	if comma < 1 || bytes.IndexByte(rest[:comma], ' ') >= 0 {
		return false
	}
	return bytes.HasPrefix(rest[comma+1:], []byte(`,,`)) || bytes.HasPrefix(rest[comma+1:], []byte(`"`))
}
