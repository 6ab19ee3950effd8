package rulestest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// yes is a person who approves of everything.
func yes(sets ...string) healer.Options {
	return healer.Options{Person: true, Ceiling: rules.High, Now: true, Yes: true, Actor: "test", Sets: sets}
}

// asOwner is a connection of the owner of a stage's tables.
func asOwner(t testing.TB, st *rulestest.Stage) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), st.Player.Owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func perform(t testing.TB, c *pgconn.PgConn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if r := c.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read(); r.Err != nil {
			t.Fatalf("%v in: %s", r.Err, sql)
		}
	}
}

func ask(t testing.TB, c *pgconn.PgConn, sql string) string {
	t.Helper()
	r := c.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
	if r.Err != nil {
		t.Fatalf("%v in: %s", r.Err, sql)
	}
	if len(r.Rows) == 0 {
		return ""
	}
	return string(r.Rows[0][0])
}

// quarantines lists the tables in which rows are.
func quarantines(t testing.TB, c *pgconn.PgConn) []string {
	t.Helper()
	return strings.Fields(ask(t, c, `SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname LIKE 'pgmend\_%' AND relkind = 'r'`))
}

// sum is the number of the rows of some tables and a checksum over them, in
// whichever of them they are.
func sum(t testing.TB, c *pgconn.PgConn, columns string, tables ...string) string {
	t.Helper()
	for i, name := range tables {
		tables[i] = "SELECT " + columns + " FROM app." + name
	}
	return ask(t, c, fmt.Sprintf(`SELECT format('%%s rows, %%s', count(*), md5(string_agg(md5(u::text), '' ORDER BY md5(u::text))))
		FROM (%s) AS u`, strings.Join(tables, " UNION ALL ")))
}

func attemptOf(t testing.TB, r healer.Result, rule string) healer.Attempt {
	t.Helper()
	i := slices.IndexFunc(r.Repairs, func(a healer.Attempt) bool { return a.Plan.Finding.Rule == rule })
	if i < 0 {
		for _, p := range r.Plans {
			t.Logf("%s %s: %s by %s: %s", p.Plan.Finding.Rule, p.Plan.Finding.Object, p.Decision.Verdict, p.Decision.Guard, p.Decision.Reason)
		}
		for _, s := range r.Skips {
			t.Logf("%s skipped: %s %s", s.Rule, s.Reason, s.Message)
		}
		t.Fatalf("no repair of %s", rule)
	}
	return r.Repairs[i]
}

// mails has 1,200 rows of which 600 are duplicates, 100 have no key, and all
// are large.
var mails = []string{
	`CREATE TABLE app.mails (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text, body text, made timestamptz NOT NULL DEFAULT now())`,
	`ALTER TABLE app.mails ALTER body SET STORAGE EXTERNAL`,
	`INSERT INTO app.mails (mail, body, made) SELECT CASE WHEN g <= 1100 THEN 'm' || g % 500 END, repeat(md5(g::text), 100),
		'2026-01-01'::timestamptz + g * interval '1 minute' FROM generate_series(1, 1200) AS g`,
}

const mailColumns = "id, mail, body, made"

// withDuplicates is a stage on which an index over mails could not be built.
func withDuplicates(t *testing.T, s *pgtest.Server, key string) (st *rulestest.Stage, c *pgconn.PgConn, before string) {
	t.Helper()
	st = staged(t, s)
	c = asOwner(t, st)
	perform(t, c, mails...)
	if r := c.ExecParams(t.Context(), "CREATE UNIQUE INDEX CONCURRENTLY mails_key ON app.mails ("+key+")", nil, nil, nil, nil).Read(); r.Err == nil {
		t.Fatal("the index could be built")
	}
	return st, c, sum(t, c, mailColumns, "mails")
}

