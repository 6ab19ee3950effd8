package healer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// sick has a fault for each way in which evidence is read: plain catalogs, the
// functions that open a relation, statistics of the planner, sequences, rows,
// and the sessions of others.
const sick = `CREATE TABLE app.t (id serial PRIMARY KEY, v int, w text);
	INSERT INTO app.t (v, w) SELECT g, 'x' FROM generate_series(1, 20000) AS g;
	CREATE INDEX one ON app.t (v); CREATE INDEX two ON app.t (v); ANALYZE app.t;
	CREATE TABLE app.behind (id serial PRIMARY KEY); INSERT INTO app.behind SELECT generate_series(1, 50);
	CREATE TABLE app.later (v int); INSERT INTO app.later VALUES (1); ALTER TABLE app.later ADD CONSTRAINT positive CHECK (v > 0) NOT VALID;
	CREATE MATERIALIZED VIEW app.empty AS SELECT 1 AS v WITH NO DATA;
	CREATE TABLE app.off (v int) WITH (autovacuum_enabled = off);
	CREATE TABLE app.ends (id smallserial PRIMARY KEY); SELECT setval('app.ends_id_seq', 32000);
	CREATE TABLE app.held (v int); INSERT INTO app.held VALUES (1);
	-- @hold
	UPDATE app.held SET v = 2;
	-- @busy waiting
	UPDATE app.held SET v = 3`

// Each right of setup sql is taken away in turn. What was found before is found
// still, or its rule says blind and which GRANT it needs; what cannot be
// repaired says the GRANT, too. Nothing becomes healthy because nobody looks.
// hazard: 36d
func TestARightThatIsMissingIsNeverHealth(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		st := stageOn(t, s, builtin(t), sick)
		o := healer.Options{Person: true, Now: true, Yes: true, Ceiling: "high", Actor: "tester", Sets: []string{
			"*.min_size=0", "*.min_rows=1000", "session/idle-in-transaction.enabled=true", "session/idle-in-transaction.min_age=0s",
		}}
		found(t, st, healer.Options{Rules: []string{"session/idle-in-transaction"}, Sets: o.Sets}, 1)
		before, err := st.Find(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		kinds := make(map[string]bool)
		for _, f := range before.Findings {
			kinds[f.Rule] = true
		}
		t.Logf("%d findings of %d rules", len(before.Findings), len(kinds))
		for _, needed := range []string{
			"index/duplicate", "sequence/behind", "sequence/exhaustion", "constraint/not-valid", "matview/unpopulated", "session/idle-in-transaction",
		} {
			if !kinds[needed] {
				t.Errorf("%s finds nothing, so it proves nothing", needed)
			}
		}
		owner, observer, repairer, signaller := st.Name+"_owner", st.Name+"_observer", st.Name+"_healer", st.Name+"_signaller"
		for _, right := range []struct{ take, give string }{
			{"REVOKE pg_monitor FROM " + observer, "GRANT pg_monitor TO " + observer},
			{"REVOKE " + owner + " FROM " + repairer, "GRANT " + owner + " TO " + repairer},
			{
				"REVOKE TEMPORARY ON DATABASE " + st.Name + " FROM PUBLIC, " + owner,
				"GRANT TEMPORARY ON DATABASE " + st.Name + " TO PUBLIC, " + owner,
			},
			{"REVOKE pg_signal_backend FROM " + signaller, "GRANT pg_signal_backend TO " + signaller},
			{"REVOKE pg_read_all_stats FROM " + signaller, "GRANT pg_read_all_stats TO " + signaller},
			{"REVOKE USAGE ON SCHEMA app FROM " + owner, "GRANT USAGE ON SCHEMA app TO " + owner},
			{"REVOKE SELECT ON app.behind FROM " + owner, "GRANT SELECT ON app.behind TO " + owner},
		} {
			s.Exec(t, st.Name, "postgres", right.take)
			now, err := st.Find(t.Context(), o)
			if err != nil {
				t.Fatalf("after %s: %v", right.take, err)
			}
			for _, lost := range unseen(before, now) {
				t.Errorf("after %s: %s", right.take, lost)
			}
			s.Exec(t, st.Name, "postgres", right.give)
		}
	})
}

// unseen lists the findings that are gone without a word of their rule.
func unseen(before, now healer.Result) []string {
	var out []string
	for _, f := range before.Findings {
		if slices.ContainsFunc(now.Findings, func(n healer.Finding) bool { return n.ID == f.ID }) {
			continue
		}
		i := slices.IndexFunc(now.Skips, func(s healer.Skip) bool { return s.Rule == f.Rule })
		switch {
		case i < 0:
			out = append(out, fmt.Sprintf("%s on %s is healthy", f.Rule, f.Object))
		case now.Skips[i].Reason != healer.Blind && !strings.Contains(now.Skips[i].Hint+now.Skips[i].Message, "GRANT"):
			out = append(out, fmt.Sprintf("%s says %s %q, %q, and no GRANT", f.Rule, now.Skips[i].Reason, now.Skips[i].Message, now.Skips[i].Hint))
		}
	}
	return out
}
