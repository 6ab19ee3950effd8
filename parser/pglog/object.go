package pglog

import (
	"bytes"
	"time"
)

// objectUnit is how long what stands at the beginning of buf is: a JSON
// object with the line it ends in, or a line that is none. Objects may span
// lines, as exports print them. An object whose text breaks off at a newline,
// or before another object begins a line, was cut: it ends there.
func objectUnit(buf []byte) (size int, whole bool) {
	newline := bytes.IndexByte(buf, '\n')
	from := 0
	for from < len(buf) && bytes.IndexByte([]byte(" \t[,\x00"), buf[from]) >= 0 {
		from++
	}
	if from == len(buf) || buf[from] != '{' {
		return newline + 1, newline >= 0
	}
	depth := 0
	for i := from; i < len(buf); i++ {
		switch buf[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth > 0 {
				continue
			}
			end := i + 1
			for end < len(buf) && bytes.IndexByte([]byte(" \t\r],"), buf[end]) >= 0 {
				end++
			}
			switch {
			case end == len(buf): // nobody knows yet
				return 0, false
			case buf[end] == '\n':
				return end + 1, true
			}
			return i + 1, true // another one follows
		case '\n':
			if i+2 < len(buf) && buf[i+1] == '{' && buf[i+2] == '"' {
				return i + 1, true
			}
		case '"':
			n, ok := quotedEnd(buf[i:])
			if n == 0 {
				return 0, false
			}
			if i += n; !ok {
				return i + 1, true
			}
		}
	}
	return 0, false
}

// quotedEnd is where a text in quotes ends: at its quote, or, not ok, at the
// newline that cuts it.
func quotedEnd(buf []byte) (at int, ok bool) {
	for i := 1; i < len(buf); i++ {
		switch buf[i] {
		case '\\':
			i++
		case '"':
			return i, true
		case '\n':
			return i, false
		}
	}
	return 0, false
}

// objectOpener takes the server's text out of the objects of container
// engines (log), Google Cloud's logging (textPayload) and Azure's diagnostic
// logs (properties.message, with its DETAIL apart).
type objectOpener struct {
	clock *clock
	in    jsonScanner
}

func (o *objectOpener) forget() { o.in.begin(nil) }

func (o *objectOpener) open(line []byte) (w wrapped, ok bool) {
	o.in.text, o.in.pos = bytes.TrimLeft(line, " \t[,\x00"), 0
	return w, o.object(&w, 0) && w.text != nil
}

// object reads the members of one object; those that are objects themselves
// are looked into where they can have what is looked for.
func (o *objectOpener) object(w *wrapped, depth int) bool {
	in := &o.in
	if depth > 4 || !in.byte('{') {
		return false
	}
	prefix := ""
	for first := true; !in.byte('}'); first = false {
		if !first && !in.byte(',') {
			return w.text != nil
		}
		key, ok := in.value()
		if !ok || !in.byte(':') {
			return w.text != nil
		}
		if key == "properties" && in.peek() == '{' {
			if !o.object(w, depth+1) {
				return false
			}
			continue
		}
		if c := in.peek(); c == '{' || c == '[' {
			if !in.pass() {
				return w.text != nil
			}
			continue
		}
		value, ok := in.value()
		if key == "prefix" {
			prefix = value
		} else {
			o.member(w, key, value)
		}
		if !ok { // cut
			return w.text != nil
		}
	}
	if prefix != "" && w.level != "" { // Azure's older servers
		w.text = append(append(append([]byte(prefix), w.level...), ":  "...), w.text...)
	}
	return true
}

func (o *objectOpener) member(w *wrapped, key, value string) {
	switch key {
	case "log", "textPayload", "message":
		w.text = Bytes(value)
		if key == "log" {
			n := len(w.text)
			w.more = n > 0 && w.text[n-1] != '\n'
		}
		if w.text == nil {
			w.text = []byte{}
		}
	case "time", "timestamp":
		if t := isoTime(value); !t.IsZero() {
			w.time = t
		} else if t := o.clock.parse(value); !t.IsZero() {
			w.time = t
		} else if ms := atoi64(value); ms > 1e12 { // CloudWatch's events
			w.time = time.UnixMilli(ms).UTC()
		}
	case "errorLevel":
		w.level = severity(value)
	case "sqlerrcode":
		w.state = value
	case "detail":
		w.detail = value
	case "processId":
		w.pid = atoi(value)
	}
}
