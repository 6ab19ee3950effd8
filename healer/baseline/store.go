package baseline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/pgmend/pgmend/healer"
)

// ErrNone says that nothing was captured, or nothing approved.
var ErrNone = errors.New("there is no baseline")

// Store keeps baselines: the schemas as files below the state directory, each
// called by the hash of its content, and in the ledger who captured and who
// approved which. A file that is not what was approved is refused.
type Store struct {
	Dir    string // of the state
	Ledger healer.Ledger
	Clock  func() time.Time // nil: time.Now
}

// The actions in the ledger.
const (
	captured = "baseline.captured"
	approved = "baseline.approved"
)

// folder is where the files are, in the state directory.
const folder = "baseline"

// Capture keeps a schema of a database, for an approval. What could not be
// read, because somebody held it, is no baseline.
func (s Store) Capture(ctx context.Context, schema Schema, source, actor string) (healer.Baseline, error) {
	if held := schema.Locked(); len(held) > 0 {
		return healer.Baseline{}, fmt.Errorf("%s is held by somebody in ACCESS EXCLUSIVE, so its definition cannot be read; try again", strings.Join(held, ", "))
	}
	content, err := Encode(schema)
	if err != nil {
		return healer.Baseline{}, err
	}
	c := healer.Captured{
		Hash: schema.Hash(), File: digest(content), Source: source, Version: schema.Version, Objects: len(schema.Objects), Actor: actor, At: s.now(),
	}
	b, err := s.find(ctx, schema.Server, schema.Database)
	if err != nil && !errors.Is(err, ErrNone) {
		return healer.Baseline{}, err
	}
	b.Server, b.Database, b.Captured = schema.Server, schema.Database, c
	if err := s.keep(c.File, content); err != nil {
		return healer.Baseline{}, err
	}
	return b, s.write(ctx, b, captured, actor)
}

// keep writes a file, and syncs it, before the ledger names it.
func (s Store) keep(name string, content []byte) error {
	dir := filepath.Join(s.Dir, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep the baseline: %w", err)
	}
	if err := renameio.WriteFile(filepath.Join(dir, name+".jsonl"), content, 0o600); err != nil {
		return fmt.Errorf("keep the baseline: %w", err)
	}
	return nil
}

// Approve lets what was captured last, and exactly that, be what the database
// has to have. The hash is what the person was shown, or its head; databases
// that are the same have the same.
func (s Store) Approve(ctx context.Context, hash, actor string) ([]healer.Baseline, error) {
	list, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []healer.Baseline
	for _, b := range list {
		if len(hash) < shortHash || !strings.HasPrefix(b.Captured.Hash, hash) {
			continue
		}
		if _, err := s.open(b.Captured); err != nil {
			return out, err
		}
		b.Approved = b.Captured
		b.Approved.Actor, b.Approved.At = actor, s.now()
		if err := s.write(ctx, b, approved, actor); err != nil {
			return out, err
		}
		out = append(out, b)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("nothing that was captured last has the hash %s: %w; pgmend baseline show lists what was", hash, healer.ErrNotFound)
	}
	return out, nil
}

// shortHash is how much of a hash a person has to write.
const shortHash = 12

func (s Store) write(ctx context.Context, b healer.Baseline, action, actor string) error {
	body, err := json.Marshal(b)
	if err == nil {
		_, err = s.Ledger.Append(ctx, healer.Entry{
			Time: s.now(), Kind: healer.KindBaseline, Subject: subject(b.Server, b.Database), Action: action, Actor: actor, Body: body,
		})
	}
	if err != nil {
		return fmt.Errorf("write %s to the ledger: %w", action, err)
	}
	return nil
}

func subject(server, database string) string { return "baseline " + server + " " + database }

// List returns what there is of every database.
func (s Store) List(ctx context.Context) ([]healer.Baseline, error) {
	entries, err := s.Ledger.Current(ctx, healer.KindBaseline, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	out := make([]healer.Baseline, len(entries))
	for i, e := range entries {
		if err := json.Unmarshal(e.Body, &out[i]); err != nil {
			return nil, fmt.Errorf("read entry %d of the ledger: %w", e.Seq, err)
		}
	}
	return out, nil
}

func (s Store) find(ctx context.Context, server, database string) (healer.Baseline, error) {
	list, err := s.List(ctx)
	if err != nil {
		return healer.Baseline{}, err
	}
	for _, b := range list {
		if b.Server == server && b.Database == database {
			return b, nil
		}
	}
	return healer.Baseline{}, fmt.Errorf("nothing was captured of %s: %w; pgmend baseline capture does it", database, ErrNone)
}

// Approved returns the approved schema of a database.
func (s Store) Approved(ctx context.Context, server, database string) (Schema, healer.Captured, error) {
	b, err := s.find(ctx, server, database)
	if err != nil {
		return Schema{}, healer.Captured{}, err
	}
	if b.Approved.Hash == "" {
		return Schema{}, healer.Captured{}, fmt.Errorf("nothing of %s was approved: %w; pgmend baseline approve %s does it", database, ErrNone, b.Captured.Hash[:shortHash])
	}
	schema, err := s.open(b.Approved)
	return schema, b.Approved, err
}

// Captured returns the schema that was captured last.
func (s Store) Captured(ctx context.Context, server, database string) (Schema, healer.Captured, error) {
	b, err := s.find(ctx, server, database)
	if err != nil {
		return Schema{}, healer.Captured{}, err
	}
	schema, err := s.open(b.Captured)
	return schema, b.Captured, err
}

// open reads a file, and makes sure that it is what the ledger names.
func (s Store) open(c healer.Captured) (Schema, error) {
	path := filepath.Join(s.Dir, folder, c.File+".jsonl")
	content, err := os.ReadFile(path) //nolint:gosec // its name is a hash
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Schema{}, fmt.Errorf("the file of the baseline is gone: %w; capture and approve it again", err)
	case err != nil:
		return Schema{}, fmt.Errorf("read the baseline: %w", err)
	case digest(content) != c.File:
		return Schema{}, &healer.Refusal{Guard: "baseline", Reason: path + " was changed since it was captured; capture and approve it again"}
	}
	schema, err := Decode(bytes.NewReader(content))
	if err == nil && schema.Hash() != c.Hash {
		err = &healer.Refusal{Guard: "baseline", Reason: "its objects are not those that were approved"}
	}
	return schema, err
}

func (s Store) now() time.Time {
	if s.Clock == nil {
		return time.Now().UTC()
	}
	return s.Clock().UTC()
}
