package report

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// narrow is the least width a column is wrapped to.
const narrow = 24

// table writes the rows as psql's aligned output with border 1 does. On a
// terminal the last column is wrapped to what is left of the line.
func (l *list) table(o Options) string {
	if len(l.rows) == 0 {
		return fmt.Sprintf("no %s\n", l.name)
	}
	cells := make([][]string, len(l.rows))
	widths := make([]int, len(l.columns))
	for i, c := range l.columns {
		widths[i] = columns(c)
	}
	for i, r := range l.rows {
		for j, s := range r.cells {
			s = Plain(s)
			cells[i] = append(cells[i], s)
			widths[j] = max(widths[j], columns(s))
		}
	}
	last := len(widths) - 1
	used := 0
	for _, w := range widths[:last] {
		used += w + 3
	}
	if o.Width > 0 {
		widths[last] = min(widths[last], max(narrow, o.Width-used-2))
	}
	var b strings.Builder
	l.head(&b, o, widths)
	for i, r := range l.rows {
		for n, part := range wrap(cells[i][last], widths[last]) {
			line := append([]string(nil), cells[i]...)
			if n > 0 {
				clear(line)
			}
			line[last] = part
			b.WriteString(aligned(line, widths, func(j int, s string) string {
				if j == 0 {
					return o.paint(r.colour, s)
				}
				return s
			}))
		}
	}
	if len(l.rows) == 1 {
		b.WriteString("(1 row)\n")
	} else {
		fmt.Fprintf(&b, "(%d rows)\n", len(l.rows))
	}
	return b.String()
}

// head writes the columns' names, centred, and the rule below them.
func (l *list) head(b *strings.Builder, o Options, widths []int) {
	names := make([]string, len(widths))
	rule := make([]string, len(widths))
	for i, w := range widths {
		left := (w - columns(l.columns[i])) / 2
		names[i] = strings.Repeat(" ", max(0, left)) + l.columns[i]
		rule[i] = strings.Repeat("-", w+2)
	}
	b.WriteString(aligned(names, widths, func(_ int, s string) string { return o.paint(bold, s) }))
	b.WriteString(strings.Join(rule, "+") + "\n")
}

// aligned writes one line of cells.
func aligned(cells []string, widths []int, paint func(int, string) string) string {
	var b strings.Builder
	for i, s := range cells {
		if i > 0 {
			b.WriteString("|")
		}
		pad := strings.Repeat(" ", max(0, widths[i]-columns(s)))
		if i == len(cells)-1 {
			pad = ""
		}
		b.WriteString(" " + paint(i, s) + pad)
		if i < len(cells)-1 {
			b.WriteString(" ")
		}
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// columns is how many columns of a terminal a text takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// wrap breaks a text into lines of at most so many columns, at spaces where
// there are some. There is always one line.
func wrap(s string, limit int) []string {
	if columns(s) <= limit {
		return []string{s}
	}
	var out []string
	for columns(s) > limit {
		cut, space, used := 0, 0, 0
		for i, r := range s {
			if used += runeColumns(r); used > limit && i > 0 {
				break
			}
			cut = i + len(string(r))
			if r == ' ' {
				space = cut
			}
		}
		if space > 0 && cut < len(s) && s[cut] != ' ' {
			cut = space
		}
		out = append(out, strings.TrimRight(s[:cut], " "))
		s = strings.TrimLeft(s[cut:], " ")
	}
	if s != "" {
		out = append(out, s)
	}
	return out
}
