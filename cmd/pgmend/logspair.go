package main

import (
	"bytes"
	"strings"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
)

// writeRecord writes a record, with the statement that a bare duration is of,
// and the tables of its statement.
type writeRecord func(b *bytes.Buffer, r pglog.Record, sql string, tables []string) error

// parsed is what became of a block of a log. With log_statement and
// log_duration the server says a statement when it begins and how long it took
// when it ends: the two may stand in different blocks, so such a duration
// waits until what stands before it is known.
type parsed struct {
	write writeRecord
	text  bytes.Buffer
	marks []mark
}

// mark is a place in the text where a session told of a statement, or, with a
// record, where its duration belongs.
type mark struct {
	at      int
	session string
	sql     string
	tables  []string
	record  *pglog.Record
}

// add takes the next record of the block.
func (p *parsed) add(r *pglog.Record, cache *parser.Cache) error {
	var s pglog.Statement
	is := s.Read(r)
	if is && s.DurationMS != nil && s.Phase == "" {
		record := r.Clone()
		p.marks = append(p.marks, mark{at: p.text.Len(), session: strings.Clone(r.Session()), record: &record})
		return nil
	}
	sql := statementOf(r, &s, is)
	tables := tablesOf(cache, sql)
	if is && s.DurationMS == nil {
		p.marks = append(p.marks, mark{at: p.text.Len(), session: strings.Clone(r.Session()), sql: strings.Clone(sql), tables: tables})
	}
	return p.write(&p.text, *r, "", tables)
}

// told are the statements that sessions told of, and of which they did not
// say how long they took yet.
type told map[string]mark

// toldLimit bounds them: sessions end, and nobody says so here.
const toldLimit = 20_000

// finish is called for the blocks in the order of the log.
func (p *parsed) finish(running told) ([]byte, error) {
	if len(p.marks) == 0 {
		return p.text.Bytes(), nil
	}
	var out bytes.Buffer
	from := 0
	for _, m := range p.marks {
		out.Write(p.text.Bytes()[from:m.at])
		from = m.at
		if m.record == nil {
			if len(running) >= toldLimit {
				clear(running)
			}
			running[m.session] = m
			continue
		}
		of := running[m.session]
		if m.session == "" { // anybody's
			of = mark{}
		}
		delete(running, m.session)
		if err := p.write(&out, *m.record, of.sql, of.tables); err != nil {
			return nil, err
		}
	}
	out.Write(p.text.Bytes()[from:])
	return out.Bytes(), nil
}
