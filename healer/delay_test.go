package healer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// lockBudget is how long anybody may wait for us.
const lockBudget = time.Second

// trips is how often what ends a wait goes to the server and back after it was
// due: a look that sees it, the cancel, and the rollback. Each may be as late as
// the machine is with anything, which is measured beside it (see noise).
const trips = 3

// shop is a small pgbench with what goes wrong in it. The condition of orders
// takes seconds to be looked through, as one of a large table does.
const shop = `
	CREATE TABLE app.branches (id int PRIMARY KEY, balance bigint NOT NULL DEFAULT 0);
	INSERT INTO app.branches SELECT generate_series(1, 10);
	CREATE TABLE app.accounts (id int PRIMARY KEY, branch int, balance bigint NOT NULL DEFAULT 0, pad text);
	INSERT INTO app.accounts SELECT g, g % 10, 0, repeat('x', 80) FROM generate_series(1, 30000) AS g;
	CREATE INDEX branch_a ON app.accounts (branch); CREATE INDEX worn ON app.accounts (balance);
	CREATE TABLE app.history (id bigserial PRIMARY KEY, account int, delta int);
	CREATE TABLE app.keys (id serial PRIMARY KEY, v int);
	CREATE FUNCTION app.slowly(v int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_sleep(0.004); RETURN true; END $$;
	CREATE TABLE app.orders (id int PRIMARY KEY, note text); INSERT INTO app.orders SELECT generate_series(1, 1500)`

// unruly are sessions that run these statements again and again, each of them
// with such a pause after every statement.
var unruly = []struct {
	pause   time.Duration
	repeats []string
}{
	{600 * time.Millisecond, []string{
		"ALTER TABLE app.accounts RENAME COLUMN pad TO padding", "ALTER TABLE app.accounts RENAME COLUMN padding TO pad",
		"CREATE INDEX extra ON app.accounts (pad)", "DROP INDEX app.extra",
		"ALTER TABLE app.accounts SET (fillfactor = 90)", "ALTER TABLE app.accounts RESET (fillfactor)",
		"ALTER TABLE app.accounts ALTER COLUMN balance SET DEFAULT 1", "ALTER TABLE app.accounts ALTER COLUMN balance SET DEFAULT 0",
	}},
	{900 * time.Millisecond, []string{
		"ALTER TABLE app.orders ALTER COLUMN note SET DEFAULT 'n'", "ALTER TABLE app.orders ALTER COLUMN note DROP DEFAULT",
		"TRUNCATE app.history", "ALTER TABLE app.keys ALTER COLUMN v SET DEFAULT 1", "ALTER TABLE app.keys ALTER COLUMN v DROP DEFAULT",
	}},
	{time.Second, []string{"VACUUM app.accounts", "ANALYZE app.orders", "VACUUM app.keys"}},
	// A reader who keeps his snapshot, for which every concurrent build waits.
	{8 * time.Second, []string{"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM app.branches", "COMMIT"}},
	// And who breaks what is healed.
	{500 * time.Millisecond, []string{
		"CREATE INDEX IF NOT EXISTS branch_b ON app.accounts (branch)", "CREATE INDEX IF NOT EXISTS branch_a ON app.accounts (branch)",
		"INSERT INTO app.keys SELECT max(id) + 10, 1 FROM app.keys", "ALTER TABLE app.history SET (autovacuum_enabled = off)",
		`DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'fine' AND NOT convalidated) THEN
		   ALTER TABLE app.orders DROP CONSTRAINT IF EXISTS fine; ALTER TABLE app.orders ADD CONSTRAINT fine CHECK (app.slowly(id)) NOT VALID; END IF; END $$`,
	}},
}

// PGMEND_DELAY is how long it is tried at least.
const delayEnv = "PGMEND_DELAY"

