package pglog

import "bytes"

// jsonMark begins every record of a jsonlog. Inside a text its quotes are
// escaped, so in the middle of a line it is the beginning of an intact
// record behind one that was cut.
const jsonMark = `{"timestamp":"`

// cnpgMark begins every line of CloudNativePG's log.
const cnpgMark = `{"level":"`

func newJSONFramer(f Format, o Options) *jsonFramer {
	j := &jsonFramer{clock: newClock(o.Location), mark: []byte(jsonMark)}
	if f == CNPG {
		j.nested, j.mark = "record", []byte(cnpgMark)
	}
	return j
}

// jsonFramer finds the records of a jsonlog (15 and later): an object a line.
type jsonFramer struct {
	clock *clock
	ends  lineScan
	// nested is the member that holds the record where another program
	// carries it: CloudNativePG has csvlog's columns under "record".
	nested string
	mark   []byte // what begins a record
	lost   bool   // inside the rest of a record that was given out already

	out   Framed
	in    jsonScanner
	given func(*Framed)
}

func (f *jsonFramer) settle(func(*Framed)) {}
func (f *jsonFramer) pending() int64       { return -1 }
func (f *jsonFramer) keep()                {}
func (f *jsonFramer) skip()                { f.lost = true }

func (f *jsonFramer) frame(buf []byte, base int64, end bool, emit func(*Framed)) (n int) {
	f.given = emit
	for i := f.ends.next(buf, n); i > 0; i = f.ends.next(buf, n) {
		f.line(buf[n:i], base+int64(n))
		n, f.lost = i, false
	}
	switch {
	case end && n < len(buf):
		f.line(buf[n:], base+int64(n))
		n, f.ends.pos, f.lost = len(buf), 0, false
	case len(buf)-n > maxRecord || f.lost:
		if !f.lost {
			f.line(buf[n:], base+int64(n))
		}
		keep := max(n, len(buf)-len(f.mark))
		n, f.ends.pos, f.lost = keep, len(buf)-keep, true
	}
	return n
}

// line gives out the records of a line: one, or cut ones and the intact one
// that was glued to them.
func (f *jsonFramer) line(line []byte, base int64) {
	for {
		next := bytes.Index(line[min(1, len(line)):], f.mark) + 1
		if next == 0 {
			if !f.lost {
				f.emit(line, base)
			}
			return
		}
		if !f.lost {
			f.emit(line[:next], base)
		}
		line, base, f.lost = line[next:], base+int64(next), false
	}
}

func (f *jsonFramer) emit(raw []byte, base int64) {
	text := bytes.Trim(raw, "\x00 \t\r\n")
	if len(text) == 0 {
		return
	}
	f.out = Framed{Start: base, End: base + int64(len(raw)), Lines: 1}
	if r := &f.out.Record; !f.record(r, text) {
		*r = Record{Message: view(text), Truncated: true, Foreign: true, Forgeable: true}
	}
	f.out.clipAll()
	f.given(&f.out)
}

// record reads one flat object; what a cut one still holds is kept. It is
// not ok if there is no time in it.
func (f *jsonFramer) record(r *Record, text []byte) (ok bool) {
	r.SQLState = "00000" // left out by the server where nothing failed
	f.in.begin(text)
	return f.members(r)
}

func (f *jsonFramer) members(r *Record) (ok bool) {
	in := &f.in
	if !in.byte('{') {
		return false
	}
	line := ""
	for first := true; !in.byte('}'); first = false {
		if !first && !in.byte(',') {
			r.Truncated = true
			break
		}
		key, fine := in.value()
		if !fine || !in.byte(':') {
			r.Truncated = true
			break
		}
		if c := in.peek(); c == '{' || c == '[' {
			if f.nested == key && f.nested != "" && c == '{' {
				*r = Record{} // what is outside is of the program that carries it
				return f.members(r)
			}
			if !in.pass() {
				r.Truncated = true
				break
			}
			continue
		}
		value, fine := in.value()
		if r.set(f.clock, key, value); key == "file_line_num" {
			line = value
		}
		if !fine {
			r.Truncated = true
			break
		}
	}
	if line != "" {
		r.Location += ":" + line
	}
	return !r.Time.IsZero()
}

// set puts the value of one key into its field. The keys are those of
// https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-JSONLOG
func (r *Record) set(c *clock, key, value string) {
	if field := r.jsonText(key); field != nil {
		*field = value
		return
	}
	switch key {
	case "timestamp", "log_time":
		r.Time = c.parse(value)
	case "pid", "process_id":
		r.PID = atoi(value)
	case "line_num", "session_line_num":
		r.SessionLine = atoi64(value)
	case "error_severity":
		r.Severity = severity(value)
	case "cursor_position", "internal_position", "query_pos", "internal_query_pos":
		if n := atoi(value); n > 0 {
			r.Position = n
		}
	case "connection_from":
		r.Host = hostOf(value)
	case "location":
		r.Location = value
	case "query_id":
		r.QueryID = atoi64(value)
	case "func_name":
		r.Location = value
	case "file_name":
		if r.Location != "" {
			r.Location += ", "
		}
		r.Location += value
	}
}

// jsonText is the field of a key whose value is kept as it is.
func (r *Record) jsonText(key string) *string {
	switch key {
	case "user", "user_name":
		return &r.User
	case "dbname", "database_name":
		return &r.Database
	case "remote_host":
		return &r.Host
	case "session_id":
		return &r.SessionID
	case "ps", "command_tag":
		return &r.CommandTag
	case "state_code", "sql_state_code":
		return &r.SQLState
	case "message":
		return &r.Message
	case "detail":
		return &r.Detail
	case "hint":
		return &r.Hint
	case "internal_query":
		return &r.Query
	case "context":
		return &r.Context
	case "statement", "query":
		return &r.Statement
	case "application_name":
		return &r.App
	case "backend_type":
		return &r.BackendType
	case "backtrace":
		return &r.Backtrace
	}
	return nil
}
