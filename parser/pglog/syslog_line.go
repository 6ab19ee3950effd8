package pglog

import (
	"bytes"
	"strings"
	"time"
)

// syslogLine is one line of a syslog file, taken apart: what the syslog
// daemon says, and the server's chunk of a message.
type syslogLine struct {
	stamp   string // RFC 3339 or RFC 3164, as it stands
	pid     int
	seq     int64 // of the message, 0 if syslog_sequence_numbers is off
	chunk   int
	tabbed  bool // the chunk began a new line, with a tab
	text    []byte
	forward bool // logplex
	kept    bool // the text is no view of the log
}

// parseSyslog reads a line of RFC 3164 (`Nov 24 14:14:38 host postgres[7]: `,
// also with the newer time of RFC 3339), of RFC 5424
// (`<134>1 2026-11-24T14:14:38Z host postgres 7 - - `) or of Heroku's logplex
// (`2026-11-24T14:14:38+00:00 app[postgres.7]: [DATABASE] `).
func parseSyslog(line []byte) (l syslogLine, ok bool) {
	rest := line
	digitsEnd := digits(view(rest), 0)
	if digitsEnd > 0 && digitsEnd < len(rest) && rest[digitsEnd] == ' ' { // the octet count of RFC 6587
		if r := rest[digitsEnd+1:]; len(r) > 0 && r[0] == '<' {
			rest = r
		}
	}
	modern := false
	if len(rest) > 0 && rest[0] == '<' {
		end := bytes.IndexByte(rest, '>')
		if end < 2 || end > 4 || digits(view(rest), 1) != end {
			return l, false
		}
		rest = rest[end+1:]
		if len(rest) > 1 && rest[0] == '1' && rest[1] == ' ' {
			modern, rest = true, rest[2:]
		}
	}
	n := syslogStamp(rest)
	if n == 0 || n >= len(rest) || rest[n] != ' ' {
		return l, false
	}
	l.stamp, rest = view(rest[:n]), rest[n+1:]
	if modern {
		rest, ok = l.fields(rest)
	} else {
		rest, ok = l.tag(rest)
	}
	if !ok {
		return l, false
	}
	l.chunks(rest)
	return l, true
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec "

// syslogStamp is how long the time is that begins a line; 0 if it is none.
func syslogStamp(s []byte) int {
	if matchShape(s, "dddd-dd-ddTdd:dd:dd") {
		return max(0, bytes.IndexByte(s, ' '))
	}
	if len(s) > 15 && strings.Contains(months, view(s[:4])) && s[3] == ' ' &&
		(s[4] == ' ' || isDigit(s[4])) && isDigit(s[5]) && matchShape(s[6:], " dd:dd:dd") {
		return 15
	}
	return 0
}

// fields reads RFC 5424's host, program, pid, message id and structured data.
func (l *syslogLine) fields(s []byte) (rest []byte, ok bool) {
	var words [4][]byte
	for i := range words {
		if words[i], s, ok = bytes.Cut(s, []byte(" ")); !ok {
			return nil, false
		}
	}
	l.pid = atoi(view(words[2]))
	if program, number, found := bytes.Cut(words[1], []byte("postgres.")); found && len(program) == 0 {
		l.pid, l.forward = atoi(view(number)), true
	} else if number, found := bytes.CutPrefix(words[2], []byte("postgres.")); found { // logplex
		l.pid, l.forward = atoi(view(number)), true
	}
	if after, nothing := bytes.CutPrefix(s, []byte("-")); nothing {
		return bytes.TrimPrefix(bytes.TrimPrefix(after, []byte(" ")), []byte("\xef\xbb\xbf")), true
	}
	if len(s) > 0 && s[0] == '[' {
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '"':
				n, _ := quotedEnd(s[i:])
				i += max(n, 0)
			case ']':
				if i+1 == len(s) || s[i+1] == ' ' {
					return bytes.TrimPrefix(s[min(i+2, len(s)):], []byte("\xef\xbb\xbf")), true
				}
			}
		}
	}
	return s, true // no structured data at all, as some programs write it
}

// tag reads RFC 3164's `host program[pid]: `, or logplex' `app[postgres.7]: `.
func (l *syslogLine) tag(s []byte) (rest []byte, ok bool) {
	end := bytes.Index(s, []byte("]: "))
	open := bytes.IndexByte(s, '[')
	if open < 1 || end < open || end > 512 {
		return nil, false
	}
	number := s[open+1 : end]
	if after, found := bytes.CutPrefix(number, []byte("postgres.")); found {
		number, l.forward = after, true
	}
	if len(number) == 0 || digits(view(number), 0) != len(number) {
		return nil, false
	}
	l.pid = atoi(view(number))
	return s[end+3:], true
}

// chunks reads the server's own `[seq-chunk] `, behind Heroku's `[COLOR] `.
func (l *syslogLine) chunks(s []byte) {
	if l.forward && len(s) > 0 && s[0] == '[' {
		if name, after, found := bytes.Cut(s, []byte("] ")); found && len(bytes.Trim(name[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")) == 0 {
			s = after
		}
	}
	if len(s) > 0 && s[0] == '[' {
		dash := digits(view(s), 1)
		if dash > 1 && dash < len(s) && s[dash] == '-' {
			end := digits(view(s), dash+1)
			if end > dash+1 && end < len(s) && s[end] == ']' {
				l.seq, l.chunk = atoi64(view(s[1:dash])), atoi(view(s[dash+1:end]))
				s = bytes.TrimPrefix(s[end+1:], []byte(" "))
			}
		}
	}
	for _, tab := range [...]string{"\t", "#011"} {
		if after, found := bytes.CutPrefix(s, []byte(tab)); found && !l.tabbed {
			l.tabbed, s = true, after
		}
	}
	if l.forward && l.chunk <= 1 && !l.tabbed {
		s = bytes.TrimLeft(s, " ")
	}
	l.text = s
}

// time is when the syslog daemon had the line. RFC 3164 leaves out the year:
// it is the last one that is not after the log's end.
func (l *syslogLine) time(c *clock, until time.Time) time.Time {
	if l.stamp != "" && isDigit(l.stamp[0]) {
		return isoTime(l.stamp)
	}
	if until.IsZero() {
		return time.Time{}
	}
	loc := c.loc
	if loc == nil {
		loc = time.UTC
	}
	t, err := time.ParseInLocation("Jan _2 15:04:05", l.stamp, loc)
	if err != nil {
		return time.Time{}
	}
	t = time.Date(until.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc)
	if t.After(until.Add(24 * time.Hour)) { // clocks differ
		t = t.AddDate(-1, 0, 0)
	}
	return t.UTC()
}
