package healer_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// A table that somebody holds in ACCESS EXCLUSIVE blinds no rule: the other
// findings still come, within a second, and the skipped one is reported.
// hazard: 16
func TestALockedTableBlindsNoRule(t *testing.T) {
	st := stage(t, builtin(t), `
		CREATE TABLE app.held (id int, v text);
		CREATE TABLE app.free (id int, v text);
		INSERT INTO app.held SELECT g, g::text FROM generate_series(1, 2000) AS g;
		INSERT INTO app.free SELECT g, g::text FROM generate_series(1, 2000) AS g;
		CREATE INDEX a ON app.held (id); CREATE INDEX b ON app.held (id);
		CREATE INDEX c ON app.free (id); CREATE INDEX d ON app.free (id);
		ALTER TABLE app.free ADD CONSTRAINT n CHECK (id > 0) NOT VALID;
`)
	found(t, st, person("statistics/stale"), 2)
	play(t, st, "-- @hold\nLOCK TABLE app.held IN ACCESS EXCLUSIVE MODE")
	begun := time.Now()
	r, err := st.Find(t.Context(), person("*"))
	took := time.Since(begun)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, f := range r.Findings {
		found[f.Rule+" "+f.Object.Name] = true
	}
	// What needs no look into the table sees the held one, too.
	if !found["index/duplicate d"] || !found["constraint/not-valid n"] || !found["statistics/stale held"] {
		t.Errorf("the locked table blinds other findings: %v", found)
	}
	if len(r.Skips) != 1 || r.Skips[0].Reason != healer.Locked || r.Skips[0].Object != "app.b" {
		t.Errorf("skips = %+v", r.Skips)
	}
	// Whoever waits for the table waits for as long as it is held.
	if took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

// A rule that fails or panics is reported, and the others go on.
func TestABadRuleStopsNoOther(t *testing.T) {
	bad := rule(t, "test/bad", `
-- detect
SELECT c.oid, 1 / 0 AS schema, c.relname AS name FROM pg_catalog.pg_class AS c`)
	empty := rule(t, "test/empty", `
-- detect
SELECT c.oid, NULL AS schema, c.relname AS name FROM pg_catalog.pg_class AS c LIMIT 1`)
	blind := rule(t, "test/blind", `
-- detect
SELECT c.oid, 'app' AS schema, c.relname AS name, 'GRANT SELECT' AS blind FROM pg_catalog.pg_class AS c LIMIT 1`)
	st := stage(t, source{bad, empty, blind, rule(t, "test/good", tables)}, "CREATE TABLE app.t (id int)")
	r, err := st.Find(t.Context(), healer.Options{})
	if err != nil || len(r.Findings) != 1 || r.Findings[0].Rule != "test/good" {
		t.Fatalf("findings = %+v, %v", r.Findings, err)
	}
	want := map[string]healer.Reason{"test/bad": healer.Broken, "test/empty": healer.Invalid, "test/blind": healer.Blind}
	for _, s := range r.Skips {
		if want[s.Rule] != s.Reason {
			t.Errorf("skip = %+v", s)
		}
		delete(want, s.Rule)
	}
	if len(want) > 0 {
		t.Errorf("nothing was said of %v", want)
	}

	panics := with(st, func(c *healer.Config) { c.Reader = panicking{c.Reader} })
	r, err = panics.Find(t.Context(), healer.Options{Rules: []string{"test/good", "test/bad"}})
	if err != nil || len(r.Findings) != 1 {
		t.Fatalf("findings = %+v, %v", r.Findings, err)
	}
	if len(r.Skips) != 1 || r.Skips[0].Rule != "test/bad" || !strings.Contains(r.Skips[0].Message, "panic") {
		t.Errorf("skips = %+v", r.Skips)
	}
}

// A rule that takes too long is reported, and the others go on.
func TestASlowRuleStopsNoOther(t *testing.T) {
	slow := rule(t, "test/bad", tables)
	st := stage(t, source{slow, rule(t, "test/good", tables)}, "CREATE TABLE app.t (id int)")
	h := with(st, func(c *healer.Config) { c.Reader, c.RuleTime = stuck{c.Reader}, 300*time.Millisecond })
	begun := time.Now()
	r, err := h.Find(t.Context(), healer.Options{})
	if err != nil || len(r.Findings) != 1 || r.Findings[0].Rule != "test/good" {
		t.Fatalf("findings = %+v, %v", r.Findings, err)
	}
	if len(r.Skips) != 1 || r.Skips[0].Rule != "test/bad" || time.Since(begun) > 5*time.Second {
		t.Errorf("after %s: skips = %+v", time.Since(begun), r.Skips)
	}
}

// stuck is a reader that never answers to one rule.
type stuck struct{ healer.Reader }

func (s stuck) Read(ctx context.Context, r healer.Read) ([]rules.Row, error) {
	if r.Application == "pgmend/test/bad" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Reader.Read(ctx, r)
}

// panicking is a reader that breaks at one rule.
type panicking struct{ healer.Reader }

func (p panicking) Read(ctx context.Context, r healer.Read) ([]rules.Row, error) {
	if r.Application == "pgmend/test/bad" {
		panic("broken inside")
	}
	return p.Reader.Read(ctx, r)
}

// Findings are the same from run to run, whatever their numbers do, and
// another object's are others.
func TestFindingsKeepTheirIdentity(t *testing.T) {
	st := stage(t, builtin(t), `CREATE TABLE app.t (id int); INSERT INTO app.t SELECT generate_series(1, 3000)`)
	var ids []string
	for range 2 {
		r := found(t, st, person("statistics/stale"), 1)
		ids = append(ids, r.Findings[0].Fingerprint)
		play(t, st, "INSERT INTO app.t SELECT generate_series(1, 3000)")
	}
	if ids[0] != ids[1] {
		t.Errorf("the fingerprint changed with the numbers: %v", ids)
	}
}

// A leftover that is being built right now is nobody's leftover.
// hazard: 3
func TestALiveBuildIsNotTouched(t *testing.T) {
	st := stage(t, builtin(t), `
		CREATE TABLE app.t (id int); INSERT INTO app.t SELECT generate_series(1, 1000);
		CREATE INDEX i ON app.t (id);
		-- @hold
		INSERT INTO app.t VALUES (0)`)
	s := pgtest.One(t)
	building := make(chan error, 1)
	go func() { building <- s.Try(st.Name, st.Name+"_owner", "REINDEX INDEX CONCURRENTLY app.i") }()
	deadline := time.Now().Add(10 * time.Second)
	for s.Ask(t, st.Name, "postgres", "SELECT count(*) FROM pg_class WHERE relname = 'i_ccnew'") != "1" {
		if time.Now().After(deadline) {
			t.Fatal("the build did not begin")
		}
	}
	r, err := st.Heal(t.Context(), person("index/*"))
	if err != nil || len(r.Repairs) != 0 || len(r.Findings) != 0 {
		t.Errorf("findings %+v, %d repairs, %v", r.Findings, len(r.Repairs), err)
	}
	play(t, st, "-- @release\n")
	if err := <-building; err != nil {
		t.Errorf("the build was disturbed: %v", err)
	}
}

// Facts that are read together are as good as those that are read one by one:
// a table that is locked costs its own judgement only.
func TestFactsAreCapturedTogether(t *testing.T) {
	t.Parallel()
	st := stage(t, builtin(t), "SELECT 1")
	const tables = 12
	for i := range tables {
		play(t, st, fmt.Sprintf("CREATE TABLE app.t%d (id serial PRIMARY KEY); INSERT INTO app.t%d VALUES (%d)", i, i, 1+i%2*100))
	}
	play(t, st, "-- @hold\nLOCK TABLE app.t3 IN ACCESS EXCLUSIVE MODE")
	counted := &counting{Reader: st.Config.Reader}
	r, err := with(st, func(c *healer.Config) { c.Reader = counted }).Find(t.Context(), person("sequence/behind"))
	if err != nil {
		t.Fatal(err)
	}
	// The first value of each sequence is taken already: by a row 1, or by one that is far beyond it.
	if len(r.Findings) != tables-1 || len(r.Skips) != 1 || r.Skips[0].Reason != healer.Locked {
		t.Errorf("%d findings, skips %+v", len(r.Findings), r.Skips)
	}
	if counted.alone.Load() > 2 {
		t.Errorf("%d candidates were read by themselves", counted.alone.Load())
	}
}

// counting counts what is read in a sandbox by itself.
type counting struct {
	healer.Reader
	alone atomic.Int64
}

func (c *counting) Read(ctx context.Context, r healer.Read) ([]rules.Row, error) {
	if r.Role != "" {
		c.alone.Add(1)
	}
	return c.Reader.Read(ctx, r)
}
