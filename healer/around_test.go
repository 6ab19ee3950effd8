package healer_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
)

// site is a stage on a server of the test's own.
type site struct {
	*rulestest.Stage
	*pgtest.Server
	t *testing.T
}

func newSite(t *testing.T, settings map[string]string, source healer.RuleSource, script string) *site {
	t.Helper()
	if settings == nil {
		settings = make(map[string]string)
	}
	settings["autovacuum"] = "off"
	server, err := disposable.Start(t.Context(), disposable.Options{Binaries: pgtest.One(t).Binaries, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s := &pgtest.Server{Server: server}
	st := stageOn(t, s, source, script)
	return &site{Stage: st, Server: s, t: t}
}

// super runs something as the superuser.
func (x *site) super(sql string) { x.t.Helper(); x.Exec(x.t, x.Name, "postgres", sql) }

// session opens a session under a name of its own choice, and returns what
// ends it.
func (x *site) session(role, application string, run ...string) (end func()) {
	x.t.Helper()
	c, err := pgconn.Connect(x.t.Context(), x.ConnString(x.Name, role)+" application_name='"+application+"'")
	if err != nil {
		x.t.Fatal(err)
	}
	for _, sql := range run {
		if _, err := c.Exec(x.t.Context(), sql).ReadAll(); err != nil {
			x.t.Fatal(err)
		}
	}
	pid := c.PID()
	return func() {
		_ = c.Close(context.Background())
		x.gone(pid)
	}
}

// gone waits until a process of the server has ended.
func (x *site) gone(pid uint32) {
	x.t.Helper()
	x.until("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = " + itoa(pid))
}

// until waits until a query says t.
func (x *site) until(sql string) {
	x.t.Helper()
	c, err := pgconn.Connect(x.t.Context(), x.ConnString(x.Name, "postgres"))
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		r := c.ExecParams(x.t.Context(), sql, nil, nil, nil, nil).Read()
		if r.Err == nil && string(r.Rows[0][0]) == "t" {
			return
		}
		if r.Err != nil || time.Now().After(deadline) {
			x.t.Fatalf("it did not come to this: %s: %v", sql, r.Err)
		}
	}
}

// decided plans and returns the one decision.
func (x *site) decided(h *healer.Healer) healer.Decision {
	x.t.Helper()
	r, err := h.Plan(x.t.Context(), person("index/duplicate"))
	if err != nil || len(r.Plans) != 1 {
		x.t.Fatalf("%d plans, %v", len(r.Plans), err)
	}
	return r.Plans[0].Decision
}

// heldUp makes sure that a guard holds the repair up while something lasts,
// and that nothing does before and after.
func (x *site) heldUp(guard string, begin func() (end func())) {
	x.t.Helper()
	end := begin()
	if d := x.decided(x.Healer); d.Guard != guard || d.Verdict == healer.Proceed || d.Reason == "" {
		x.t.Errorf("want the guard %q: %+v", guard, d)
	}
	end()
	if d := x.decided(x.Healer); d.Verdict != healer.Proceed {
		x.t.Errorf("after %s it is still held up: %+v", guard, d)
	}
}

// basebackup streams one over the replication protocol, and reads nothing of
// it, so that it lasts.
func (x *site) basebackup() (end func()) {
	c, err := pgconn.Connect(x.t.Context(), x.ConnString("postgres", "postgres")+" replication=true")
	if err != nil {
		x.t.Fatal(err)
	}
	sql := "BASE_BACKUP (MAX_RATE 32)"
	if x.Major < 15 {
		sql = "BASE_BACKUP MAX_RATE 32 NOWAIT"
	}
	c.Frontend().Send(&pgproto3.Query{String: sql})
	if err := c.Frontend().Flush(); err != nil {
		x.t.Fatal(err)
	}
	x.until("SELECT count(*) = 1 FROM pg_stat_progress_basebackup")
	return func() {
		x.super("SELECT pg_terminate_backend(pid) FROM pg_stat_progress_basebackup")
		_ = c.Close(context.Background())
		x.until("SELECT count(*) = 0 FROM pg_stat_progress_basebackup")
	}
}

// What goes on around a repair holds it up for as long as it lasts.
// hazard: 31
func TestWhatGoesOnAroundHoldsARepairUp(t *testing.T) {
	t.Parallel()
	x := newSite(t, nil, builtin(t), duplicates+"CREATE TABLE app.a (); CREATE TABLE app.b ()")
	owner := x.Name + "_owner"
	x.heldUp("base backup", x.basebackup)
	x.heldUp("base backup", func() func() {
		if x.Major < 15 {
			return x.session("postgres", "barman", "SELECT pg_start_backup('x', true, false)")
		}
		return x.session("postgres", "barman", "SELECT pg_backup_start('x', true)")
	})
	x.heldUp("base backup", func() func() {
		return x.session("postgres", "any", "SELECT pg_advisory_lock(12340078987004321)")
	})
	x.heldUp("dump or restore", func() func() { return x.session("postgres", "pg_dump") })
	x.heldUp("dump or restore", func() func() { return x.session("postgres", "pg_restore") })
	x.heldUp("dump or restore", func() func() { return x.session("postgres", "pg_upgrade") })
	x.heldUp("migration", func() func() { return x.session("postgres", "Flyway by Redgate") })
	x.heldUp("migration", func() func() {
		return x.session(owner, "psql", "BEGIN", "LOCK TABLE app.t IN SHARE ROW EXCLUSIVE MODE")
	})
	x.heldUp("migration", func() func() {
		return x.session(owner, "psql", "BEGIN", "ALTER TABLE app.a ADD x int", "ALTER TABLE app.b ADD x int")
	})
	x.heldUp("patroni", func() func() { return x.session("postgres", "Patroni heartbeat") })
	x.heldUp("surroundings", func() func() {
		x.super("REVOKE pg_monitor FROM " + x.Name + "_observer; GRANT EXECUTE ON FUNCTION pg_ls_archive_statusdir() TO PUBLIC")
		return func() { x.super("GRANT pg_monitor TO " + x.Name + "_observer") }
	})
	// Nobody holds anything up by taking a lock that only looks like a backup's,
	// or by a name that only a superuser's session proves.
	for _, end := range []func(){
		x.session(owner, "any", "SELECT pg_advisory_lock(12340078987004321)"), x.session(owner, "Patroni heartbeat"),
		x.session(owner, "any", "SELECT 'pg_backup_start('"),
	} {
		if d := x.decided(x.Healer); d.Verdict != healer.Proceed {
			t.Errorf("anybody may hold a repair up: %+v", d)
		}
		end()
	}
	defer x.session("postgres", "Patroni heartbeat")()
	for _, paused := range []bool{true, false} {
		h := with(x.Stage, func(c *healer.Config) {
			c.Patroni = func(context.Context) (bool, error) { return paused, nil }
		})
		if d := x.decided(h); (d.Guard == "patroni") != paused {
			t.Errorf("with Patroni paused %t: %+v", paused, d)
		}
	}
	h := with(x.Stage, func(c *healer.Config) {
		c.Patroni = func(context.Context) (bool, error) { return false, errors.New("no answer") }
	})
	if d := x.decided(h); d.Guard != "patroni" {
		t.Errorf("with a Patroni that does not answer: %+v", d)
	}
}

// A name that is no superuser's is a claim: it delays, the next process knows
// for how long it has, and what is not believed any more is told once.
// hazard: 31, 39
func TestAClaimDelaysAndIsRemembered(t *testing.T) {
	st := stage(t, builtin(t), duplicates)
	x, clock, ignored := &site{Stage: st, Server: pgtest.One(t), t: t}, new(shifting), 0
	look := func(held bool) {
		t.Helper()
		d := x.decided(with(st, func(c *healer.Config) {
			clock.clock(c)
			c.Observer = acts(func(t healer.Transition) {
				if t.Action == healer.ClaimIgnored {
					ignored++
				}
			})
		}))
		if wait := d.Until.Sub(clock.now()); (d.Guard == "dump or restore") != held || held && (wait <= 0 || wait > 10*time.Minute) {
			t.Errorf("want it held up %t, it looks again in %s: %+v", held, wait, d)
		}
	}
	claim := func() func() { return x.session(x.Name+"_owner", "pg_dump") }
	for range 4 { // a dump every night
		end := claim()
		look(true)
		clock.move(10 * time.Minute)
		look(true)
		end()
		look(false)
		clock.move(24*time.Hour - 10*time.Minute)
	}
	defer claim()()
	for range 3 { // whenever somebody looks
		look(true)
		clock.move(24 * time.Hour)
	}
	look(false)
	look(false)
	if ignored != 1 {
		t.Errorf("it was told %d times that a claim is ignored", ignored)
	}
}

// lying is an operator that sees other things than there are.
type lying struct {
	healer.Operator
	around func(*healer.Surroundings)
	budget func(b *healer.Budget, sizes bool) error
}

func (l lying) Around(ctx context.Context, o healer.Object) (healer.Surroundings, error) {
	s, err := l.Operator.Around(ctx, o)
	if l.around != nil {
		l.around(&s)
	}
	return s, err
}

func (l lying) Budget(ctx context.Context, o healer.Object, sizes bool) (healer.Budget, error) {
	b, err := l.Operator.Budget(ctx, o, sizes)
	if l.budget != nil && err == nil {
		err = l.budget(&b, sizes)
	}
	return b, err
}

// Versions with known bugs, versions that nobody has tested, and forks are not
// repaired on.
// hazard: 26
func TestVersionsThatAreNotRepairedOn(t *testing.T) {
	st := stage(t, builtin(t), duplicates)
	for version, good := range map[int]bool{
		130006: false, 130007: true, 140000: false, 140003: false, 140004: true, 190000: false, 180001: true,
	} {
		h := with(st, func(c *healer.Config) {
			c.Reader = changed{c.Reader, func(id *healer.Identity) { id.Version = version }}
		})
		r, err := h.Plan(t.Context(), person("index/duplicate"))
		if err != nil || len(r.Plans) != 1 {
			t.Errorf("on %d: %d plans, %v", version, len(r.Plans), err)
		} else if d := r.Plans[0].Decision; (d.Guard == healer.GuardVersion) == good {
			t.Errorf("on %d: %+v", version, d)
		}
	}
	h := with(st, func(c *healer.Config) {
		c.Operator = lying{Operator: c.Operator, around: func(s *healer.Surroundings) {
			s.Inhibitors = append(s.Inhibitors, healer.Inhibitor{Guard: "fork", Reason: "PostgreSQL 15.4-YB"})
		}}
	})
	r, err := h.Plan(t.Context(), person("index/duplicate"))
	guarded(t, r, err, healer.GuardVersion)
}

// A page of a table that cannot be read freezes every repair, of any object,
// in every later process, until a person has looked.
// hazard: 58
func TestADamagedPageFreezesEverything(t *testing.T) {
	t.Parallel()
	x := newSite(t, nil, builtin(t), duplicates+`
		CREATE TABLE app.bad (id int); INSERT INTO app.bad SELECT generate_series(1, 1000);
		ALTER TABLE app.bad ADD CONSTRAINT n CHECK (id > 0) NOT VALID;`)
	path := filepath.Join(x.DataDir(), x.Ask(t, x.Name, "postgres", "SELECT pg_relation_filepath('app.bad')"))
	x.super("CHECKPOINT")
	if err := x.Kill9(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(strings.Repeat("damage", 100)), 8192); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), x.Restart(t.Context())); err != nil {
		t.Fatal(err)
	}
	x.Player.Forget()
	r, err := x.Heal(t.Context(), person("constraint/not-valid"))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Repairs {
		if a.Verified {
			t.Errorf("%+v", a)
		}
	}
	other := with(x.Stage, func(*healer.Config) {})
	r, err = other.Heal(t.Context(), person("index/duplicate"))
	if d := guarded(t, r, err, healer.GuardCorruption); !strings.Contains(d.Reason, "resume") {
		t.Errorf("it does not say what to do: %+v", d)
	}
	if _, err := other.Resume(t.Context(), "tester"); err != nil {
		t.Fatal(err)
	}
	r, err = other.Heal(t.Context(), person("index/duplicate"))
	if a := only(t, r, err); !a.Verified {
		t.Errorf("after the resume: %s: %s", a.State, a.Err)
	}
	// Somebody reads the page, and what the server counts of that does the same,
	// until it is older than a resume.
	since := x.Ask(t, x.Name, "postgres", "SELECT clock_timestamp()")
	if err := x.Try(x.Name, x.Name+"_owner", "SELECT count(*) FROM app.bad"); err == nil {
		t.Fatal("the damaged page can be read")
	}
	// Until 14 the server's statistics come a moment later.
	counted := "SELECT checksum_last_failure > '" + since + "' FROM pg_stat_database WHERE datname = current_database()"
	for deadline := time.Now().Add(30 * time.Second); x.Ask(t, x.Name, "postgres", counted) != "t"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server did not count it")
		}
	}
	x.Exec(t, x.Name, x.Name+"_owner", "CREATE INDEX second ON app.t (v)")
	r, err = other.Heal(t.Context(), person("index/duplicate"))
	if d := guarded(t, r, err, healer.GuardCorruption); !strings.Contains(d.Reason, "checksum failures in "+x.Name) {
		t.Errorf("it does not say what the server counted: %+v", d)
	}
	r, err = with(x.Stage, func(*healer.Config) {}).Heal(t.Context(), person("constraint/not-valid"))
	if err != nil || len(r.Repairs) != 0 {
		t.Errorf("another repair runs: %+v, %v", r.Repairs, err)
	}
	if _, err := other.Resume(t.Context(), "tester"); err != nil {
		t.Fatal(err)
	}
	r, err = other.Heal(t.Context(), person("index/duplicate"))
	if a := only(t, r, err); !a.Verified {
		t.Errorf("after the second resume: %s: %s", a.State, a.Err)
	}
}

