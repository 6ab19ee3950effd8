package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/healer"
)

const columns = "seq, time, kind, subject, action, actor, body, hash"

// Current returns the newest entry of every subject of the kind, oldest
// subject first; of those only that something happened to since then, to the
// second.
func (l *Ledger) Current(ctx context.Context, kind healer.Kind, since time.Time) ([]healer.Entry, error) {
	// The first entry's seq is when the subject came.
	return l.entries(ctx, `SELECT `+columns+` FROM history
		JOIN (SELECT subject AS s, min(seq) AS first, max(seq) AS last FROM history WHERE kind = ?1 GROUP BY subject) ON seq = last
		WHERE time >= ?2
		ORDER BY first`, string(kind), since.UTC().Format("2006-01-02T15:04:05"))
}

// History returns the entries of one subject, or of all with "", oldest
// first.
func (l *Ledger) History(ctx context.Context, subject string) ([]healer.Entry, error) {
	return l.entries(ctx, `SELECT `+columns+` FROM history WHERE ?1 = '' OR subject = ?1 ORDER BY seq`, subject)
}

func (l *Ledger) entries(ctx context.Context, query string, args ...any) ([]healer.Entry, error) {
	var out []healer.Entry
	err := l.each(ctx, query, func(e healer.Entry) error {
		out = append(out, e)
		return nil
	}, args...)
	return out, err
}

func (l *Ledger) each(ctx context.Context, query string, do func(healer.Entry) error, args ...any) error {
	rows, err := l.db.QueryContext(ctx, query, args...)
	if err != nil {
		return wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var e healer.Entry
		var when, body string
		if err := rows.Scan(&e.Seq, &when, &e.Kind, &e.Subject, &e.Action, &e.Actor, &body, &e.Hash); err != nil {
			return wrap(err)
		}
		if e.Time, err = time.Parse(time.RFC3339Nano, when); err != nil {
			return fmt.Errorf("the ledger: entry %d: %w", e.Seq, err)
		}
		e.Body = json.RawMessage(body)
		if err := do(e); err != nil {
			return err
		}
	}
	return wrap(rows.Err())
}

// Verify walks over the whole history and checks the chain of hashes. It
// returns how many entries are sound; the error names the first that is not.
func (l *Ledger) Verify(ctx context.Context) (sound int64, err error) {
	before := ""
	err = l.each(ctx, `SELECT `+columns+` FROM history ORDER BY seq`, func(e healer.Entry) error {
		switch want := chain(before, e); {
		case e.Seq != sound+1:
			return fmt.Errorf("entry %d is missing: the history was changed", sound+1)
		case e.Hash != want:
			return fmt.Errorf("entry %d is not what was written: the history was changed", e.Seq)
		}
		before = e.Hash
		sound++
		return nil
	})
	return sound, err
}

// Get returns a value of the state.
func (l *Ledger) Get(ctx context.Context, key string) (value string, found bool, err error) {
	err = l.db.QueryRowContext(ctx, "SELECT value FROM state WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return value, err == nil, wrap(err)
}

// Put sets a value of the state.
func (l *Ledger) Put(ctx context.Context, key, value string) error {
	_, err := l.db.ExecContext(ctx, `INSERT INTO state (key, value) VALUES (?1, ?2)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	return wrap(err)
}

// Delete removes a value of the state.
func (l *Ledger) Delete(ctx context.Context, key string) error {
	_, err := l.db.ExecContext(ctx, "DELETE FROM state WHERE key = ?", key)
	return wrap(err)
}