// TestDuplicatesGoAndTheIndexIsBuilt heals the cause and then what waited for
// it, in one run, and has the rows back.
func TestDuplicatesGoAndTheIndexIsBuilt(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		t.Parallel()
		st, c, before := withDuplicates(t, s, "lower(mail)")
		r, err := st.Heal(t.Context(), yes("data/duplicate-rows.by=none, made, ctid", "data/duplicate-rows.keep=newest", "data/duplicate-rows.batch=100"))
		if err != nil {
			t.Fatal(err)
		}
		moved := attemptOf(t, r, "data/duplicate-rows")
		built := attemptOf(t, r, "index/invalid-unique")
		if !moved.Verified || !built.Verified || built.Started.Before(moved.Ended) {
			t.Fatalf("moved: %s %s; built: %s %s", moved.State, moved.Err, built.State, built.Err)
		}
		q := quarantines(t, c)
		if len(q) != 1 {
			t.Fatalf("the quarantine is %q, and nothing else should be left", q)
		}
		if got := ask(t, c, "SELECT count(*) FROM app."+q[0]); got != "600" {
			t.Errorf("%s rows went, not 600", got)
		}
		if after := sum(t, c, mailColumns, "mails", q[0]); after != before {
			t.Errorf("before: %s; after: %s", before, after)
		}
		if old := ask(t, c, `SELECT count(*) FROM app.mails AS m JOIN app.`+q[0]+` AS q ON q.mail = m.mail WHERE q.made > m.made`); old != "0" {
			t.Errorf("%s rows stay that are not the newest", old)
		}
		if about := ask(t, c, `SELECT DISTINCT concat_ws(', ', pgmend_source, pgmend_reason, pgmend_attempt) FROM app.`+q[0]); about != "app.mails, duplicate in mails_key, "+moved.ID {
			t.Errorf("the rows say of themselves: %s", about)
		}
		putBack(t, st, c, moved, before)
	})
}

// putBack takes the repair back: not while the index would refuse the rows.
func putBack(t *testing.T, st *rulestest.Stage, c *pgconn.PgConn, moved healer.Attempt, before string) {
	t.Helper()
	back, err := st.Undo(t.Context(), moved.ID, yes())
	if err != nil || back.Verified || !strings.Contains(back.Err, "DROP INDEX CONCURRENTLY app.mails_key") {
		t.Fatalf("the undo is %s: %s, %v", back.State, back.Err, err)
	}
	perform(t, c, "DROP INDEX CONCURRENTLY app.mails_key")
	back, err = st.Undo(t.Context(), moved.ID, yes())
	if err != nil || !back.Verified {
		t.Fatalf("the undo is %s: %s, %v", back.State, back.Err, err)
	}
	if after := sum(t, c, mailColumns, "mails"); after != before {
		t.Errorf("before: %s; after the undo: %s", before, after)
	}
	if q := quarantines(t, c); len(q) > 0 {
		t.Errorf("%q is left", q)
	}
}