// A concurrent build is ended when the disk runs full while it works, and when
// it cannot be seen for ten seconds what it costs; it leaves nothing behind.
// hazard: 32
func TestARunningStatementIsEndedForItsCosts(t *testing.T) {
	for reason, lie := range map[string]func(*shifting, *healer.Budget) error{
		"left free": func(_ *shifting, b *healer.Budget) error {
			for i := range b.Disks {
				b.Disks[i].Free, b.Disks[i].Known = 1<<20, true
			}
			return nil
		},
		"for 10s what it costs could not be seen: no answer": func(clock *shifting, _ *healer.Budget) error {
			clock.move(5 * time.Second)
			return errors.New("no answer")
		},
	} {
		t.Run(reason, func(t *testing.T) {
			st := stage(t, builtin(t), `
				CREATE TABLE app.parent (id int PRIMARY KEY); INSERT INTO app.parent SELECT generate_series(1, 100);
				CREATE TABLE app.child (p int CONSTRAINT fk REFERENCES app.parent);
				INSERT INTO app.child SELECT g % 100 + 1 FROM generate_series(1, 5000) AS g; ANALYZE app.parent, app.child;
				-- @hold
				INSERT INTO app.child VALUES (1)`)
			clock, said := new(shifting), ""
			h := with(st, func(c *healer.Config) {
				clock.clock(c)
				c.Operator = lying{Operator: c.Operator, budget: func(b *healer.Budget, before bool) error {
					if before {
						return nil
					}
					return lie(clock, b)
				}}
				c.Observer = acts(func(tr healer.Transition) {
					if tr.Action != healer.StepFinished || said != "" {
						return
					}
					said = tr.Step.Err
					if err := st.Player.Release(context.WithoutCancel(t.Context())); err != nil {
						t.Error(err)
					}
				})
			})
			o := person("index/missing-foreign-key")
			o.Sets = append(o.Sets, "*.min_parent_changes=0")
			r, err := h.Heal(t.Context(), o)
			only(t, r, err)
			if !strings.Contains(said, reason) {
				t.Errorf("it ended with %q", said)
			}
			if left := pgtest.One(t).Ask(t, st.Name, "postgres", "SELECT count(*) FROM pg_index WHERE NOT indisvalid"); left != "0" {
				t.Errorf("%s invalid indexes are left", left)
			}
		})
	}
}

