package rulestest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pgmend/pgmend/healer"
)

// moment is a time as the server prints it to the healer.
var moment = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00`)

// write puts placeholders for what is another in each run: {database}, which
// the names of its owner and of the roles begin with, the process of a named
// session as {held}, and {time}.
func (p *proof) write(text string) string {
	text = strings.ReplaceAll(text, p.Name, "{database}")
	text = moment.ReplaceAllString(text, "{time}")
	for name, s := range p.Player.named {
		pid := regexp.MustCompile(`\b` + strconv.FormatUint(uint64(s.conn.PID()), 10) + `\b`)
		text = pid.ReplaceAllString(text, "{"+name+"}")
	}
	return text
}

func (p *proof) written(list []string) []string {
	out := make([]string, len(list))
	for i, text := range list {
		out[i] = p.write(text)
	}
	slices.Sort(out)
	return out
}

func name(f healer.Finding) string { return f.Object.String() }

func objects(list []healer.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, name(f))
	}
	return out
}

// expect compares two lists, in any order and as a fixture writes them.
func (p *proof) expect(what string, got, want []string) error {
	got, want = p.written(got), p.written(want)
	if slices.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("%s are %q and should be %q", what, got, want)
}
