package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/worker"
	"github.com/pgmend/pgmend/parser/workload"
)

// meter reads what the statements of a database take, from all that is known
// of them: pg_stat_statements, and the durations in the log that is followed.
type meter struct {
	*pg.Database
	name   string
	parser *worker.Pool
	heard  *workload.Gauge // nil: no log is followed
}

// noDurations says why the log tells nothing of statements.
const noDurations = "the log that is followed has no durations of statements; log_min_duration_statement brings them"

// noLog says the same for a command that follows none.
const noLog = "this command follows no log"

// byLog is the source of readings that the log brought.
const byLog = "the log"

// Readings implements healer.Meter.
func (m meter) Readings(ctx context.Context, of healer.Scope) ([]healer.Reading, []string, error) {
	var missing []string
	list, err := m.Database.Readings(ctx, of)
	switch {
	case errors.Is(err, pg.ErrNoStatements):
		missing = append(missing, err.Error())
	case err != nil:
		return nil, nil, err
	}
	if m.heard == nil {
		list, err = m.judge(ctx, of, list)
		return list, append(missing, noLog), err
	}
	database := m.name
	if of.Server {
		database = workload.Server
	}
	heard := m.heard.Of(database)
	if !slices.ContainsFunc(heard, func(t workload.Taken) bool { return t.Calls > 0 }) {
		missing = append(missing, noDurations)
	}
	for _, t := range heard {
		list = append(list, healer.Reading{
			Source: byLog, Statement: t.Text, Text: t.Text, Began: t.Began.Format(time.RFC3339Nano),
			Touches: of.Server || slices.ContainsFunc(of.Relations, func(r healer.Relation) bool { return contains(t.Text, r.Name) }),
			Usage:   healer.Usage{Calls: t.Calls, TotalMS: t.TotalMS, Squares: t.Squares, Plans: t.Plans, Cost: t.Cost},
		})
	}
	list, err = m.judge(ctx, of, list)
	return list, missing, err
}

// contains is whether a text may have a name in it; names that are not quoted
// may be written in any case.
func contains(text, name string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(name))
}

// judge asks the parser which of the statements touch a relation, and masks
// the texts. Texts of the log that are one statement become one.
func (m meter) judge(ctx context.Context, of healer.Scope, list []healer.Reading) ([]healer.Reading, error) {
	var texts []string
	for _, r := range list {
		if r.Touches || r.Source == byLog {
			texts = append(texts, r.Text)
		}
	}
	parsed, err := m.parser.Parse(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("parse the statements: %w", err)
	}
	var out []healer.Reading
	at := make(map[string]int)
	for _, r := range list {
		if !r.Touches && r.Source != byLog {
			r.Text = ""
			out = append(out, r)
			continue
		}
		var statements []parser.Statement
		statements, parsed = parsed[0], parsed[1:]
		r.Text = clipped(parser.Mask(r.Text))
		r.Touches = r.Touches && (of.Server || touches(statements, of.Relations))
		if r.Source == byLog {
			r.Statement = identity(statements, r.Statement)
			if len(statements) != 1 { // nobody knows which of them was planned
				r.Plans, r.Cost = 0, 0
			}
		}
		if i, known := at[r.Source+"\x00"+r.Statement]; known {
			out[i].Add(r.Usage)
			continue
		}
		at[r.Source+"\x00"+r.Statement] = len(out)
		out = append(out, r)
	}
	return out, nil
}

// longestText is how much of a statement stands in a report.
const longestText = 1000

func clipped(text string) string {
	if len(text) > longestText {
		return strings.ToValidUTF8(text[:longestText], "") + "…"
	}
	return text
}

// touches reports whether one of the statements reads or writes a relation. An
// unwritten schema may be any; an approximation names nothing for sure.
func touches(statements []parser.Statement, of []healer.Relation) bool {
	for _, s := range statements {
		if !s.Parsed {
			continue
		}
		for _, t := range s.Tables {
			if t.Access == parser.DDL || t.System || t.Temporary {
				continue
			}
			if slices.ContainsFunc(of, func(r healer.Relation) bool {
				return t.Name == r.Name && (t.Schema == "" || t.Schema == r.Schema)
			}) {
				return true
			}
		}
	}
	return false
}

// identity is the same for texts that are one statement with other literals. A
// fingerprint alone drops the digits of names.
func identity(statements []parser.Statement, text string) string {
	if len(statements) != 1 || !statements[0].Parsed {
		return text
	}
	s := statements[0]
	parts := []string{s.Fingerprint}
	for _, t := range s.Tables {
		parts = append(parts, strconv.Quote(t.Schema)+"."+strconv.Quote(t.Name))
	}
	return strings.Join(parts, " ")
}
