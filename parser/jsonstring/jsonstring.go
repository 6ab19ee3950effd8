// Package jsonstring undoes the escapes of JSON strings, for those who read
// JSON where encoding/json would copy too much: the parser's trees, the
// server's log, and statements as long as memory allows.
package jsonstring

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// AppendUnescaped appends what the inside of a JSON string says. An escape
// that is cut off is dropped, and half of a surrogate pair becomes U+FFFD.
func AppendUnescaped(dst []byte, text string) []byte {
	for {
		i := strings.IndexByte(text, '\\')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:i]...)
		if i == len(text)-1 {
			return dst
		}
		c := text[i+1]
		text = text[i+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			dst, text = appendUnicode(dst, text)
			continue
		}
		dst = append(dst, c)
	}
}

// UnescapeInPlace is AppendUnescaped over the text itself: what a string says
// is never longer than its escapes. The result is a part of text.
func UnescapeInPlace(text []byte) []byte {
	// What is read next lies at or behind what is written.
	return AppendUnescaped(text[:0], unsafe.String(unsafe.SliceData(text), len(text))) //nolint:gosec // the view ends with this call
}

// appendUnicode appends the character of the hex digits that text begins
// with, and of a second half where they are the first of a surrogate pair.
func appendUnicode(dst []byte, text string) (written []byte, rest string) {
	r, ok := hex4(text)
	if !ok {
		return dst, text
	}
	text = text[4:]
	if utf16.IsSurrogate(r) && strings.HasPrefix(text, `\u`) {
		if low, ok := hex4(text[2:]); ok {
			if whole := utf16.DecodeRune(r, low); whole != utf8.RuneError {
				r, text = whole, text[6:]
			}
		}
	}
	return utf8.AppendRune(dst, r), text
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 32)
	return rune(n), err == nil
}
