package guidance

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/healer"
)

// Question is what somebody asks about. One of the fields is enough; with more
// of them the finding counts before the SQLSTATE, and that before the text.
type Question struct {
	Text     string          // a question, an error message or a line of the log
	SQLState string          // 40P01
	Finding  *healer.Finding // what a rule found
}

// ErrEmpty says that nothing was asked.
var ErrEmpty = errors.New("there is no question; ask in words, or name an SQLSTATE or a finding")

// maxText bounds what is read of a question, in bytes.
const maxText = 16 << 10

// written finds an SQLSTATE where one is written as such: alone, behind the
// word, as psql's verbose errors and log_line_prefix's %e have it before the
// message, or in the server's JSON log.
var written = regexp.MustCompile(`(?:SQLSTATE[ :=\[]*|(?:ERROR|FATAL|PANIC): +|"state_code" *: *")([0-9A-Z]{5})(?:$|[\]:),. "])|^([0-9A-Z]{5})$`)

// mixed finds one anywhere in the text where it cannot be a word or a number:
// digits and letters both, as 40P01.
var mixed = regexp.MustCompile(`\b[0-9]{2}[A-Z][0-9]{2}\b`)

// settle fills in what the text itself says.
func (q Question) settle() (Question, error) {
	q.Text = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(q.Text, "\x00", ""), "�"))
	q.SQLState = strings.ToUpper(strings.TrimSpace(q.SQLState))
	if q.Text == "" && q.SQLState == "" && q.Finding == nil {
		return q, ErrEmpty
	}
	q.Text = clip(q.Text, maxText)
	if q.SQLState == "" {
		if m := written.FindStringSubmatch(q.Text); m != nil && strings.ContainsAny(m[1]+m[2], "0123456789") {
			q.SQLState = m[1] + m[2] // one of them is empty
		} else {
			q.SQLState = mixed.FindString(q.Text)
		}
	}
	return q, nil
}

// evidence is what is known of the subject, in a stable order.
func (q Question) evidence() []Fact {
	out := []Fact{}
	if q.SQLState != "" {
		out = append(out, Fact{Name: "sqlstate", Value: q.SQLState})
	}
	if q.Finding == nil {
		return out
	}
	for _, name := range slices.Sorted(maps.Keys(q.Finding.Facts)) {
		// Oids say nothing to a person.
		if v := q.Finding.Facts[name]; !v.Null && name != "oid" && name != "table_oid" {
			out = append(out, Fact{Name: name, Value: clip(v.Text, maxFact)})
		}
	}
	return out
}
