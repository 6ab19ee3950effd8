package pglog

import (
	"encoding/json"
	"html"
	"strconv"
	"strings"
)

// Planned is what auto_explain tells of a statement beside its plan.
type Planned struct {
	Query string  // its text
	Cost  float64 // of the whole plan, as it was estimated; 0: not known
	Rows  int64   // of the whole statement
	// Counted says that the rows are known: auto_explain.log_analyze is on.
	Counted bool
}

// ReadPlan reads what auto_explain writes behind `plan:`, in each of its
// formats; false where no query stands before the plan.
func ReadPlan(text string) (p Planned, ok bool) {
	switch {
	case strings.HasPrefix(text, "{"):
		return quotedPlan(text, `"Query Text": `, "\"Total Cost\": ", "\"Actual Rows\": ")
	case strings.HasPrefix(text, "<explain"):
		return xmlPlan(text)
	case strings.HasPrefix(text, `Query Text: "`): // no statement begins with a quote
		return quotedPlan(text, "Query Text: ", "Total Cost: ", "Actual Rows: ")
	}
	return textPlan(text)
}

// textPlan reads the text format, where the query goes up to the line of the
// plan's first node.
func textPlan(text string) (p Planned, ok bool) {
	rest, ok := strings.CutPrefix(text, "Query Text: ")
	if !ok {
		return p, false
	}
	at := strings.Index(rest, "  (cost=")
	if at < 0 {
		return p, false
	}
	begin := strings.LastIndexByte(rest[:at], '\n')
	if begin < 0 {
		return p, false
	}
	p.Query = rest[:begin]
	if i := strings.Index(p.Query, "\nQuery Parameters: "); i >= 0 {
		p.Query = p.Query[:i]
	}
	node, _, _ := strings.Cut(rest[at:], "\n")
	p.cost(node, "..")
	if _, actual, ok := strings.Cut(node, "(actual"); ok {
		p.rows(actual, " rows=")
	}
	return p, true
}

// quotedPlan reads JSON and YAML, which quote a text alike. The first node is
// the whole; in the query's text a quote is escaped, so that it cannot be
// taken for a node.
func quotedPlan(text, label, cost, rows string) (p Planned, ok bool) {
	_, rest, ok := strings.Cut(text, label)
	if !ok {
		return p, false
	}
	d := json.NewDecoder(strings.NewReader(rest))
	if err := d.Decode(&p.Query); err != nil {
		return p, false
	}
	p.cost(rest[d.InputOffset():], cost)
	p.rows(rest[d.InputOffset():], rows)
	return p, true
}

func xmlPlan(text string) (p Planned, ok bool) {
	_, rest, ok := strings.Cut(text, "<Query-Text>")
	if !ok {
		return p, false
	}
	query, rest, ok := strings.Cut(rest, "</Query-Text>")
	p.Query = html.UnescapeString(query)
	p.cost(rest, "<Total-Cost>")
	p.rows(rest, "<Actual-Rows>")
	return p, ok
}

// rows reads the number behind the first mark.
func (p *Planned) rows(text, mark string) {
	n, ok := numberBehind(text, mark) // 18 writes 1.00
	p.Rows, p.Counted = int64(n), ok
}

// cost reads the number behind the first mark.
func (p *Planned) cost(text, mark string) { p.Cost, _ = numberBehind(text, mark) }

func numberBehind(text, mark string) (float64, bool) {
	_, number, ok := strings.Cut(text, mark)
	if !ok {
		return 0, false
	}
	end := 0
	for end < len(number) && (isDigit(number[end]) || number[end] == '.') {
		end++
	}
	n, err := strconv.ParseFloat(number[:end], 64)
	return n, err == nil
}
