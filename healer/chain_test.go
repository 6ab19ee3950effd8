package healer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// burn is a procedure that uses transaction ids up.
const burn = `CREATE PROCEDURE app.burn(n int) LANGUAGE plpgsql AS $$
BEGIN FOR i IN 1..n LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$;
`

// A forgotten prepared transaction keeps every VACUUM from freezing: in one run
// it is rolled back first, in its own database as the role that prepared it,
// and then the table is frozen, though the one is of high risk and the other of
// low.
func TestCausesAreHealedBeforeSymptoms(t *testing.T) {
	st := stage(t, builtin(t), burn+`
		CREATE TABLE app.old (id int);
		CREATE TABLE app.written (id int);
		BEGIN;
		INSERT INTO app.written VALUES (1);
		PREPARE TRANSACTION 'forgotten';
		CALL app.burn(1500);
	`)
	o := person("transaction/orphan-prepared")
	o.Rules = append(o.Rules, "vacuum/wraparound")
	o.Ceiling, o.Yes = rules.High, true
	o.Sets = []string{
		"transaction/orphan-prepared.min_age=0s", "vacuum/wraparound.max_age=1000", "vacuum/wraparound.catalogs=false",
	}
	plans, err := st.Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans.Plans {
		blocked := p.Decision.Guard == healer.GuardBlocked && strings.Contains(p.Decision.Reason, "transaction/orphan-prepared")
		if symptom := p.Plan.Finding.Rule == "vacuum/wraparound"; symptom != blocked {
			t.Errorf("%s was %s by %s: %s", p.Plan.Finding.Object, p.Decision.Verdict, p.Decision.Guard, p.Decision.Reason)
		}
	}
	r, err := st.Heal(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var healed []string
	for _, a := range r.Repairs {
		if !a.Verified {
			t.Errorf("the repair of %s is %s: %s", a.Plan.Finding.Object, a.State, a.Err)
		}
		healed = append(healed, a.Plan.Finding.Object.String())
	}
	if len(healed) > 0 {
		slices.Sort(healed[1:])
	}
	if want := []string{"prepared transaction forgotten", "app.old", "app.written"}; !slices.Equal(healed, want) {
		t.Errorf("healed %q, want %q in this order", healed, want)
	}
}

// A role that may not see other sessions is blind, which is said with the GRANT
// and is never health.
func TestARuleThatMayNotSeeSessionsSaysTheGrant(t *testing.T) {
	st := stage(t, builtin(t), `
		CREATE TABLE app.t (id int);
		-- @hold
		INSERT INTO app.t VALUES (1);
	`)
	play(t, st, "-- @superuser\nREVOKE pg_monitor FROM "+st.Name+"_observer")
	for _, id := range []string{"session/idle-in-transaction", "session/runaway-query", "session/connection-exhaustion", "vacuum/horizon-holder"} {
		o := person(id)
		o.Sets = nil
		if id != "vacuum/horizon-holder" {
			o.Sets = []string{id + ".enabled=true"}
		}
		r, err := st.Find(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		blind := slices.ContainsFunc(r.Skips, func(s healer.Skip) bool {
			return s.Reason == healer.Blind && strings.Contains(s.Hint, "GRANT pg_read_all_stats TO "+st.Name+"_observer")
		})
		if len(r.Findings) > 0 || !blind {
			t.Errorf("%s: findings %v, skips %+v", id, r.Findings, r.Skips)
		}
	}
}

// idling is a stage where an idle transaction keeps another session waiting, and
// what finds it.
func idling(t *testing.T) (*rulestest.Stage, healer.Options) {
	st := stage(t, builtin(t), `
		CREATE TABLE app.t (id int PRIMARY KEY, v int);
		INSERT INTO app.t VALUES (1, 1);
		-- @hold
		UPDATE app.t SET v = 2;
		-- @busy waiter
		UPDATE app.t SET v = 3;
	`)
	o := person("session/idle-in-transaction")
	o.Sets = []string{"session/idle-in-transaction.enabled=true", "session/idle-in-transaction.min_age=0s"}
	return st, o
}

// Whoever may not end sessions is told the GRANT, and the session goes on.
func TestASignallerWithoutTheRightSaysTheGrant(t *testing.T) {
	st, o := idling(t)
	play(t, st, "-- @superuser\nREVOKE pg_signal_backend FROM "+st.Name+"_signaller")
	found(t, st, o, 1)
	r, err := st.Heal(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Repairs) != 1 || r.Repairs[0].State != healer.Failed || !strings.Contains(r.Repairs[0].Err, "GRANT pg_signal_backend TO") {
		t.Errorf("repairs: %+v", r.Repairs)
	}
	found(t, st, o, 1)
}

// What was found a moment ago is not acted on when the session has gone on
// since: another transaction is another finding.
func TestASessionThatWentOnIsNotEnded(t *testing.T) {
	st, o := idling(t)
	found(t, st, o, 1)
	plans, err := st.Plan(t.Context(), o)
	if err != nil || len(plans.Plans) != 1 {
		t.Fatalf("plans %+v, %v", plans.Plans, err)
	}
	// The holder commits and begins anew; the waiter got through, and waits no more.
	play(t, st, "-- @release\n-- @hold\nINSERT INTO app.t VALUES (2, 2)")
	o.Plans = []string{plans.Plans[0].Plan.ID}
	r, err := st.Heal(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Repairs) > 0 {
		t.Errorf("it was ended: %+v", r.Repairs)
	}
	play(t, st, "-- @hold\nINSERT INTO app.t VALUES (3, 3)")
}

// A repair that was asked for alone says which rules waited for it, so that
// the daemon looks at them next: here an approval of the rows that keep a
// unique index from being built.
func TestARepairFreesWhatWaitedForIt(t *testing.T) {
	t.Parallel()
	st := stage(t, builtin(t), `CREATE TABLE app.t (id int);
		INSERT INTO app.t VALUES (1), (1), (2);
		-- @fails
		CREATE UNIQUE INDEX CONCURRENTLY t_key ON app.t (id)`)
	const cause, symptom = "data/duplicate-rows", "index/invalid-unique"
	r, err := st.Heal(t.Context(), person(symptom))
	guarded(t, r, err, healer.GuardBlocked)
	if len(r.Freed) > 0 {
		t.Errorf("nothing was repaired, and it freed %q", r.Freed)
	}
	o := person(cause)
	o.Ceiling, o.Yes = rules.High, true
	r, err = st.Heal(t.Context(), o)
	if a := only(t, r, err); !a.Verified {
		t.Fatalf("the repair is %s: %s", a.State, a.Err)
	}
	if !slices.Equal(r.Freed, []string{symptom}) {
		t.Errorf("it freed %q", r.Freed)
	}
	r, err = st.Heal(t.Context(), person(symptom))
	if a := only(t, r, err); !a.Verified || len(r.Freed) > 0 {
		t.Errorf("the repair is %s, and freed %q: %s", a.State, r.Freed, a.Err)
	}
}

// What the DEFAULT partition took is moved into the partitions it belongs to
// first, and in the same run the next ones are made; all of them have what the
// last one had.
func TestTheDefaultPartitionIsDrainedBeforeTheNextAreMade(t *testing.T) {
	t.Parallel()
	st := stage(t, builtin(t), `CREATE TABLE app.t (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
		CREATE TABLE app.t_0 PARTITION OF app.t FOR VALUES FROM (0) TO (10);
		CREATE TABLE app.t_10 PARTITION OF app.t FOR VALUES FROM (10) TO (20);
		CREATE TABLE app.t_20 PARTITION OF app.t FOR VALUES FROM (20) TO (30);
		CREATE INDEX ON app.t_20 (lower(v)) WHERE v <> '';
		GRANT SELECT ON app.t_20 TO pg_monitor;
		CREATE TABLE app.t_rest PARTITION OF app.t DEFAULT;
		INSERT INTO app.t VALUES (5), (31)`)
	const cause, symptom = "partition/default-rows", "partition/missing-next"
	o := person(cause)
	o.Rules = append(o.Rules, symptom)
	o.Ceiling, o.Yes = rules.High, true
	o.Sets = []string{symptom + ".horizon=2"}
	r, err := st.Heal(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, a := range r.Repairs {
		if !a.Verified {
			t.Errorf("the repair by %s is %s: %s", a.Plan.Finding.Rule, a.State, a.Err)
		}
		order = append(order, a.Plan.Finding.Rule)
	}
	if !slices.Equal(order, []string{cause, symptom}) {
		t.Errorf("repaired by %q", order)
	}
	made := pgtest.One(t).Ask(t, st.Name, "postgres", `SELECT string_agg(c.relname || ' ' || c.relacl::text || ' ' || (SELECT count(*) FROM pg_index AS i WHERE i.indrelid = c.oid)::text, ', ' ORDER BY c.relname)
		FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = 'app.t'::regclass AND c.relname >= 't_20' AND c.relname < 't_r'`)
	want := strings.NewReplacer("N", "{"+st.Name+"_owner=arwdDxt/"+st.Name+"_owner,pg_monitor=r/"+st.Name+"_owner} 2").
		Replace("t_20 N, t_30 N, t_40 N, t_50 N")
	if got := strings.ReplaceAll(made, "arwdDxtm/", "arwdDxt/"); got != want {
		t.Errorf("the partitions are %s, want %s", got, want)
	}
}
