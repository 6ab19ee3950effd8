package ledger

import (
	"context"

	"github.com/pgmend/pgmend/healer"
)

// Last returns the newest entry's number; 0 where there is none.
func (l *Ledger) Last(ctx context.Context) (seq int64, err error) {
	err = l.db.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM history").Scan(&seq)
	return seq, wrap(err)
}

// followed is how many entries After returns at most.
const followed = 1000

// After returns the entries that came after one, oldest first; of very many
// the first, so that whoever follows asks again.
func (l *Ledger) After(ctx context.Context, seq int64) ([]healer.Entry, error) {
	return l.entries(ctx, `SELECT `+columns+` FROM history WHERE seq > ? ORDER BY seq LIMIT ?`, seq, followed)
}
