package torture

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

func TestMain(m *testing.M) { pgtest.Exit(m) }

const (
	childEnv = "PGMEND_TORTURE_CHILD"
	// allEnv names the rules to torture in full, as a glob.
	allEnv = "PGMEND_TORTURE"
	// seed chooses the boundaries that the suite plays.
	seed = 20
)

// sampled are the rules of the suite, one for each victim: a concurrent build,
// a transaction, and one whose evidence is rows. They are named, so that a rule
// that comes does not change what is played.
var sampled = []string{"index/invalid-unique", "sequence/behind", "constraint/not-valid"}

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
	conn, database, state, id := f[0], f[1], f[2], f[3]
	at, err := strconv.Atoi(f[4])
	if err != nil {
		t.Fatal(err)
	}
	as := func(role string) string { return strings.Replace(conn, "user=''", "user='"+role+"'", 1) }
	for _, s := range subjects(t, pgtest.One(t).Major) {
		if s.rule.ID != id {
			continue
		}
		_, err := heal(context.Background(), pg.Config{
			Observer: as(database + "_observer"), Healer: as(database + "_healer"), Signaller: as(database + "_signaller"),
		}, database, state, s, &knife{at: at, super: as("postgres"), cut: func(string) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}})
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
			out = append(out, subject{rule, set, cases[0]})
		}
	}
	return out
}

// matrix is the cells of one subject: what a quiet repair passes, times the
// victims. It also returns what that repair leaves.
func matrix(t *testing.T, server *disposable.Server, s subject) (cells []cell, want world) {
	t.Helper()
	l := begin(t, server, s)
	defer l.end()
	k := new(knife)
	r, err := l.run(k)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Repairs) == 0 {
		t.Fatalf("%s repaired nothing", s.rule.ID)
	}
	for _, victim := range victims {
		if victim != "daemon" && slices.Contains(forgetful, s.rule.ID) {
			continue
		}
		for i, label := range k.labels {
			// Several findings pass the same boundaries.
			if slices.Index(k.labels, label) == i {
				cells = append(cells, cell{s, victim, i + 1, label})
			}
		}
	}
	return cells, l.look()
}

// Every cell of the matrix, or a few of them.
// hazard: 7, 8, 3
func TestKills(t *testing.T) {
	binaries := pgtest.One(t).Binaries
	server := start(t, binaries, nil)
	list := subjects(t, binaries.Major)
	if glob := os.Getenv(allEnv); glob != "" {
		for _, s := range list {
			if !rules.MatchGlob(glob, s.rule.ID) {
				continue
			}
			on := server
			if s.story.Own != nil {
				on = start(t, binaries, s.story.Own)
			}
			play(t, on, s, func(cells []cell) []cell { return cells })
		}
		return
	}
	random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // the same cells each time
	for i, id := range sampled {
		n := slices.IndexFunc(list, func(s subject) bool { return s.rule.ID == id })
		if n < 0 {
			t.Fatalf("there is no rule %s that can be tortured", id)
		}
		play(t, server, list[n], func(cells []cell) []cell {
			share := len(cells) / len(victims)
			return cells[i*share+random.IntN(share):][:1]
		})
	}
}

// start starts a server that is killed, with settings of a fixture's own.
func start(t *testing.T, binaries disposable.Binaries, own map[string]string) *disposable.Server {
	t.Helper()
	settings := map[string]string{
		// A killed process loses nothing that the kernel has; a commit has to get there.
		"autovacuum": "off", "synchronous_commit": "on", "full_page_writes": "on",
	}
	maps.Copy(settings, own)
	server, err := disposable.Start(t.Context(), disposable.Options{Binaries: binaries, Settings: settings})
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

func play(t *testing.T, server *disposable.Server, s subject, choose func([]cell) []cell) {
	t.Run(s.rule.ID, func(t *testing.T) {
		cells, want := matrix(t, server, s)
		for _, c := range choose(cells) {
			t.Run(fmt.Sprintf("%s %d", c.victim, c.at), func(t *testing.T) {
				fmt.Fprintln(t.Output(), c)
				l := begin(t, server, c.subject)
				defer l.end()
				l.kill(c)
				l.alive()
				l.explain(c.victim, want)
			})
		}
	})
}
