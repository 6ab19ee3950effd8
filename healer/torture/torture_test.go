package torture

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

func TestMain(m *testing.M) { pgtest.Exit(m) }

const (
	childEnv = "PGMEND_TORTURE_CHILD"
	// allEnv names the rules to torture in full, as a glob; partEnv is k/n, which
	// plays the kth of n parts of their cells.
	allEnv, partEnv = "PGMEND_TORTURE", "PGMEND_TORTURE_PART"
	// seed chooses the boundaries that the suite plays.
	seed = 20
)

// sampled are the rules of the suite, one for each victim: a concurrent build, a
// transaction that is taken back, and one whose evidence is rows. They are named,
// so that a rule that comes does not change what is played.
var sampled = []struct {
	rule string
	undo bool
}{{"index/invalid-unique", false}, {"sequence/exhaustion", true}, {"constraint/not-valid", false}}

// forgetful are rules whose fixture switches off what guards them against the
// loss of the counters in a crash: index/unused waits for min_age since the
// counters began, and its fixture sets that to nothing. Only the daemon is
// killed there.
var forgetful = []string{"index/unused"}

// TestDaemon is the process that is killed. By itself it tests nothing.
func TestDaemon(t *testing.T) {
	text := os.Getenv(childEnv)
	if text == "" {
		t.Skip("it is run by TestKills, as another process")
	}
	f := strings.Split(text, "\n")
	conn, database, state, id := f[0], f[1], f[2], f[4]
	major, err := strconv.Atoi(f[3])
	if err != nil {
		t.Fatal(err)
	}
	at, err := strconv.Atoi(f[5])
	if err != nil {
		t.Fatal(err)
	}
	as := func(role string) string { return strings.Replace(conn, "user=''", "user='"+role+"'", 1) }
	for _, s := range subjects(t, major) {
		if s.rule.ID != id {
			continue
		}
		err := process{s, pg.Config{
			Observer: as(database + "_observer"), Healer: as(database + "_healer"), Signaller: as(database + "_signaller"),
		}, database, state, &knife{at: at, super: as("postgres"), cut: func(string) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}}}.act(context.Background(), f[6])
		t.Logf("it was not killed: %v", err)
	}
}

// subjects are the repairing rules, each with the first case of its fixture.
func subjects(t *testing.T, major int) []subject {
	t.Helper()
	set, errs := rules.Builtin()
	for _, err := range errs {
		t.Fatal(err)
	}
	var out []subject
	for _, rule := range set.For(major) {
		if rule.Repair == nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", "..", "rules", "catalog", filepath.FromSlash(rule.ID)+"_test.sql"))
		if err != nil {
			t.Fatal(err)
		}
		fixture, err := rulestest.ParseFixture(string(text))
		if err != nil {
			t.Fatal(err)
		}
		cases, err := fixture.For(major)
		if err != nil {
			t.Fatal(err)
		}
		if len(cases) > 0 {
			out = append(out, subject{rule, set, cases[0], string(text)})
		}
	}
	return out
}

// quiet is what comes of a subject when nothing is killed.
type quiet struct {
	repaired world
	undone   world // when one of the repairs was taken back; empty: none can be
}

// matrix is the cells of one subject: what a quiet repair and its undo pass,
// times the victims.
func matrix(t *testing.T, server *disposable.Server, s subject) (cells []cell, left quiet) {
	t.Helper()
	l := begin(t, server, s, nil)
	defer l.end()
	k := new(knife)
	repairs := l.repair(k)
	var healed []healer.Object
	for _, a := range repairs {
		healed = append(healed, l.anywhere(a.Plan.Finding.Object))
	}
	left.repaired = l.look(healed)
	labels := [][]string{k.labels}
	if l.undoes != "" {
		passed := l.undo()
		labels, left.undone = append(labels, passed), l.look(healed)
	}
	for _, victim := range victims {
		if victim != "daemon" && slices.Contains(forgetful, s.rule.ID) {
			continue
		}
		for _, passed := range labels {
			for i, label := range passed {
				// Several findings pass the same boundaries.
				if slices.Index(passed, label) == i {
					cells = append(cells, cell{s, victim, i + 1, label})
				}
			}
		}
	}
	return cells, left
}

// Every cell of the matrix, or a few of them.
// hazard: 7, 8, 3
func TestKills(t *testing.T) {
	binaries := pgtest.Newest(t)
	list := subjects(t, binaries.Major)
	if glob := os.Getenv(allEnv); glob != "" {
		list = slices.DeleteFunc(list, func(s subject) bool { return !rules.MatchGlob(glob, s.rule.ID) })
		if len(list) == 0 {
			t.Fatalf("%s=%s names no rule that repairs anything", allEnv, glob)
		}
		whole(t, binaries, list)
		return
	}
	random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // the same cells each time
	for i, sample := range sampled {
		n := slices.IndexFunc(list, func(s subject) bool { return s.rule.ID == sample.rule })
		if n < 0 {
			t.Fatalf("there is no rule %s that can be tortured", sample.rule)
		}
		dice := random.Uint64()
		t.Run(sample.rule, func(t *testing.T) {
			t.Parallel() // each kills a server of its own
			server := start(t, binaries)
			cells, left := matrix(t, server, list[n])
			cells = slices.DeleteFunc(cells, func(c cell) bool { return c.victim != victims[i] || c.undo() != sample.undo })
			if len(cells) == 0 {
				t.Fatal("there is nothing to kill")
			}
			play(t, server, cells[dice%uint64(len(cells))], left)
		})
	}
}

// whole plays what has no outcome yet of the cells of some rules, and of those
// the part that was asked for.
func whole(t *testing.T, binaries disposable.Binaries, list []subject) {
	book := openRegister(t, registerFile, binaries.Major)
	part := parsePart(t, os.Getenv(partEnv))
	server := start(t, binaries)
	for _, s := range list {
		if book.done(s, part) {
			continue
		}
		t.Run(s.rule.ID, func(t *testing.T) {
			on := server
			if s.story.Own != nil {
				on = start(t, binaries)
			}
			cells, left := matrix(t, on, s)
			book.list(s, cells)
			for _, c := range book.left(s, part) {
				began := time.Now()
				verdict, why := play(t, on, c, left)
				book.note(c, verdict, why, time.Since(began))
			}
		})
	}
	book.sum(list, part)
}

// start starts a server that is killed.
func start(t *testing.T, binaries disposable.Binaries) *disposable.Server {
	t.Helper()
	server, err := disposable.Start(t.Context(), disposable.Options{Binaries: binaries, Settings: map[string]string{
		// A killed process loses nothing that the kernel has; a commit has to get there.
		"autovacuum": "off", "synchronous_commit": "on", "full_page_writes": "on",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return server
}

// play plays a cell, and says what came of it.
func play(t *testing.T, server *disposable.Server, c cell, left quiet) (v verdict, why string) {
	killed := false
	ok := t.Run(fmt.Sprintf("%s %d", c.victim, c.at), func(t *testing.T) {
		fmt.Fprintln(t.Output(), c)
		l := begin(t, server, c.subject, left.repaired.healed)
		defer l.end()
		defer func() { why = cmp.Or(l.why, l.crash) }()
		if c.undo() {
			l.repair(new(knife))
		}
		if killed = l.kill(c); !killed {
			return
		}
		l.alive()
		if c.undo() {
			l.explainUndo(left)
		} else {
			l.explain(c.victim, left.repaired)
		}
	})
	switch {
	case !killed:
		return missed, why
	case !ok:
		return unexplained, why
	}
	return explained, why
}
