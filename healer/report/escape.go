package report

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain makes hostile text safe on one line of a terminal: what could move the
// cursor, change colours, retitle the window or reorder what is read becomes
// a visible escape.
func Plain(s string) string { return escape(s, false) }

// Lines is Plain for a text of several lines, such as SQL: newlines stay, and
// tabs become spaces.
func Lines(s string) string {
	return escape(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\t", "    "), true)
}

func escape(s string, lines bool) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n' && lines:
			b.WriteByte('\n')
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case hidden(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// hidden reports whether a terminal would act on the character or show
// nothing of it: C0 and C1 controls, and the format characters that reorder
// or hide text (CVE-2021-42574), except the joiners that emoji and scripts
// need.
func hidden(r rune) bool {
	if r == '\u200c' || r == '\u200d' {
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// number is a cell that a spreadsheet reads as a number, not as a formula.
var number = regexp.MustCompile(`^[-+]?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$`)

// cell makes text safe in CSV: a spreadsheet runs what begins with one of
// these as a formula (OWASP, CSV Injection), and so it gets an apostrophe.
func cell(s string) string {
	if s == "" || number.MatchString(s) {
		return s
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \u00a0"))
	if strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", first) {
		return "'" + s
	}
	return s
}

// markdownEscapes keeps text from being a link, HTML, a mention, an issue's
// number or formatting. A backslash does not stop mentions and bare URLs on
// the usual forges, so those get character references.
var markdownEscapes = strings.NewReplacer(
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "&#64;", "://", "&#58;//", "www.", "www&#46;",
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "#", `\#`, "!", `\!`, "$", `\$`,
)

// markdown makes text safe inside a line or a cell of Markdown.
func markdown(s string) string { return markdownEscapes.Replace(Plain(s)) }

// fence writes a block of code whose fence no line of it can close.
func fence(language, code string) string {
	ticks := 3
	run := 0
	for _, r := range code {
		if r != '`' {
			run = 0
			continue
		}
		if run++; run >= ticks {
			ticks = run + 1
		}
	}
	bar := strings.Repeat("`", ticks)
	return bar + language + "\n" + strings.TrimRight(Lines(code), "\n") + "\n" + bar + "\n"
}
