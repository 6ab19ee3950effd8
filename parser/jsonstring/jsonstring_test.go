package jsonstring

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		``: ``, `a`: `a`, `\n\t\r\b\f\"\\\/`: "\n\t\r\b\f\"\\/", `a\u0041b`: `aAb`, `\ud83d\ude00!`: `😀!`,
		`\ud83d\u0041`: "\ufffdA", `\ud83d`: "\ufffd", `a\`: `a`, `a\u00`: `a00`, `\\n`: `\n`,
	} {
		if got := string(AppendUnescaped([]byte("> "), text)); got != "> "+want {
			t.Errorf("%q says %q, not %q", text, got, want)
		}
		if got := string(UnescapeInPlace([]byte(text))); got != want {
			t.Errorf("%q says %q in place, not %q", text, got, want)
		}
	}
}

// What encoding/json reads is read the same.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{`"a\u00e4\n"`, `"\ud83d\ude00"`, `"\ud83d\ud83d\ude00"`, `"\udc00\\"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want string
		if !utf8.ValidString(text) || text == "" || text[0] != '"' || json.Unmarshal([]byte(text), &want) != nil || text[len(text)-1] != '"' {
			return
		}
		if got := string(UnescapeInPlace([]byte(text[1 : len(text)-1]))); got != want {
			t.Errorf("%s says %q, not %q", text, got, want)
		}
	})
}
