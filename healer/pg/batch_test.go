package pg_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// What is read together is the same as what is read one by one, and what fails
// costs the others nothing: it has no answer.
func TestReadingTogetherIsReadingOneByOne(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		x.Exec(t, x.name, x.owner, `
			CREATE TABLE app.a (id int); INSERT INTO app.a VALUES (7);
			CREATE TABLE app.b (id bigint);
			CREATE TABLE app."c ""'\" (id text); INSERT INTO app."c ""'\" VALUES ('t "1" \ ''é'), (NULL);
			CREATE VIEW app.broken AS SELECT 1 / (CASE WHEN now() > '2000-01-01' THEN 0 ELSE 1 END) AS id;
			CREATE TABLE app.held (id int);
			CREATE TABLE app.last (id numeric); INSERT INTO app.last VALUES (0.5)`)
		holder := x.Conn(t, x.name, x.owner)
		if _, err := holder.Exec(t.Context(), "BEGIN; LOCK TABLE app.held IN ACCESS EXCLUSIVE MODE").ReadAll(); err != nil {
			t.Fatal(err)
		}
		var values []rules.Values
		names := []string{"a", "b", `c "'\`, "broken", "held", "missing", "last"}
		for _, name := range names {
			values = append(values, rules.Values{"name": rules.Text(name)})
		}
		q := read(t, "SELECT r.id, r.id IS NULL AS nothing FROM app.{name} AS r ORDER BY r.id::text", x.owner)
		for _, together := range []int{1, 2, 100} {
			answers, err := x.db.ReadEach(t.Context(), q, values, together)
			given := 0
			for i, a := range answers {
				one := q
				one.Values = values[i]
				rows, failed := x.db.Read(t.Context(), one)
				if a.Given != (failed == nil) {
					t.Errorf("%d together, %s: given %v, alone %v", together, names[i], a.Given, failed)
				}
				if a.Given {
					given++
					if diff := cmp.Diff(fmt.Sprint(rows), fmt.Sprint(a.Rows)); diff != "" {
						t.Errorf("%s: %s", names[i], diff)
					}
				}
			}
			if together == 100 && (given != 4 || err != nil) {
				t.Errorf("%d answers, %v", given, err)
			}
		}
		// A batch whose first statement is none says so, and the others stand.
		answers, err := x.db.ReadEach(t.Context(), q, []rules.Values{values[0], values[5], values[6], values[1]}, 1)
		if err == nil || !answers[0].Given || answers[1].Given || !answers[2].Given || !answers[3].Given {
			t.Errorf("%+v, %v", answers, err)
		}
		if _, err := x.db.ReadEach(t.Context(), healer.Read{Query: q.Query}, values, 2); err == nil {
			t.Error("rows are read without a sandbox")
		}
	})
}