// The disk of the index's tablespace, and of no other, has to have room for
// more than twice of it.
// hazard: 32
func TestATablespaceWithoutRoom(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=160m"); err != nil {
		t.Skipf("a small file system cannot be mounted here, which needs root: %v", err)
	}
	x := newSite(t, nil, builtin(t), duplicates)
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	for up := dir; up != os.TempDir() && up != "/"; up = filepath.Dir(up) {
		if err := os.Chmod(up, 0o777); err != nil { //nolint:gosec // the server runs as another user
			t.Fatal(err)
		}
	}
	data, err := os.Stat(x.DataDir())
	if err != nil {
		t.Fatal(err)
	}
	if owner, ok := data.Sys().(*syscall.Stat_t); ok {
		err = os.Chown(dir, int(owner.Uid), int(owner.Gid))
	}
	if err != nil {
		t.Fatal(err)
	}
	x.super("CREATE TABLESPACE small LOCATION '" + dir + "'")
	x.super("ALTER INDEX app.first SET TABLESPACE small; UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.first'::regclass")
	t.Cleanup(func() { x.super("ALTER INDEX app.first SET TABLESPACE pg_default; DROP TABLESPACE small") })
	o := person("index/invalid")
	r, err := x.Plan(t.Context(), o)
	if err != nil || len(r.Plans) != 1 || r.Plans[0].Decision.Verdict != healer.Proceed {
		t.Fatalf("with room: %+v, %v", decisions(r), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "full"), make([]byte, 100<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err = x.Heal(t.Context(), o)
	if d := guarded(t, r, err, healer.GuardDisk); !strings.Contains(d.Reason, dir) {
		t.Errorf("%+v", d)
	}
	// The other duplicate is in the other tablespace, and small.
	unseen := with(x.Stage, func(c *healer.Config) {
		c.Operator = lying{Operator: c.Operator, budget: func(b *healer.Budget, _ bool) error {
			for i := range b.Disks {
				b.Disks[i].Known = false
			}
			return nil
		}}
	})
	r, err = unseen.Heal(t.Context(), o)
	guarded(t, r, err, healer.GuardDisk)
}

// The readers of the WAL, who may not fall further behind: a replica, a slot,
// the archive.
// hazard: 33
func TestReadersOfTheWALHoldHeavyRepairsUp(t *testing.T) {
	t.Parallel()
	x := newSite(t, map[string]string{"archive_mode": "on", "archive_command": "test ! -e full", "min_wal_size": "32MB", "max_wal_size": "64MB"},
		builtin(t), duplicates)
	x.super("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.first'::regclass")
	const mega = 1 << 20
	h := with(x.Stage, func(c *healer.Config) {
		c.Policy.Limits = healer.Limits{ReplicaLag: mega, SlotBacklog: 24 * mega, Unarchived: 64 * mega}
	})
	guard := func(want string) {
		t.Helper()
		r, err := h.Plan(t.Context(), person("index/invalid"))
		if err != nil || len(r.Plans) != 1 || r.Plans[0].Decision.Guard != want {
			t.Errorf("want %q: %+v, %v", want, decisions(r), err)
		}
	}
	wal := func(megabytes string) {
		x.super("CREATE TABLE app.wal AS SELECT repeat('x', 1000) FROM generate_series(1, " + megabytes + " * 1000); DROP TABLE app.wal")
	}
	guard("")
	end := x.standby()
	x.endedForTheReplica(h, wal)
	guard(healer.GuardReplicas)
	end()
	guard("")
	x.super("SELECT pg_create_physical_replication_slot('s', true)")
	guard("")
	wal("30")
	guard(healer.GuardSlots)
	x.super("SELECT pg_drop_replication_slot('s')")
	guard("")
	full := filepath.Join(x.DataDir(), "full") // where the command runs
	if err := os.WriteFile(full, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wal("1")
	x.super("SELECT pg_switch_wal()")
	x.until("SELECT failed_count > 0 FROM pg_stat_archiver")
	guard(healer.GuardArchiver)
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	wal("1")
	x.super("SELECT pg_switch_wal()")
	x.until("SELECT last_archived_time > last_failed_time FROM pg_stat_archiver")
	guard("")
	x.super("UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'app.first'::regclass")
	// What writes next to nothing does not wait for any of them.
	x.super("SELECT pg_create_physical_replication_slot('s', true)")
	wal("30")
	if d := x.decided(h); d.Verdict != healer.Proceed {
		t.Errorf("a DROP INDEX: %+v", d)
	}
	x.super("SELECT pg_drop_replication_slot('s')")
}

// endedForTheReplica lets a rebuild wait for an open transaction, until it is
// ended because a replica falls behind; then the transaction ends as well.
func (x *site) endedForTheReplica(h *healer.Healer, wal func(megabytes string)) {
	x.t.Helper()
	release := x.session(x.Name+"_owner", "psql", "BEGIN", "INSERT INTO app.t SELECT FROM app.t LIMIT 1")
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Minute)
	defer cancel()
	var said []string
	r, err := h.With(acts(func(tr healer.Transition) {
		switch tr.Action {
		case healer.StepStarted:
			wal("3")
		case healer.StepFinished:
			if said = append(said, tr.Step.Err); len(said) == 1 {
				release()
			}
		}
	})).Heal(ctx, person("index/invalid"))
	if only(x.t, r, err); len(said) == 0 || !strings.Contains(said[0], "the replica paused is") {
		x.t.Errorf("its steps ended with %q", said)
	}
	x.super("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.first'::regclass")
}

// standby attaches a replica that replays nothing of what it is sent.
func (x *site) standby() (end func()) {
	c, err := rulestest.Replica(x.t.Context(), x.ConnString("postgres", "postgres"), "paused")
	if err != nil {
		x.t.Fatal(err)
	}
	return func() {
		_ = c.Conn().Close()
		x.super("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
		x.until("SELECT count(*) = 0 FROM pg_stat_replication")
	}
}

func itoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
