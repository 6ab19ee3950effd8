package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"unicode/utf8"
	"unsafe"

	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/jsonstring"
)

// line is one question of --input jsonl.
type line struct {
	ID  json.RawMessage `json:"id"`
	SQL *sqlText        `json:"sql"`
	err error
}

// sqlText is a statement. A long one is not copied out of its line.
type sqlText string

// UnmarshalJSON implements json.Unmarshaler.
func (s *sqlText) UnmarshalJSON(raw []byte) error {
	if len(raw) < longLine || raw[0] != '"' || !utf8.Valid(raw) {
		return json.Unmarshal(raw, (*string)(s))
	}
	text := jsonstring.UnescapeInPlace(raw[1 : len(raw)-1])
	*s = sqlText(unsafe.String(unsafe.SliceData(text), len(text))) //nolint:gosec // it is answered before the line's memory is used again
	return nil
}

// answer is one line of the output.
type answer struct {
	ID         json.RawMessage    `json:"id"`
	Parsed     bool               `json:"parsed"`
	Error      *string            `json:"error"`
	Statements []parser.Statement `json:"statements"`
}

// The bounds of what is held in memory: one long line, or short ones in one
// batch.
const (
	longLine   = 1 << 20
	maxLine    = 128 << 20
	maxBatch   = 256
	softMemory = maxLine + 40<<20 // from here on garbage is collected at once
)

// many answers each line in order. What is there is answered before more is
// waited for, so that another program can hold a conversation.
func (a *app) many(ctx context.Context, parse statements, file string) error {
	in, closeInput, err := a.input(file)
	if err != nil {
		return err
	}
	defer closeInput()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(softMemory))
	r := &lineReader{Reader: bufio.NewReaderSize(in, longLine)}
	w := bufio.NewWriter(a.stdout)
	encode := json.NewEncoder(w)
	encode.SetEscapeHTML(false)
	for {
		batch, end, err := batch(r)
		if err != nil {
			return err
		}
		answers, err := answerAll(ctx, parse, batch)
		if err != nil {
			return errors.Join(err, w.Flush())
		}
		for _, x := range answers {
			if err := encode.Encode(x); err != nil {
				return err
			}
		}
		if err := w.Flush(); err != nil || end {
			return err
		}
	}
}

// batch reads lines until there is none without waiting, or one is long.
func batch(r *lineReader) (list []line, end bool, err error) {
	for bytesRead := 0; len(list) == 0 || len(list) < maxBatch && bytesRead < longLine && r.Buffered() > 0; {
		text, err := r.line()
		bytesRead += len(text)
		if len(bytes.TrimSpace(text)) > 0 {
			list = append(list, decode(text))
		} else if errors.Is(err, errLong) {
			list = append(list, line{err: errLong})
		}
		switch {
		case errors.Is(err, io.EOF):
			return list, true, nil
		case err != nil && !errors.Is(err, errLong):
			return nil, false, err
		}
	}
	return list, false, nil
}

var errLong = fmt.Errorf("the line is longer than %d MiB", maxLine>>20)

// lineReader reads lines. The text of a long one is good until the next.
type lineReader struct {
	*bufio.Reader
	long []byte // the memory of long lines, one at a time
}

// line reads one line; of one that is too long it keeps nothing.
func (r *lineReader) line() ([]byte, error) {
	part, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return bytes.Clone(part), err
	}
	if r.long == nil {
		// What is not written to takes no memory, and to grow would copy.
		r.long = make([]byte, 0, maxLine+longLine)
	}
	r.long = append(r.long[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		part, err = r.ReadSlice('\n')
		if len(r.long) <= maxLine {
			r.long = append(r.long, part...)
		}
	}
	if len(r.long) > maxLine {
		return nil, errors.Join(errLong, err)
	}
	return r.long, err
}

func decode(text []byte) line {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		l.err = fmt.Errorf("the line is not a JSON object with id and sql: %w", err)
	} else if l.SQL == nil {
		l.err = errors.New("the line has no sql")
	}
	return l
}

func answerAll(ctx context.Context, parse statements, batch []line) ([]answer, error) {
	var scripts []string
	for _, l := range batch {
		if l.err == nil {
			scripts = append(scripts, string(*l.SQL))
		}
	}
	var parsed [][]parser.Statement
	if len(scripts) > 0 {
		var err error
		if parsed, err = parse.Parse(ctx, scripts); err != nil {
			return nil, err
		}
	}
	out := make([]answer, len(batch))
	for i, l := range batch {
		x := answer{ID: l.ID, Statements: []parser.Statement{}}
		if x.ID == nil {
			x.ID = json.RawMessage("null")
		}
		if l.err != nil {
			text := l.err.Error()
			x.Error = &text
		} else {
			x.Statements, parsed = report.Filled(parsed[0]), parsed[1:]
			x.Parsed = true
			for _, s := range x.Statements {
				if !s.Parsed && x.Error == nil {
					x.Parsed, x.Error = false, &s.Err
				}
			}
		}
		out[i] = x
	}
	return out, nil
}
