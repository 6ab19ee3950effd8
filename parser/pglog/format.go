package pglog

import "time"

// Format is how a log is written.
type Format string

// The formats. Auto looks at the beginning of the log.
const (
	Auto   Format = "auto"
	Stderr Format = "stderr" // text, with log_line_prefix; Amazon RDS writes it too
	CSV    Format = "csv"
	JSON   Format = "json"
	Syslog Format = "syslog" // RFC 3164 and 5424, and Heroku's logplex
	// What others wrap around the server's lines.
	CloudWatch Format = "cloudwatch" // Amazon: a time before each line
	CRI        Format = "cri"        // Kubernetes: a time, the stream, and whether the line is whole
	Docker     Format = "docker"     // {"log":"…\n","stream":"stderr","time":"…"}
	CloudSQL   Format = "cloudsql"   // Google: {"textPayload":"…",…}
	Azure      Format = "azure"      // {"properties":{"message":"…","detail":"…",…},…}
	CNPG       Format = "cnpg"       // CloudNativePG: {…,"record":{csvlog's columns}}
)

// Formats are all of them, but for Auto.
func Formats() []Format {
	return []Format{Stderr, CSV, JSON, Syslog, CloudWatch, CRI, Docker, CloudSQL, Azure, CNPG}
}

// Options say how to read a log. The zero value reads text without prefix,
// from offset 0, in UTC.
type Options struct {
	// Prefix is the server's log_line_prefix; csvlog and jsonlog need none.
	Prefix string
	// Offset is where in the file the first byte stands.
	Offset int64
	// Location is the server's log_timezone. It gives meaning to zone
	// abbreviations; nil knows UTC, offsets and the common abbreviations.
	Location *time.Location
	// Until is when the log was written to last: the file's own time. It
	// tells the year of a syslog of RFC 3164, which writes none; the zero time
	// leaves those times empty.
	Until time.Time

	// Guessed says that the prefix was found from the lines, by GuessPrefix: what
	// it takes for a name of one kind may be of another.
	Guessed bool
	// Unproven leaves Forgeable true for all records of the text format: who
	// only counts need not find out.
	Unproven bool
}

// Framed is a record and the bytes it came from, [Start, End) of the file.
type Framed struct {
	Record
	Start, End int64
	// Lines is how many of the session's line numbers it takes: in the text
	// format each DETAIL and STATEMENT counts.
	Lines int64
}
