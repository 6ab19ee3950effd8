package healer_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
)

// refusing is an event trigger's function that lets nothing be done.
const refusing = `CREATE SCHEMA "Night watch";
	CREATE FUNCTION "Night watch".halt() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''halt''; END'`

// decision plans by a rule and returns the one decision.
func decision(t *testing.T, h *healer.Healer, rule string) healer.Decision {
	t.Helper()
	r, err := h.Plan(t.Context(), person(rule))
	if err != nil || len(r.Plans) != 1 {
		t.Fatalf("%d plans, %v", len(r.Plans), err)
	}
	return r.Plans[0].Decision
}

// allowing is the same healer where event triggers are known to be harmless.
func allowing(st *rulestest.Stage, patterns ...string) *healer.Healer {
	return with(st, func(c *healer.Config) { c.Policy.AllowEventTriggers = patterns })
}

// An event trigger that would run with the repair's statement forbids it, and
// the reason says which, with what, and what to write where. What is for other
// commands, disabled, or allowed forbids nothing.
// hazard: 35
func TestAnEventTriggerForbidsDDL(t *testing.T) {
	t.Parallel()
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		st := stageOn(t, s, builtin(t), duplicates)
		super := func(sql string) { t.Helper(); s.Exec(t, st.Name, "postgres", sql) }
		super(refusing)
		for _, c := range []struct {
			on      string // and so on, of CREATE EVENT TRIGGER
			alter   string
			allowed []string
			forbids bool
		}{
			{on: "ddl_command_start", forbids: true},
			{on: "ddl_command_end", forbids: true},
			{on: "sql_drop", forbids: true},
			{on: "table_rewrite"},
			{on: "ddl_command_start WHEN TAG IN ('create table', 'drop index')", forbids: true},
			{on: "ddl_command_start WHEN TAG IN ('create table', 'drop table')"},
			{on: "ddl_command_start", alter: "DISABLE"},
			{on: "ddl_command_start", alter: "ENABLE REPLICA"},
			{on: "ddl_command_start", alter: "ENABLE ALWAYS", forbids: true},
			{on: "ddl_command_start", allowed: []string{"pgaudit_sql_drop", "halting"}},
			{on: "ddl_command_start", allowed: []string{"h*"}},
			{on: "ddl_command_start", allowed: []string{"halt"}, forbids: true},
		} {
			super("CREATE EVENT TRIGGER halting ON " + c.on + ` EXECUTE FUNCTION "Night watch".halt()`)
			if c.alter != "" {
				super("ALTER EVENT TRIGGER halting " + c.alter)
			}
			d := decision(t, allowing(st, c.allowed...), "index/duplicate")
			super("DROP EVENT TRIGGER halting")
			if (d.Verdict != healer.Proceed) != c.forbids {
				t.Errorf("%+v: %+v", c, d)
				continue
			}
			if !c.forbids {
				continue
			}
			for _, word := range []string{"halting", `"Night watch".halt()`, "DROP INDEX", "allow_event_triggers: [" + strings.Join(append(c.allowed, "halting]"), ", ")} {
				if d.Guard != healer.GuardEventTrigger || d.Verdict != healer.Refuse || !strings.Contains(d.Reason, word) {
					t.Errorf("%+v: it does not say %q: %+v", c, word, d)
				}
			}
		}
	})
}

// A name that YAML would read as something else is quoted in what is to be
// written.
func TestAnOddEventTriggerIsQuoted(t *testing.T) {
	t.Parallel()
	st := stage(t, builtin(t), duplicates)
	pgtest.One(t).Exec(t, st.Name, "postgres", refusing+`; CREATE EVENT TRIGGER "a, ""b" ON sql_drop EXECUTE FUNCTION "Night watch".halt()`)
	d := decision(t, st.Healer, "index/duplicate")
	if want := `allow_event_triggers: ["a, \"b"]`; !strings.Contains(d.Reason, want) {
		t.Errorf("%s is wanted: %+v", want, d)
	}
	if d := decision(t, allowing(st, `a, "b`), "index/duplicate"); d.Verdict != healer.Proceed {
		t.Errorf("it is allowed: %+v", d)
	}
}

