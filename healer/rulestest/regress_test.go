package rulestest_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/parser/parsertest"
	"github.com/pgmend/pgmend/rules"
)

// left are the faults that PostgreSQL's regression tests leave behind: each is
// one, and in a database that somebody uses its repair would be right.
var left = map[string]string{
	"constraint/not-valid public.check_a_is_2":                     "a CHECK was added NOT VALID, and no row violates it",
	"constraint/not-valid public.nv_child_2011_d_check":            "the same",
	"sequence/behind public.transition_table_level1_level1_no_seq": "rows were inserted with the keys that it gives next",
	"vacuum/autovacuum-disabled public.mcv_lists":                  "autovacuum was turned off for a table that is written, so that its statistics stay",
	"statistics/stale public.mcv_lists":                            "that table was changed after its last ANALYZE, and autovacuum does not come",
}

// serverwide are statements that concern more than the database.
var serverwide = []string{"CreateTableSpaceStmt", "DropTableSpaceStmt", "AlterSystemStmt", "CreatedbStmt", "AlterDatabaseStmt", "CopyStmt", "CreateSubscriptionStmt"}

// What PostgreSQL's own regression tests leave behind holds every kind of
// object there is; of it nothing is to be repaired but what is left broken.
// The statements are those of make test-regress; many fail without the data
// that others would have loaded, and that is well.
func TestNothingIsRepairedInTheRegressionDatabase(t *testing.T) {
	name := os.Getenv("PGMEND_REGRESS_DATA")
	if name == "" {
		t.Skip("PGMEND_REGRESS_DATA names no regression statements; see make test-regress")
	}
	server, err := disposable.Start(t.Context(), disposable.Options{Binaries: pgtest.One(t).Binaries})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	st, err := rulestest.NewStage(t.Context(), rulestest.StageConfig{Server: server, Version: server.Major * 10000, Rules: builtin(t), Superuser: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(context.Background()); err != nil {
			t.Log(err) // roles of the tests may hold on to what the server's end takes with it
		}
	})
	if done := playRegression(t, name, server.ConnString(st.Name, "postgres")); done < 5000 {
		t.Fatalf("only %d statements ran", done)
	}
	config := st.Config
	config.Control = false // the server is not what is asked about
	r, err := healer.New(config).Plan(t.Context(), healer.Options{Person: true, Yes: true, Now: true, Ceiling: rules.High})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Plans {
		found := p.Plan.Finding.Rule + " " + p.Plan.Finding.Object.String()
		if left[found] == "" {
			t.Errorf("it would repair %s", found)
		}
	}
	var skipped []string
	for _, s := range r.Skips {
		skipped = append(skipped, s.Rule+" "+s.Object+": "+s.Message)
	}
	if diff := cmp.Diff([]string(nil), skipped); diff != "" {
		t.Errorf("not judged: %s", diff)
	}
}

// playRegression runs the statements, each file of them in a session of its
// own, and returns how many succeeded.
func playRegression(t *testing.T, name, conn string) (done int) {
	t.Helper()
	var session *pgconn.PgConn
	last := ""
	parsertest.Lines(t, name, func(line []byte) {
		var s struct {
			SQL, File string
			Types     []string `json:"stmt_types"`
		}
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(s.Types, func(kind string) bool { return slices.Contains(serverwide, kind) }) {
			return
		}
		if s.File != last || session.IsClosed() {
			if session != nil {
				_ = session.Close(t.Context())
			}
			var err error
			if session, err = pgconn.Connect(t.Context(), conn+" statement_timeout=3s lock_timeout=1s"); err != nil {
				t.Fatal(err)
			}
			last = s.File
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if _, err := session.Exec(ctx, s.SQL).ReadAll(); err == nil {
			done++
		}
		cancel()
	})
	if session != nil {
		_ = session.Close(t.Context())
	}
	return done
}
