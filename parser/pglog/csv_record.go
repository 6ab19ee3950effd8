package pglog

import (
	"bytes"
	"strconv"
	"strings"
)

func (f *csvFramer) emit(out []Framed, buf []byte, base int64, start, end int, cut bool) []Framed {
	if f.skip { // its beginning was given out before
		return out
	}
	rec := f.record(buf, start, end)
	rec.Truncated = rec.Truncated || cut
	if rec.Message == "" && len(bytes.Trim(buf[start:end], "\x00 \r\n")) == 0 {
		return out
	}
	return append(out, Framed{Record: rec, Start: base + int64(start), End: base + int64(end), Lines: 1})
}

func (f *csvFramer) record(buf []byte, start, end int) Record {
	col := func(i int) string {
		if i >= len(f.fields) {
			return ""
		}
		fl := f.fields[i]
		if fl.start >= end {
			return ""
		}
		text := buf[fl.start:min(fl.end, end)]
		if !fl.escaped {
			return string(text)
		}
		return strings.ReplaceAll(string(text), `""`, `"`)
	}
	stamp := strings.TrimLeft(col(0), "\x00")
	r := Record{
		Time: f.clock.parse(stamp), User: col(1), Database: col(2), PID: atoi(col(3)), Host: hostOf(col(4)),
		SessionID: col(5), SessionLine: atoi64(col(6)), CommandTag: col(7), Severity: severity(col(11)), SQLState: col(12),
		Message: col(13), Detail: col(14), Hint: col(15), Query: col(16), Position: atoi(col(17)), Context: col(18),
		Statement: col(19), Location: col(21), App: col(22), BackendType: col(23), QueryID: atoi64(strings.TrimSpace(col(25))),
	}
	if p := atoi(col(20)); p > 0 {
		r.Position = p
	}
	if r.Time.IsZero() {
		r = Record{Message: string(bytes.TrimRight(buf[start:end], "\r\n")), Truncated: true, Foreign: true, Forgeable: true}
	}
	r.Forgeable = r.Forgeable || r.Message == ""
	r.clipAll()
	return r
}

// hostOf drops the port from connection_from.
func hostOf(from string) string {
	if from == "[local]" {
		return from
	}
	if i := strings.LastIndexByte(from, ':'); i >= 0 {
		return from[:i]
	}
	return from
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func atoi64(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