// What keeps a table well is no DDL: it runs under an event trigger that would
// let no DDL be done.
// hazard: 35
func TestNoEventTriggerForbidsUpkeep(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{"ANALYZE", "VACUUM"} {
		st := stage(t, source{rule(t, "test/upkeep", tables+`
-- repair: session
-- as: owner
`+statement+` {schema}.{name};

-- verify
SELECT 'no' WHERE false

-- undo: none, because it is a test
`)}, "CREATE TABLE app.t (id int)")
		pgtest.One(t).Exec(t, st.Name, "postgres", refusing+`; CREATE EVENT TRIGGER halting ON ddl_command_start EXECUTE FUNCTION "Night watch".halt()`)
		r, err := st.Heal(t.Context(), healer.Options{Person: true, Now: true})
		if a := only(t, r, err); !a.Verified {
			t.Errorf("%s: %s: %s", statement, a.State, a.Err)
		}
	}
}

// What runs in a transaction as its owner runs in a function that is made for
// it. Every tag that a real repair had is one whose trigger forbids it.
// hazard: 35
func TestTheSandboxRunsEventTriggersToo(t *testing.T) {
	t.Parallel()
	s := pgtest.One(t)
	// The transaction that repairs notes what it did; the reads are rolled back.
	const noting = `CREATE SCHEMA watch; CREATE TABLE watch.tags (tag text);
		CREATE FUNCTION watch.note() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
		AS 'BEGIN INSERT INTO watch.tags VALUES (tg_tag); END'`
	const trigger = "CREATE EVENT TRIGGER noting ON ddl_command_end %s EXECUTE FUNCTION watch.note()"
	invalid := func() *rulestest.Stage {
		st := stage(t, builtin(t), `CREATE TABLE app.t (v int); INSERT INTO app.t VALUES (1);
			ALTER TABLE app.t ADD CONSTRAINT positive CHECK (v > 0) NOT VALID`)
		s.Exec(t, st.Name, "postgres", noting)
		return st
	}
	st := invalid()
	s.Exec(t, st.Name, "postgres", fmt.Sprintf(trigger, ""))
	r, err := allowing(st, "noting").Heal(t.Context(), person("constraint/not-valid"))
	if a := only(t, r, err); !a.Verified {
		t.Fatalf("%s: %s", a.State, a.Err)
	}
	tags := strings.Split(s.Ask(t, st.Name, "postgres", "SELECT string_agg(DISTINCT tag, ',' ORDER BY tag) FROM watch.tags"), ",")
	if want := []string{"ALTER TABLE", "CREATE FUNCTION", "DROP FUNCTION", "GRANT"}; !slices.Equal(tags, want) {
		t.Errorf("the repair ran event triggers with %q, and not with %q", tags, want)
	}
	st = invalid()
	for _, tag := range tags {
		s.Exec(t, st.Name, "postgres", fmt.Sprintf(trigger, "WHEN TAG IN ('"+tag+"')"))
		if d := decision(t, st.Healer, "constraint/not-valid"); d.Guard != healer.GuardEventTrigger || !strings.Contains(d.Reason, "our "+tag) {
			t.Errorf("%s: %+v", tag, d)
		}
		s.Exec(t, st.Name, "postgres", "DROP EVENT TRIGGER noting")
	}
}

// An undo is DDL, too: it is refused for the event trigger that would run with
// the undo's own statement.
// hazard: 35
func TestAnEventTriggerForbidsAnUndo(t *testing.T) {
	t.Parallel()
	st := stage(t, builtin(t), duplicates)
	s := pgtest.One(t)
	r, err := st.Heal(t.Context(), person("index/duplicate"))
	done := only(t, r, err)
	if !done.Verified {
		t.Fatalf("%s: %s", done.State, done.Err)
	}
	s.Exec(t, st.Name, "postgres", refusing+`; CREATE EVENT TRIGGER dropping ON ddl_command_start WHEN TAG IN ('DROP INDEX') EXECUTE FUNCTION "Night watch".halt();
		CREATE EVENT TRIGGER making ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION "Night watch".halt()`)
	var refusal *healer.Refusal
	if _, err := st.Undo(t.Context(), done.ID, person("*")); !errors.As(err, &refusal) || refusal.Guard != healer.GuardEventTrigger || !strings.Contains(refusal.Reason, "making") {
		t.Errorf("the undo: %v", err)
	}
	s.Exec(t, st.Name, "postgres", "DROP EVENT TRIGGER making")
	if back, err := st.Undo(t.Context(), done.ID, person("*")); err != nil || !back.Verified {
		t.Errorf("without it: %s, %v", back.State, err)
	}
}