// TestOrphansGoAndTheForeignKeyIsValidated does so for a foreign key, and has
// the rows back behind it.
func TestOrphansGoAndTheForeignKeyIsValidated(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		t.Parallel()
		st := staged(t, s)
		c := asOwner(t, st)
		perform(t, c, "CREATE TABLE app.users (id int PRIMARY KEY)", "INSERT INTO app.users SELECT g FROM generate_series(1, 100) AS g",
			"CREATE TABLE app.letters (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person int, words text)",
			"INSERT INTO app.letters (person, words) SELECT NULLIF(g % 150, 0), md5(g::text) FROM generate_series(1, 1500) AS g",
			"ALTER TABLE app.letters ADD CONSTRAINT letters_fk FOREIGN KEY (person) REFERENCES app.users ON DELETE CASCADE NOT VALID")
		const columns = "id, person, words"
		state := func() string {
			return ask(t, c, `SELECT format('%s, validated %s', pg_get_constraintdef(oid), convalidated) FROM pg_constraint WHERE conname = 'letters_fk'`)
		}
		before, declared := sum(t, c, columns, "letters"), state()

		r, err := st.Heal(t.Context(), yes("data/orphan-rows.batch=100"))
		if err != nil {
			t.Fatal(err)
		}
		moved, validated := attemptOf(t, r, "data/orphan-rows"), attemptOf(t, r, "constraint/not-valid")
		if !moved.Verified || !validated.Verified || validated.Started.Before(moved.Ended) {
			t.Fatalf("moved: %s %s; validated: %s %s", moved.State, moved.Err, validated.State, validated.Err)
		}
		q := quarantines(t, c)
		if len(q) != 1 || ask(t, c, "SELECT count(*) FROM app."+q[0]) != "490" {
			t.Fatalf("the quarantine is %q", q)
		}
		if after := sum(t, c, columns, "letters", q[0]); after != before {
			t.Errorf("before: %s; after: %s", before, after)
		}
		back, err := st.Undo(t.Context(), moved.ID, yes())
		if err != nil || !back.Verified {
			t.Fatalf("the undo is %s: %s, %v", back.State, back.Err, err)
		}
		if after := sum(t, c, columns, "letters"); after != before {
			t.Errorf("before: %s; after the undo: %s", before, after)
		}
		if now := state(); now != declared || len(quarantines(t, c)) > 0 {
			t.Errorf("the foreign key was %s and is %s; left is %q", declared, now, quarantines(t, c))
		}
	})
}

// TestWhatIsHeldStaysAndTheRestComesBack moves all but a row that somebody
// holds, does not wait for it, and takes back what it did.
func TestWhatIsHeldStaysAndTheRestComesBack(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		t.Parallel()
		st, c, before := withDuplicates(t, s, "mail")
		other := asOwner(t, st)
		perform(t, other, "BEGIN", "SELECT FROM app.mails FOR UPDATE")
		r, err := st.Heal(t.Context(), yes())
		if err != nil {
			t.Fatal(err)
		}
		if a := attemptOf(t, r, "data/duplicate-rows"); a.State != healer.Deferred {
			t.Errorf("while all are held it is %s: %s", a.State, a.Err)
		}
		if q := quarantines(t, c); len(q) > 0 {
			t.Errorf("nothing moved, and %q is left: %s", q, attemptOf(t, r, "data/duplicate-rows").Err)
		}
		perform(t, other, "ROLLBACK", "BEGIN", "SELECT FROM app.mails WHERE id = 1001 FOR UPDATE")
		r, err = st.Heal(t.Context(), yes())
		if err != nil {
			t.Fatal(err)
		}
		moved := attemptOf(t, r, "data/duplicate-rows")
		if moved.State != healer.Deferred || moved.Verified {
			t.Fatalf("it is %s: %s", moved.State, moved.Err)
		}
		q := quarantines(t, c)
		if len(q) != 1 || ask(t, c, "SELECT count(*) FROM app."+q[0]) != "599" {
			t.Fatalf("the quarantine is %q", q)
		}
		perform(t, other, "ROLLBACK")
		if left := strings.Join(q, " "); strings.Contains(left, "worklist") {
			t.Errorf("the list is left: %s", left)
		}
		back, err := st.Undo(t.Context(), moved.ID, yes())
		if err != nil || !back.Verified {
			t.Fatalf("the undo is %s: %s, %v", back.State, back.Err, err)
		}
		if after := sum(t, c, mailColumns, "mails"); after != before {
			t.Errorf("before: %s; after the undo: %s", before, after)
		}
	})
}

