package rulestest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Replica attaches a replica of that name: it streams the WAL from where the
// server is now, says once that it is there, and replays nothing after it.
func Replica(ctx context.Context, conn, name string) (*pgconn.PgConn, error) {
	look, err := pgconn.Connect(ctx, conn)
	if err != nil {
		return nil, err
	}
	defer look.Close(ctx) //nolint:errcheck // it only read
	r := look.ExecParams(ctx, "SELECT l.lsn, pg_catalog.pg_wal_lsn_diff(l.lsn, '0/0') FROM pg_catalog.pg_current_wal_flush_lsn() AS l(lsn)", nil, nil, nil, nil).Read()
	if r.Err != nil {
		return nil, r.Err
	}
	at, err := strconv.ParseUint(string(r.Rows[0][1]), 10, 64)
	if err != nil {
		return nil, err
	}
	c, err := pgconn.ParseConfig(conn)
	if err != nil {
		return nil, err
	}
	c.RuntimeParams["replication"], c.RuntimeParams["application_name"] = "true", name
	s, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	s.Frontend().Send(&pgproto3.Query{String: "START_REPLICATION PHYSICAL " + string(r.Rows[0][0])})
	s.Frontend().Send(&pgproto3.CopyData{Data: feedback(at)})
	if err = s.Frontend().Flush(); err == nil {
		err = replaying(ctx, look, name)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

// replaying waits until the server has heard how far the replica is.
func replaying(ctx context.Context, look *pgconn.PgConn, name string) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		r := look.ExecParams(ctx, "SELECT FROM pg_catalog.pg_stat_replication WHERE application_name = $1 AND replay_lsn IS NOT NULL",
			[][]byte{[]byte(name)}, nil, nil, nil).Read()
		if r.Err != nil || len(r.Rows) > 0 {
			return r.Err
		}
	}
	return fmt.Errorf("the replica %s was not seen to replay", name)
}

// feedback is a standby status update: written, flushed and replayed up to one
// position (documentation, Streaming Replication Protocol).
func feedback(lsn uint64) []byte {
	out := []byte{'r'}
	for _, n := range []uint64{lsn, lsn, lsn, 0} {
		out = binary.BigEndian.AppendUint64(out, n)
	}
	return append(out, 0)
}
