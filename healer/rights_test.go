package healer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
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
		connect := strings.Join([]string{"PUBLIC", observer, repairer, signaller}, ", ")
		for _, right := range []struct {
			take, give string
			rule       string // that cannot repair without it
			grant      string // which it then says
		}{
			{take: "REVOKE pg_monitor FROM " + observer, give: "GRANT pg_monitor TO " + observer},
			{
				take: "REVOKE " + owner + " FROM " + repairer, give: "GRANT " + owner + " TO " + repairer,
				rule: "index/duplicate", grant: `GRANT "` + owner + `" TO "` + repairer + `"`,
			},
			{
				take: "REVOKE TEMPORARY ON DATABASE " + st.Name + " FROM PUBLIC, " + owner,
				give: "GRANT TEMPORARY ON DATABASE " + st.Name + " TO PUBLIC, " + owner,
				rule: "constraint/not-valid", grant: "GRANT TEMPORARY ON DATABASE",
			},
			{
				take: "REVOKE pg_signal_backend FROM " + signaller, give: "GRANT pg_signal_backend TO " + signaller,
				rule: "session/idle-in-transaction", grant: `GRANT pg_signal_backend TO "` + signaller + `"`,
			},
			{
				take: "REVOKE pg_read_all_stats FROM " + signaller, give: "GRANT pg_read_all_stats TO " + signaller,
				rule: "session/idle-in-transaction", grant: `GRANT pg_read_all_stats TO "` + signaller + `"`,
			},
			{
				take: "REVOKE CONNECT ON DATABASE " + st.Name + " FROM " + connect, give: "GRANT CONNECT ON DATABASE " + st.Name + " TO " + connect,
				rule: "index/duplicate", grant: "GRANT CONNECT ON DATABASE",
			},
			{take: "REVOKE USAGE ON SCHEMA app FROM " + owner, give: "GRANT USAGE ON SCHEMA app TO " + owner},
			{take: "REVOKE SELECT ON app.behind FROM " + owner, give: "GRANT SELECT ON app.behind TO " + owner},
			// The owner himself sees no rows of it.
			{
				take: "ALTER TABLE app.behind ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
				give: "ALTER TABLE app.behind DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY",
			},
			// Whoever may not read a table sees nothing of it in pg_stats.
			{take: "REVOKE SELECT ON app.t FROM " + owner, give: "GRANT SELECT ON app.t TO " + owner},
		} {
			s.Exec(t, st.Name, "postgres", right.take)
			now, err := st.Find(t.Context(), o)
			if err != nil {
				t.Fatalf("after %s: %v", right.take, err)
			}
			for _, lost := range unseen(before, now) {
				t.Errorf("after %s: %s", right.take, lost)
			}
			if right.rule != "" {
				if said := unable(t, st, o, right.rule); !strings.Contains(said, right.grant) {
					t.Errorf("after %s, %s says %q, and no %s", right.take, right.rule, said, right.grant)
				}
			}
			s.Exec(t, st.Name, "postgres", right.give)
		}
	})
}

// unable repairs by a rule what it cannot repair, and returns what is said of
// that. The attempt does not count against the next ones.
func unable(t *testing.T, st *rulestest.Stage, o healer.Options, rule string) string {
	t.Helper()
	o.Rules = []string{rule}
	r, err := st.Heal(t.Context(), o)
	said := fmt.Sprint(err)
	for _, a := range r.Repairs {
		if a.Verified {
			t.Errorf("%s repaired %s without the right", rule, a.Plan.Finding.Object)
		}
		said += fmt.Sprintln(a.State, a.Err)
	}
	for _, k := range r.Skips {
		said += fmt.Sprintln(k.Reason, k.Message, k.Hint)
	}
	for _, p := range r.Plans {
		said += fmt.Sprintln(p.Decision.Reason)
	}
	if _, err := st.Resume(t.Context(), "tester"); err != nil {
		t.Fatal(err)
	}
	return said
}

// unseen lists the findings that are gone without a word of their rule, on them
// or on all.
func unseen(before, now healer.Result) []string {
	var out []string
	for _, f := range before.Findings {
		if slices.ContainsFunc(now.Findings, func(n healer.Finding) bool { return n.ID == f.ID }) {
			continue
		}
		i := slices.IndexFunc(now.Skips, func(s healer.Skip) bool {
			return s.Rule == f.Rule && (s.Object == "" || s.Object == f.Object.String())
		})
		switch {
		case i < 0:
			out = append(out, fmt.Sprintf("%s on %s is healthy", f.Rule, f.Object))
		case now.Skips[i].Reason != healer.Blind && !strings.Contains(now.Skips[i].Hint+now.Skips[i].Message, "GRANT"):
			out = append(out, fmt.Sprintf("%s says %s %q, %q, and no GRANT", f.Rule, now.Skips[i].Reason, now.Skips[i].Message, now.Skips[i].Hint))
		}
	}
	return out
}
