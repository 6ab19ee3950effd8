package rulestest_test

import (
	"context"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
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

// What PostgreSQL's own regression tests leave behind holds every kind of
// object there is; of it nothing is to be repaired but what is left broken.
func TestNothingIsRepairedInTheRegressionDatabase(t *testing.T) {
	suite := os.Getenv("PGMEND_REGRESS")
	if suite == "" {
		t.Skip("PGMEND_REGRESS names no directory with PostgreSQL's regression tests; make test-regress fetches them")
	}
	binaries := pgtest.Newest(t)
	server, err := disposable.Start(t.Context(), disposable.Options{Binaries: binaries, Settings: map[string]string{"autovacuum": "on"}})
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
	playRegression(t, suite, binaries.Dir, server.ConnString(st.Name, "postgres"))
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

// enough is how many of the regression tests have to pass; what fails where the
// server is not the one that pg_regress would have started does not matter.
const enough = 180

// playRegression runs PostgreSQL's regression tests in a database.
func playRegression(t *testing.T, suite, bin, conn string) {
	t.Helper()
	c, err := pgconn.ParseConfig(conn)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	for dir := out; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		// The server writes there too, as another user.
		if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // that is what it is for
			t.Fatal(err)
		}
	}
	text, err := osexec.CommandContext(t.Context(), filepath.Join(suite, "pg_regress"), //nolint:gosec // as make test-regress says
		"--use-existing", "--host="+c.Host, "--port="+strconv.Itoa(int(c.Port)), "--user="+c.User, "--dbname="+c.Database,
		"--inputdir="+suite, "--outputdir="+out, "--dlpath="+suite, "--bindir="+bin, "--max-connections=8",
		"--schedule="+filepath.Join(suite, "parallel_schedule")).CombinedOutput()
	passed := strings.Count(string(text), " ok  ")
	t.Logf("pg_regress: %d tests passed (%v)", passed, err)
	if passed < enough {
		t.Fatalf("that is not enough of them:\n%s", text)
	}
}
