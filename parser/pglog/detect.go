package pglog

import "bytes"

// Detect says which format a piece of a log has that begins at a line's
// start; its first 64 KiB are enough. Every line votes, because the first
// ones may be fragments or another program's; what cannot be told from text
// otherwise counts for more.
func Detect(sample []byte) Format {
	sample = sample[:min(len(sample), detectSize)]
	votes := map[Format]int{}
	for line := range bytes.Lines(sample) {
		line = bytes.Trim(line, "\x00 \r\n")
		switch f := lineFormat(line); {
		case len(line) == 0 || f == "":
		case f == Stderr:
			votes[f]++
		default:
			votes[f] += 4
		}
	}
	best := Stderr
	for _, f := range Formats() {
		if votes[f] > votes[best] {
			best = f
		}
	}
	return best
}

// lineFormat is the format that a line looks like; "" if it could be of any.
func lineFormat(line []byte) Format {
	switch {
	case len(line) == 0 || line[0] == '\t':
		return ""
	case line[0] == '{' || line[0] == '[' && bytes.HasPrefix(bytes.TrimLeft(line, "[ "), []byte("{")) || line[0] == '"':
		return objectFormat(line)
	case isStamp(line) && csvHead(line):
		return CSV
	case matchShape(line, "dddd-dd-ddTdd:dd:dd"):
		_, rest, _ := bytes.Cut(line, []byte(" "))
		if bytes.HasPrefix(rest, []byte("stderr ")) || bytes.HasPrefix(rest, []byte("stdout ")) {
			return CRI
		}
		if matchShape(rest, "dddd-dd-dd dd:dd:dd") {
			return CloudWatch
		}
		if _, ok := parseSyslog(line); ok {
			return Syslog
		}
		if _, _, _, ok := label(view(rest)); ok {
			return CloudWatch
		}
		return Stderr
	}
	if _, ok := parseSyslog(line); ok {
		return Syslog
	}
	return Stderr
}

// objectFormat tells the logs that are made of JSON objects apart by their
// members. A member of a printed object stands on a line of its own.
func objectFormat(line []byte) Format {
	for _, m := range [...]struct {
		format  Format
		members []string
	}{
		{CNPG, []string{`"level":`, `"logger":`}},
		{CloudSQL, []string{`"textPayload":`}},
		{JSON, []string{`"timestamp":`, `"error_severity":`}},
		{Docker, []string{`"log":`, `"stream":`}},
		{Azure, []string{`"properties":`}},
		{Azure, []string{`"errorLevel":`}},
		{JSON, []string{`"timestamp":`, `"pid":`}},
	} {
		all := true
		for _, name := range m.members {
			all = all && bytes.Contains(line, []byte(name))
		}
		if all {
			return m.format
		}
	}
	if line[0] == '"' {
		return ""
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

// texts are the lines with log_line_prefix that a piece of a log holds,
// whatever is wrapped around them.
func texts(f Format, sample []byte) []byte {
	opener := newOpener(f, newClock(nil))
	if opener == nil && f != Syslog {
		return sample
	}
	var out []byte
	for len(sample) > 0 {
		n := bytes.IndexByte(sample, '\n') + 1
		if w, ok := opener.(*objectOpener); ok && w != nil {
			n, _ = objectUnit(sample)
		}
		if n == 0 {
			n = len(sample)
		}
		line := bytes.Trim(sample[:n], "\x00\r\n")
		sample = sample[n:]
		if f == Syslog {
			if l, ok := parseSyslog(line); ok && l.chunk <= 1 && !l.tabbed {
				out = append(append(out, l.text...), '\n')
			}
			continue
		}
		if w, ok := opener.open(line); ok {
			out = append(append(out, bytes.TrimRight(w.text, "\n")...), '\n')
		}
	}
	return out
}

// needsPrefix says that a format's texts begin with log_line_prefix.
func (f Format) needsPrefix() bool { return f != CSV && f != JSON && f != CNPG }