// Beside sessions that write as pgbench does, and others that alter, index,
// truncate and vacuum the same tables, whatever is repaired makes nobody wait
// for longer than the lock budget: not by its locks, nor by its place in a queue.
// hazard: 1
func TestNobodyIsDelayedBeyondTheLockBudget(t *testing.T) {
	t.Parallel()
	long := 15 * time.Second
	if text := os.Getenv(delayEnv); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	x := newSite(t, map[string]string{
		"log_lock_waits": "on", "deadlock_timeout": "200ms", "log_disconnections": "on", "log_min_messages": "log",
		"logging_collector": "on", "log_destination": "csvlog", "log_directory": "log", "log_rotation_size": "0",
	}, builtin(t), shop)
	b := &bustle{site: x, end: make(chan struct{})}
	before := x.kept()
	rest := sync.OnceFunc(func() { close(b.end); b.all.Wait() })
	t.Cleanup(rest)
	for range 6 {
		b.session(b.writes)
	}
	for _, u := range unruly {
		b.session(func(c *pgconn.PgConn) { b.repeat(c, u.pause, u.repeats) })
	}
	b.session(b.wears)
	look := &lookout{site: x}
	b.session(func(c *pgconn.PgConn) { look.out(c, b.end) }, "postgres")
	noise := new(noise)
	b.session(func(c *pgconn.PgConn) { noise.measure(c, b.end) }, "postgres")
	verified, gaveWay := b.heal(look, long)
	rest()
	if after := x.kept(); after != before {
		t.Errorf("rows are others than before: %s, %s", before, after)
	}
	waits, longest := x.waitsForUs()
	t.Logf("%d repairs verified, %d gave way; %d transactions of others, %d of their statements failed", verified, gaveWay, b.done, b.failed)
	t.Logf("%d waits for us were seen, the longest between %s and %s; the server logged %d of 200 ms and more that only we kept, the longest %s; the looks were up to %s apart",
		look.waits, look.longest, look.atMost, waits, longest, look.stood)
	bound := lockBudget + trips*noise.worst + look.stood
	t.Logf("%d statements of nobody's were cancelled meanwhile, the slowest %s late: the bound is %s", noise.samples, noise.worst, bound)
	if worst := max(look.longest, longest); worst > bound {
		t.Errorf("a session waited %s for us, more than %s: %s", worst, bound, look.who)
	}
}

// kept is what no session here changes, and no repair may: rows that only are
// read, keys, and that the balances of accounts and branches are the same money.
func (x *site) kept() string {
	x.t.Helper()
	return x.Ask(x.t, x.Name, "postgres", `SELECT pg_catalog.concat_ws(' ',
		(SELECT md5(string_agg((id, branch)::text, ',' ORDER BY id)) FROM app.accounts),
		(SELECT md5(string_agg(id::text, ',' ORDER BY id)) FROM app.branches), (SELECT md5(string_agg(id::text, ',' ORDER BY id)) FROM app.orders),
		(SELECT sum(balance) FROM app.accounts) - (SELECT sum(balance) FROM app.branches))`)
}

// noise is how late this machine is with what nobody has a part in.
type noise struct {
	samples int
	worst   time.Duration
}

// measure cancels sleeping statements, as the watchdog cancels ours, until the
// end, and takes the time from when that was due until it was known.
func (n *noise) measure(c *pgconn.PgConn, end <-chan struct{}) {
	const after = 50 * time.Millisecond
	for ctx := context.Background(); ; n.samples++ {
		select {
		case <-end:
			return
		default:
		}
		ended, quiet := make(chan struct{}), make(chan struct{})
		begun := time.Now()
		go func() { // again and again: one that comes before the statement does is lost
			defer close(quiet)
			tick := time.NewTicker(after)
			defer tick.Stop()
			for {
				select {
				case <-ended:
					return
				case <-tick.C:
					_ = c.CancelRequest(ctx)
				}
			}
		}()
		_, _ = c.Exec(ctx, "SELECT pg_sleep(60)").ReadAll()
		n.worst = max(n.worst, time.Since(begun)-after)
		close(ended)
		<-quiet
		if c.IsClosed() {
			return
		}
	}
}

// bustle is what goes on at a server.
type bustle struct {
	*site
	end chan struct{}
	all sync.WaitGroup

	mu           sync.Mutex
	done, failed int
}

