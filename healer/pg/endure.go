package pg

import (
	"context"
	"time"
)

// patience is how long a VACUUM is waited for to be on disk. The WAL writer
// gets there within three times wal_writer_delay, by default 200 ms.
const patience = 5 * time.Second

// endure waits until the WAL is written up to a position. A VACUUM has no
// transaction id, so its COMMIT does not wait for that
// (RecordTransactionCommit in src/backend/access/transam/xact.c), and a crash
// would take back what is already noted as done.
func (o *operation) endure(ctx context.Context, position int64) {
	for deadline := time.Now().Add(patience); ctx.Err() == nil && time.Now().Before(deadline); time.Sleep(watchEvery) {
		if flushed := o.watch.wal(ctx, "flush"); flushed == 0 || flushed >= position {
			return
		}
	}
}

// wal is the server's WAL position in bytes, 0 where it may not be asked.
func (o *operation) wal(ctx context.Context) int64 {
	if o.conn.TxStatus() == 'E' || o.conn.IsClosed() {
		return 0
	}
	return o.watch.wal(ctx, "insert")
}
