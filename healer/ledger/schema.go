package ledger

import (
	"context"
	_ "embed"
	"fmt"
	"io/fs"
)

//go:embed schema.sql
var schemaSQL string

// The file's version (PRAGMA user_version) and its mark (application_id,
// "pgmd" in ASCII).
const (
	version       = 1
	applicationID = 0x70676d64
)

// migrate brings the file to this version, forward only.
func (l *Ledger) migrate(ctx context.Context) error {
	var have, id int
	if err := l.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return wrap(err)
	}
	if err := l.db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return wrap(err)
	}
	if have != 0 || id != 0 {
		return l.compatible(ctx)
	}
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return wrap(err)
	}
	// After a commit a rollback does nothing.
	defer func() { _ = tx.Rollback() }()
	for _, sql := range []string{
		schemaSQL,
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
		fmt.Sprintf("PRAGMA user_version = %d", version),
	} {
		if _, err := tx.ExecContext(ctx, sql); err != nil {
			return wrap(err)
		}
	}
	return wrap(tx.Commit())
}

// compatible refuses a file that is not a ledger, or a newer one.
func (l *Ledger) compatible(ctx context.Context) error {
	var have, id int
	if err := l.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return wrap(err)
	}
	if err := l.db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return wrap(err)
	}
	if id == 0 && have == 0 {
		tables := 0
		if err := l.db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
			return wrap(err)
		}
		if tables == 0 {
			// Somebody is about to make it.
			return fmt.Errorf("the file %s is empty: %w", File, fs.ErrNotExist)
		}
	}
	switch {
	case id != applicationID:
		return fmt.Errorf("the file %s is not a pgmend ledger", File)
	case have > version:
		return fmt.Errorf("the ledger is of version %d, and this pgmend knows %d; use the newer program", have, version)
	}
	return nil
}