// session opens one, as the owner unless a role is named, for as long as do
// takes.
func (b *bustle) session(do func(*pgconn.PgConn), role ...string) {
	b.t.Helper()
	if role == nil {
		role = []string{b.Name + "_owner"}
	}
	c, err := pgconn.Connect(b.t.Context(), b.ConnString(b.Name, role[0]))
	if err != nil {
		b.t.Fatal(err)
	}
	b.all.Go(func() {
		do(c)
		_ = c.Close(context.Background())
	})
}

// sleep returns false at the end.
func (b *bustle) sleep(d time.Duration) bool {
	select {
	case <-b.end:
		return false
	case <-time.After(d):
		return true
	}
}

// run runs a script. That it fails is daily life beside the others, but for a
// session that was ended.
func (b *bustle) run(c *pgconn.PgConn, sql string) {
	_, err := c.Exec(context.Background(), sql).ReadAll()
	if err != nil && c.TxStatus() != 'I' {
		_, _ = c.Exec(context.Background(), "ROLLBACK").ReadAll()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done++
	if err != nil {
		b.failed++
	}
	if c.IsClosed() {
		b.t.Errorf("somebody's session was ended: %v", err)
	}
}

// writes is pgbench's transaction.
func (b *bustle) writes(c *pgconn.PgConn) {
	for n := 0; b.sleep(5 * time.Millisecond); n++ {
		account, delta := rand.IntN(30000)+1, rand.IntN(1000) //nolint:gosec // any will do
		b.run(c, fmt.Sprintf(`BEGIN; UPDATE app.accounts SET balance = balance + %[2]d WHERE id = %[1]d; SELECT balance FROM app.accounts WHERE id = %[1]d;
			UPDATE app.branches SET balance = balance + %[2]d WHERE id = %[1]d %% 10 + 1; INSERT INTO app.history (account, delta) VALUES (%[1]d, %[2]d);
			UPDATE app.orders SET note = 'n' WHERE id = -1; COMMIT`, account, delta))
	}
}

func (b *bustle) repeat(c *pgconn.PgConn, pause time.Duration, list []string) {
	for n := 0; b.sleep(pause); n++ {
		b.run(c, list[n%len(list)])
	}
}

// wears makes an index invalid, as a build that failed would.
func (b *bustle) wears(*pgconn.PgConn) {
	for b.sleep(2 * time.Second) {
		b.super("UPDATE pg_index SET indisvalid = false WHERE indexrelid = (SELECT oid FROM pg_class WHERE relname = 'worn')")
	}
}

// heal repairs for a while, and until repairs were verified and somebody was seen
// waiting for us: otherwise it proves nothing.
func (b *bustle) heal(look *lookout, long time.Duration) (verified, gaveWay int) {
	b.t.Helper()
	o := healer.Options{
		Rules: []string{"index/*", "constraint/not-valid", "sequence/behind", "vacuum/*", "statistics/stale"},
		Sets: []string{
			"index/*.min_size=0", "index/unused.min_age=240h", "vacuum/autovacuum-disabled.min_rows=0", "vacuum/dead-tuples.min_rows=1000", "statistics/stale.min_rows=1000",
		},
		Person: true, Now: true, Yes: true, Ceiling: rules.High, Actor: "tester",
	}
	begun := time.Now()
	for time.Since(begun) < long || verified < 5 || !look.saw() {
		r, err := b.Heal(b.t.Context(), o)
		if err != nil || time.Since(begun) > long+3*time.Minute {
			b.t.Fatalf("%d verified, %d gave way: %v", verified, gaveWay, err)
		}
		for _, a := range r.Repairs {
			switch a.State {
			case healer.Verified:
				verified++
			case healer.Deferred:
				gaveWay++
			default:
				b.t.Logf("%s of %s: %s: %s", a.Plan.Finding.Rule, a.Plan.Finding.Object, a.State, a.Err)
			}
		}
		// What the others made of a repair may have put its rule aside.
		if _, err := b.Resume(b.t.Context(), "tester"); err != nil {
			b.t.Fatal(err)
		}
	}
	return verified, gaveWay
}
