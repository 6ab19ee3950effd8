package rulestest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// left are the faults that PostgreSQL's regression tests leave behind: each is
// one, and in a database that somebody uses its repair would be right.
var left = map[string]string{
	"constraint/not-valid public.chk":                              "a CHECK was added NOT VALID, and no row violates it",
	"constraint/not-valid public.inh_check_constraint":             "the same",
	"constraint/not-valid public.nv_child_2010_d_check":            "the same",
	"constraint/not-valid public.nv_parent_d_check":                "the same, of the parent and of those that inherit from it",
	"index/invalid public.idxpart_a_idx":                           "a partition below it has no such index",
	"index/invalid public.idxpart2_a_idx":                          "it was made ON ONLY the table, and a partition has none",
	"partition/default-rows public.prt1":                           "a range partition was attached again as the default, with its rows",
	"partition/default-rows public.prt2":                           "the same",
	"sequence/behind public.transition_table_level1_level1_no_seq": "rows were inserted with the keys that it gives next",
	"sequence/behind public.transition_table_level2_level2_no_seq": "the same",
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
	found := make(map[string]string)
	for _, p := range r.Plans {
		what := p.Plan.Finding.Rule + " " + p.Plan.Finding.Object.String()
		found[what] = left[what]
	}
	if diff := cmp.Diff(left, found); diff != "" {
		t.Errorf("what is left broken (-), and what it would repair (+): %s", diff)
	}
	var skipped []string
	for _, s := range r.Skips {
		skipped = append(skipped, s.Rule+" "+s.Object+": "+s.Message)
	}
	if diff := cmp.Diff([]string(nil), skipped); diff != "" {
		t.Errorf("not judged: %s", diff)
	}
}

// enough is how many of the regression tests have to end as expected. What ends
// otherwise because the server is not one that pg_regress started does not
// matter, but most of it has to be there.
const enough = 170

// playRegression runs PostgreSQL's regression tests in a database, each after
// the other, as pg_regress does.
func playRegression(t *testing.T, suite, bin, conn string) {
	t.Helper()
	schedule, err := os.ReadFile(filepath.Join(suite, "parallel_schedule")) //nolint:gosec // as make test-regress says
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	for _, dir := range []string{filepath.Dir(out), out, filepath.Join(out, "results")} {
		// The server writes there too, as another user.
		if err := errors.Join(os.MkdirAll(dir, 0o777), os.Chmod(dir, 0o777)); err != nil { //nolint:gosec // that is what it is for
			t.Fatal(err)
		}
	}
	ran, passed := 0, 0
	for line := range strings.Lines(string(schedule)) {
		tests, is := strings.CutPrefix(line, "test:")
		if !is {
			continue
		}
		for _, name := range strings.Fields(tests) {
			ran++
			if as := expected(t, suite, name, psql(t, suite, bin, out, name, conn)); as {
				passed++
			}
		}
	}
	t.Logf("%d files of the regression tests ran, %d ended as expected", ran, passed)
	if passed < enough {
		t.Fatalf("that is not enough; %d are", enough)
	}
}

// psql runs one of them, and returns what it printed.
func psql(t *testing.T, suite, bin, out, name, conn string) []byte {
	t.Helper()
	script, err := os.Open(filepath.Join(suite, "sql", name+".sql")) //nolint:gosec // the schedule names it
	if err != nil {
		t.Fatal(err)
	}
	defer script.Close()                                                                                                                                  //nolint:errcheck // it was read
	p := exec.CommandContext(t.Context(), filepath.Join(bin, "psql"), "-X", "-a", "-q", "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on", conn) //nolint:gosec // the same
	p.Stdin = script
	p.Env = append(os.Environ(), "PGTZ=PST8PDT", "PGDATESTYLE=Postgres, MDY", "PG_ABS_SRCDIR="+suite, "PG_ABS_BUILDDIR="+out,
		"PG_LIBDIR="+suite, "PG_DLSUFFIX=.so", "LC_MESSAGES=C")
	text, err := p.CombinedOutput()
	if err != nil {
		t.Logf("%s: %v: %s", name, err, text[max(0, len(text)-300):]) // it ends where the connection does
	}
	return text
}

// expected reports whether a test printed one of what it may print.
func expected(t *testing.T, suite, name string, printed []byte) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(suite, "expected", name+"*.out"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if want, err := os.ReadFile(file); err == nil && bytes.Equal(want, printed) { //nolint:gosec // the same
			return true
		}
	}
	return false
}
