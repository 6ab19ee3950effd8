package rulestest_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// driftTables is how many tables the schema has; PGMEND_DRIFT_TABLES asks for
// others, as make bench-baseline does.
func driftTables(t testing.TB, small int) int {
	text := os.Getenv("PGMEND_DRIFT_TABLES")
	if text == "" {
		return small
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// many makes tables that refer to each other, with all that can drift.
func many(n int) string {
	var b strings.Builder
	b.WriteString("CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;\n")
	for i := range n {
		parent := ""
		if i > 0 {
			parent = fmt.Sprintf(" CONSTRAINT t%03d_up REFERENCES app.t%03d (id)", i, i-1)
		}
		fmt.Fprintf(&b, `CREATE TABLE app.t%03[1]d (id int PRIMARY KEY, up int%[2]s, name text NOT NULL, code text CONSTRAINT t%03[1]d_code UNIQUE,
			amount numeric CONSTRAINT t%03[1]d_amount CHECK (amount > 0), state text DEFAULT 'new', at timestamptz DEFAULT now(), note text);
			CREATE INDEX t%03[1]d_by_up ON app.t%03[1]d (up);
			CREATE TRIGGER t%03[1]d_touched BEFORE UPDATE ON app.t%03[1]d FOR EACH ROW EXECUTE FUNCTION app.touch();
			CREATE VIEW app.v%03[1]d AS SELECT a.id, b.name AS other FROM app.t%03[1]d a JOIN app.t%03[1]d b ON b.id = a.up;
			CREATE SEQUENCE app.s%03[1]d OWNED BY app.t%03[1]d.id;
			CREATE FUNCTION app.f%03[1]d(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + %[1]d';
			GRANT SELECT ON app.t%03[1]d TO PUBLIC;
			COMMENT ON TABLE app.t%03[1]d IS 'table %[1]d';
`, i, parent)
	}
	return b.String()
}

// breaks are ways to break the i-th table, and what then has to be named. Where
// there is a fix, no repair may touch it, and that is what a person does.
var breaks = []struct {
	sql, named, fix string
}{
	{"ALTER TABLE app.t%03[1]d DROP COLUMN note", "missing column app.t%03[1]d.note", ""},
	{"DROP INDEX app.t%03[1]d_by_up", "missing index app.t%03[1]d_by_up", ""},
	{"ALTER TABLE app.t%03[1]d DROP CONSTRAINT t%03[1]d_amount", "missing constraint app.t%03[1]d.t%03[1]d_amount", ""},
	{"ALTER TABLE app.t%03[1]d ALTER state DROP DEFAULT", "missing default app.t%03[1]d.state", ""},
	{"DROP TRIGGER t%03[1]d_touched ON app.t%03[1]d", "missing trigger app.t%03[1]d.t%03[1]d_touched", ""},
	{"DROP VIEW app.v%03[1]d", "missing view app.v%03[1]d", ""},
	{"DROP FUNCTION app.f%03[1]d(int)", "missing function app.f%03[1]d(integer)", ""},
	{"ALTER SEQUENCE app.s%03[1]d OWNED BY NONE", "missing sequence owner app.s%03[1]d", ""},
	{"REVOKE SELECT ON app.t%03[1]d FROM PUBLIC", "missing grant on table app.t%03[1]d to PUBLIC", ""},
	{"ALTER TABLE app.t%03[1]d DROP CONSTRAINT t%03[1]d_code", "missing constraint app.t%03[1]d.t%03[1]d_code", ""},
	{"ALTER TABLE app.t%03[1]d ALTER name DROP NOT NULL", "missing not null app.t%03[1]d.name", ""},
	{"ALTER TABLE app.t%03[1]d DROP CONSTRAINT t%03[1]d_up", "missing constraint app.t%03[1]d.t%03[1]d_up", ""},
	{"ALTER TABLE app.t%03[1]d ALTER code TYPE varchar(99)", "different column app.t%03[1]d.code", "ALTER TABLE app.t%03[1]d ALTER code TYPE text"},
	{"CREATE TABLE app.extra%03[1]d (id int)", "extra table app.extra%03[1]d", "DROP TABLE app.extra%03[1]d"},
	{"DROP VIEW app.v%03[1]d; DROP TABLE app.t%03[1]d CASCADE", "missing table app.t%03[1]d", ""},
}

// Every drift is named, every one that heals is healed after an approval, and
// after what is for a person the schema is the baseline again.
func TestDriftsOfManyTablesAreHealed(t *testing.T) {
	n := driftTables(t, 30)
	drifts := max(len(breaks), n/5)
	s := pgtest.One(t)
	stage := staged(t, s)
	s.Exec(t, stage.Name, stage.Name+"_owner", many(n))
	if err := stage.Declare(t.Context()); err != nil {
		t.Fatal(err)
	}
	var want, byHand []string
	for i := range drifts {
		b, table := breaks[i%len(breaks)], i*n/drifts
		if strings.Contains(b.sql, "DROP TABLE") {
			table = n - 1 - i/len(breaks) // nothing refers to the last ones but the next, which is gone too
		}
		if table == 0 {
			table = 1
		}
		s.Exec(t, stage.Name, stage.Name+"_owner", fmt.Sprintf(b.sql, table))
		want = append(want, fmt.Sprintf(b.named, table))
		if b.fix != "" {
			byHand = append(byHand, fmt.Sprintf(b.fix, table))
		}
	}
	named := differences(t, stage)
	for _, w := range want {
		if !slices.Contains(named, w) {
			t.Errorf("not named: %s", w)
		}
	}
	begun := time.Now()
	for range 3 {
		r, err := stage.Heal(t.Context(), healer.Options{Rules: []string{"schema/drift"}, Person: true, Ceiling: rules.High, Now: true, Yes: true, Actor: "a test"})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range r.Repairs {
			if !a.Verified {
				t.Errorf("%s is %s: %s", a.Plan.Finding.Object, a.State, a.Err)
			}
		}
	}
	t.Logf("%d tables, %d drifts, healed in %s", n, len(named), time.Since(begun))
	left := differences(t, stage)
	for _, d := range left {
		if !strings.HasPrefix(d, "extra ") && !strings.HasPrefix(d, "different column ") {
			t.Errorf("not healed: %s", d)
		}
	}
	for _, sql := range byHand {
		s.Exec(t, stage.Name, stage.Name+"_owner", sql)
	}
	if left := differences(t, stage); len(left) > 0 {
		t.Errorf("the schema is not the baseline: %q", left)
	}
}

func differences(t testing.TB, stage *rulestest.Stage) []string {
	t.Helper()
	want, _, err := stage.Baselines().Approved(t.Context(), identity(t, stage), stage.Name)
	if err != nil {
		t.Fatal(err)
	}
	have, err := baseline.Read(t.Context(), stage.Config.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range baseline.Compare(want, have) {
		out = append(out, string(d.What)+" "+d.String())
	}
	return out
}

func identity(t testing.TB, stage *rulestest.Stage) string {
	t.Helper()
	id, err := stage.Config.Reader.Identify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id.SystemIdentifier
}
