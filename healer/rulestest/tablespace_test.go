package rulestest_test

import (
	"context"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// pg_get_indexdef does not print an index's tablespace, and a fixture cannot
// make one, because tablespaces belong to the whole server.
func TestADroppedIndexComesBackIntoItsTablespace(t *testing.T) {
	s := pgtest.One(t)
	st, err := rulestest.NewStage(t.Context(), rulestest.StageConfig{Server: s, Version: s.Major * 10000, Rules: builtin(t)})
	if err != nil {
		t.Fatal(err)
	}
	quoted := `"` + st.Name + ` ""space"""`
	// The superuser's setting makes it inside of the data directory (documentation, Developer Options).
	s.Exec(t, "postgres", "postgres", "SET allow_in_place_tablespaces = on; CREATE TABLESPACE "+quoted+" LOCATION ''; GRANT CREATE ON TABLESPACE "+quoted+" TO "+st.Name+"_owner")
	t.Cleanup(func() {
		s.Exec(t, "postgres", "postgres", "REVOKE CREATE ON TABLESPACE "+quoted+" FROM "+st.Name+"_owner")
		if err := st.Close(context.Background()); err != nil {
			t.Error(err)
		}
		s.Exec(t, "postgres", "postgres", "DROP TABLESPACE "+quoted)
	})
	s.Exec(t, st.Name, st.Name+"_owner", `
		CREATE TABLE app.t (a int, b int);
		CREATE INDEX stays ON app.t (a, b);
		CREATE INDEX copy ON app.t (a, b) TABLESPACE `+quoted+`;
		CREATE INDEX prefix ON app.t (a) TABLESPACE `+quoted+`;
		CREATE INDEX partial ON app.t (b);
		-- Its definition has its predicate where the tablespace would have to stand.
		CREATE INDEX partial_copy ON app.t (b) TABLESPACE `+quoted+`;
		CREATE INDEX conditional ON app.t (b) WHERE a > 1;
		CREATE INDEX conditional_copy ON app.t (b) WHERE a > 1;
		CREATE INDEX kept ON app.t (b) WHERE a > 2 ;
		CREATE INDEX kept_too ON app.t (b) WHERE a > 2;
		ALTER INDEX app.conditional_copy SET TABLESPACE `+quoted+`;
		ALTER INDEX app.kept SET TABLESPACE `+quoted+`;
		ALTER INDEX app.kept_too SET TABLESPACE `+quoted)
	o := healer.Options{
		Person: true, Ceiling: rules.Medium, Now: true, Actor: "tester",
		Rules: []string{"index/duplicate", "index/redundant-prefix"}, Sets: []string{"index/*.min_size=0"},
	}
	spaces := func(want string) {
		t.Helper()
		got := s.Ask(t, st.Name, "postgres", `SELECT string_agg(c.relname || CASE WHEN s.oid IS NULL THEN '' ELSE '*' END, ' ' ORDER BY c.relname COLLATE "C")
			FROM pg_class AS c JOIN pg_index AS i ON i.indexrelid = c.oid AND i.indrelid = 'app.t'::regclass LEFT JOIN pg_tablespace AS s ON s.oid = c.reltablespace`)
		if got != want {
			t.Fatalf("indexes are %s, want %s", got, want)
		}
	}
	before := "conditional conditional_copy* copy* kept* kept_too* partial partial_copy* prefix* stays"
	spaces(before)
	r, err := st.Heal(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Repairs {
		if !a.Verified {
			t.Errorf("%s: %s", a.Plan.Finding.Object.Name, a.Err)
		}
	}
	spaces("conditional_copy* kept* kept_too* partial stays")
	for _, a := range r.Repairs {
		if _, err := st.Undo(t.Context(), a.ID, o); err != nil {
			t.Errorf("undo %s: %v", a.Plan.Finding.Object.Name, err)
		}
	}
	spaces(before)
}
