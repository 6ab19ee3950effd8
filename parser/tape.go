package parser

import (
	"errors"
)

// tape is a JSON text taken apart: its values in the order of the text, each
// with the place of the value behind it. It is one slice, not a tree of maps,
// and it holds no text of its own, because a parse tree is walked once and
// most of it is passed over.
type tape struct {
	text    string
	entries []entry
}

// entry is one value.
type entry struct {
	key      uint32 // where in the text the name of an object's field is
	from, to uint32 // where the value is; a string's without its quotes
	next     int32  // the entry behind it and all that is in it
	keyLen   uint8
	kind     byte // { [ " or the first byte of anything else
	escaped  bool // a string that holds a backslash
}

var errTape = errors.New("the parse tree is not readable")

// maxTape is what 32 bits can point into.
const maxTape = 1 << 31

// read takes a text apart. What the tape held before is gone.
func (t *tape) read(text string) error {
	if len(text) >= maxTape {
		return errTape
	}
	t.text, t.entries = text, t.entries[:0]
	end, ok := t.value(skipSpace(text, 0), 0, 0)
	if !ok || skipSpace(text, end) != len(text) {
		return errTape
	}
	return nil
}

// value reads the value at i and returns where it ends.
func (t *tape) value(i int, key uint32, keyLen uint8) (int, bool) {
	if i >= len(t.text) {
		return i, false
	}
	at := len(t.entries)
	t.entries = append(t.entries, entry{key: key, keyLen: keyLen, kind: t.text[i], from: uint32(i)})
	var end int
	var ok bool
	switch t.text[i] {
	case '{':
		end, ok = t.object(i + 1)
	case '[':
		end, ok = t.array(i + 1)
	case '"':
		e := &t.entries[at]
		e.from++
		end, e.escaped, ok = stringEnd(t.text, i+1)
		t.entries[at].to, t.entries[at].next = uint32(end), int32(at+1)
		return end + 1, ok
	default:
		end = scalarEnd(t.text, i)
		ok = end > i
	}
	t.entries[at].to, t.entries[at].next = uint32(end), int32(len(t.entries))
	return end, ok
}

// object reads the fields behind a brace.
func (t *tape) object(i int) (int, bool) {
	for {
		i = skipSpace(t.text, i)
		switch {
		case i >= len(t.text):
			return i, false
		case t.text[i] == '}':
			return i + 1, true
		case t.text[i] == ',':
			i++
			continue
		case t.text[i] != '"':
			return i, false
		}
		end, _, ok := stringEnd(t.text, i+1)
		if !ok || end-i-1 > 255 {
			return i, false
		}
		colon := skipSpace(t.text, end+1)
		if colon >= len(t.text) || t.text[colon] != ':' {
			return i, false
		}
		value := skipSpace(t.text, colon+1)
		// Where things stand in the text is a fifth of all, and nobody asks.
		if t.text[i+1:end] == "location" && value < len(t.text) && t.text[value] != '{' && t.text[value] != '"' {
			i = scalarEnd(t.text, value)
			continue
		}
		if i, ok = t.value(value, uint32(i+1), uint8(end-i-1)); !ok {
			return i, false
		}
	}
}

// array reads the elements behind a bracket.
func (t *tape) array(i int) (int, bool) {
	for {
		i = skipSpace(t.text, i)
		switch {
		case i >= len(t.text):
			return i, false
		case t.text[i] == ']':
			return i + 1, true
		case t.text[i] == ',':
			i++
			continue
		}
		var ok bool
		if i, ok = t.value(i, 0, 0); !ok {
			return i, false
		}
	}
}

// scalarEnd returns where a number or a word ends.
func scalarEnd(s string, i int) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case ',', ']', '}', ' ', '\n', '\t', '\r':
			return i
		}
	}
	return i
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// stringEnd returns where the quote is that closes a string.
func stringEnd(s string, i int) (end int, escaped, ok bool) {
	for ; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i, escaped, true
		case '\\':
			escaped = true
			i++
		}
	}
	return i, escaped, false
}
