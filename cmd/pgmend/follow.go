package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/parser/tail"
	"github.com/pgmend/pgmend/rules"
)

// followers follow the sources.
func (d *daemon) followers(ctx context.Context) []func(context.Context) error {
	var out []func(context.Context) error
	for _, source := range d.sources(ctx) {
		f := tail.New(tail.Config{
			Path: source.Path, Decoder: decoder(source),
			Store: checkpoints{d, "tail/" + source.Path},
			Report: func(err error) {
				d.log.Warn("the log cannot be followed now", "file.path", source.Path, "error.message", err.Error())
			},
		})
		out = append(out, func(ctx context.Context) error {
			return f.Run(ctx, func(c tail.Chunk) error { d.hear(ctx, c); return nil })
		})
	}
	return out
}

// decoder makes the decoder a source's configuration asks for; nil leaves it
// to detection.
func decoder(l config.Log) func(string, int64) *pglog.Decoder {
	format, known := map[string]pglog.Format{"stderr": pglog.Stderr, "csv": pglog.CSV, "json": pglog.JSON}[l.Format]
	if !known {
		return nil
	}
	return func(_ string, offset int64) *pglog.Decoder {
		return pglog.NewDecoder(format, pglog.Options{Prefix: l.Prefix, Offset: offset})
	}
}

// hear passes on what the log says. It is a hint and no more: a rule runs
// earlier, and proves its fault in the catalog.
func (d *daemon) hear(ctx context.Context, c tail.Chunk) {
	for _, gap := range c.Gaps {
		d.log.WarnContext(ctx, "a piece of the log was destroyed before it was read", "file.path", gap.Path,
			"pgmend.from", gap.From, "pgmend.to", gap.To, "pgmend.reason", string(gap.Reason))
	}
	for _, m := range c.Missing {
		d.log.WarnContext(ctx, "lines of a session never came into the log", "file.path", c.Path,
			"pgmend.session", m.Session, "pgmend.from", m.From, "pgmend.to", m.To)
	}
	for _, r := range c.Quarantined {
		d.log.ErrorContext(ctx, "a record of the log ended the process twice and is passed over",
			"file.path", c.Path, "log.offset", r.Start)
	}
	for _, r := range c.Records {
		e := pglog.Classify(r.Record)
		if e.Kind == "" && e.Record.SQLState == "" {
			continue
		}
		values := make(rules.Values)
		for name, text := range d.fields(ctx, e) {
			if text != "" {
				values["event."+name] = rules.Text(text)
			}
		}
		d.loop.Hear(healer.Signal{
			SQLState: e.Record.SQLState, Kind: string(e.Kind), Database: e.Record.Database, Values: values,
		})
	}
}

// fields are what an event says. The server's log names the constraint that a
// statement broke, but not its table: that is the one the statement writes to.
func (d *daemon) fields(ctx context.Context, e pglog.Event) map[string]string {
	f := e.Fields()
	if _, ok := e.Body.(*pglog.Violation); !ok || f["table"] != "" || e.Record.Statement == "" {
		return f
	}
	lists, err := d.parser.Parse(ctx, []string{e.Record.Statement})
	if err != nil {
		d.log.WarnContext(ctx, "a statement could not be parsed", "error.message", err.Error())
		return f
	}
	// An approximation narrows nothing.
	if len(lists[0]) != 1 || !lists[0][0].Parsed {
		return f
	}
	var written []parser.Table
	for _, t := range lists[0][0].Tables {
		if t.Access == parser.Write {
			written = append(written, t)
		}
	}
	if len(written) == 1 {
		f["table"], f["schema"] = written[0].Name, written[0].Schema
	}
	return f
}

// checkpoints keep how far a log was read in the ledger's state.
type checkpoints struct {
	d   *daemon
	key string
}

// Load implements tail.Store.
func (s checkpoints) Load(ctx context.Context) (c tail.Checkpoint, err error) {
	text, found, err := s.d.ledger.Get(ctx, s.key)
	if err != nil || !found {
		return c, err
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return tail.Checkpoint{}, fmt.Errorf("read the checkpoint of the log: %w", err)
	}
	return c, nil
}

// Save implements tail.Store.
func (s checkpoints) Save(ctx context.Context, c tail.Checkpoint) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.d.ledger.Put(ctx, s.key, string(text))
}
