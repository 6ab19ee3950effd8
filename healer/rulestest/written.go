package rulestest

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
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