// TestNothingIsLostAmongWriters moves rows while others change them, their
// keys, and add to them.
func TestNothingIsLostAmongWriters(t *testing.T) {
	t.Parallel()
	st, c, _ := withDuplicates(t, pgtest.One(t), "mail")
	var writers sync.WaitGroup
	var added atomic.Int64
	for w := range 3 {
		conn := asOwner(t, st)
		writers.Go(func() {
			for i := range 200 {
				for _, sql := range []string{
					fmt.Sprintf("UPDATE app.mails SET body = 'changed' WHERE id = %d", (i*7+w*400)%1100+1),
					fmt.Sprintf("UPDATE app.mails SET mail = 'w%d-%d' WHERE id = %d", w, i%150, (i*11+w*300)%1100+1),
					fmt.Sprintf("INSERT INTO app.mails (mail) VALUES ('m%d')", i),
				} {
					r := conn.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
					var refused *pgconn.PgError
					switch {
					case errors.As(r.Err, &refused) && refused.Code == "23505": // the index enforces itself by now
					case r.Err != nil:
						t.Errorf("%v in: %s", r.Err, sql)
						return
					case r.CommandTag.Insert():
						added.Add(1)
					}
				}
			}
		})
	}
	verified := 0
	for deadline := time.Now().Add(2 * time.Minute); verified == 0; {
		r, err := st.Heal(t.Context(), yes("data/duplicate-rows.batch=50"))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range r.Repairs {
			if a.Plan.Finding.Rule == "data/duplicate-rows" && a.Verified {
				verified++
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not get to an end")
		}
	}
	writers.Wait()
	all := append([]string{"mails"}, quarantines(t, c)...)
	for i, name := range all {
		all[i] = "SELECT id FROM app." + name
	}
	want := fmt.Sprintf("%d, %d", 1200+added.Load(), 1200+added.Load())
	if got := ask(t, c, "SELECT format('%s, %s', count(*), count(DISTINCT id)) FROM ("+strings.Join(all, " UNION ALL ")+") AS u"); got != want {
		t.Errorf("rows and different ones: %s, and made were: %s", got, want)
	}
}

// TestWhatIsReferredToMeanwhileStays moves no row to which somebody begins to
// refer after the plan was made.
func TestWhatIsReferredToMeanwhileStays(t *testing.T) {
	t.Parallel()
	st := staged(t, pgtest.One(t))
	c, other := asOwner(t, st), asOwner(t, st)
	perform(t, c, "CREATE TABLE app.people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)",
		"CREATE TABLE app.letters (person bigint CONSTRAINT sender REFERENCES app.people)",
		"INSERT INTO app.people (name) VALUES ('ann'), ('ann'), ('bob')")
	if r := c.ExecParams(t.Context(), "CREATE UNIQUE INDEX CONCURRENTLY people_name ON app.people (name)", nil, nil, nil, nil).Read(); r.Err == nil {
		t.Fatal("the index could be built")
	}
	perform(t, other, "BEGIN", "INSERT INTO app.letters VALUES (2)")
	r, err := st.Heal(t.Context(), yes())
	if err != nil {
		t.Fatal(err)
	}
	if a := attemptOf(t, r, "data/duplicate-rows"); a.Verified || a.State != healer.Deferred {
		t.Errorf("while the row is held it is %s: %s", a.State, a.Err)
	}
	perform(t, other, "COMMIT")
	if r, err = st.Heal(t.Context(), yes()); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Plans, func(p healer.Planned) bool { return p.Plan.Finding.Rule == "data/duplicate-rows" })
	if i < 0 || !strings.Contains(r.Plans[i].Decision.Reason, "1 of the rows that would go are referred to by the foreign key sender of app.letters") {
		t.Errorf("it is not refused by the foreign key: %+v", r.Plans)
	}
	if got := ask(t, c, "SELECT string_agg(format('%s %s', p.name, l.person), ', ' ORDER BY p.id) FROM app.people AS p LEFT JOIN app.letters AS l ON l.person = p.id"); got != "ann , ann 2, bob " {
		t.Errorf("there is %q", got)
	}
	if q := quarantines(t, c); len(q) > 0 {
		t.Errorf("%q is left", q)
	}
}
