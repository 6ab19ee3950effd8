package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// arenaTime bounds the benchmark as a whole; breaking everything takes longest.
const arenaTime = 15 * time.Minute

// demoAll runs the heal benchmark: docs/benchmark.md says what it measures.
func (a *app) demoAll(ctx context.Context, other string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, arenaTime)
	defer cancel()
	b, err := disposable.Newest(rules.MaxMajor, a.binaries()...)
	if err != nil {
		return err
	}
	server, err := disposable.Start(ctx, disposable.Options{Binaries: b, Settings: map[string]string{
		"autovacuum": "off", "max_connections": "300",
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
	set, fixtures, errs := builtin()
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	fmt.Fprintf(a.stderr, "PostgreSQL %s of our own; breaking it, a database for each rule that repairs\n", b.Version)
	arena, err := rulestest.NewArena(ctx, rulestest.ArenaConfig{
		Server: server, Version: b.Major * 10000, Rules: set,
		Fixture: func(f *rules.File) (*rulestest.Fixture, error) { return readFixture(f, fixtures) },
		Told:    func(rule string) { fmt.Fprintln(a.stderr, "  "+rule) },
	})
	defer func() { err = errors.Join(err, arena.Close(context.WithoutCancel(ctx))) }()
	if err != nil {
		return err
	}
	begun := time.Now()
	if other == "" {
		err = arena.Heal(ctx)
	} else {
		err = a.otherHealer(ctx, other, server, arena)
	}
	if err != nil {
		return err
	}
	took := time.Since(begun)
	if err := arena.Judge(ctx); err != nil {
		return err
	}
	return a.score(arena, b, took, other)
}

// otherHealer runs another tool. It gets psql's variables, as a superuser, and
// the databases' names.
func (a *app) otherHealer(ctx context.Context, command string, server *disposable.Server, arena *rulestest.Arena) error {
	var names []string
	for _, r := range arena.Rounds {
		names = append(names, r.Database)
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", command) //nolint:gosec // the person gives the command
	cmd.Env = append(cmd.Environ(), "PGHOST="+filepath.Dir(server.DataDir()), "PGPORT=5432", "PGUSER=postgres", "PGDATABASE=postgres",
		"PGMEND_ARENA_DATABASES="+strings.Join(names, " "))
	cmd.Stdout, cmd.Stderr = a.stderr, a.stderr
	if err := cmd.Run(); err != nil {
		a.warn("the other tool ended with: %v", err)
	}
	return ctx.Err()
}

// score prints the table and what it comes to.
func (a *app) score(arena *rulestest.Arena, b disposable.Binaries, took time.Duration, other string) error {
	var t strings.Builder
	fmt.Fprintf(&t, "%-30s %-7s %7s %7s %9s %7s %5s %8s  %s\n", "rule", "risk", "faults", "healed", "verified", "undo", "near", "seconds", "problem")
	faults, healed, touched := 0, 0, 0
	for _, r := range arena.Rounds {
		undo, verified := "none", strconv.Itoa(r.Result.Verified)
		if r.Undo {
			undo = "yes"
		}
		if other != "" {
			undo, verified = "-", "-"
		}
		near := "ok"
		if r.Result.Touched > 0 {
			near = fmt.Sprintf("%d hit", r.Result.Touched)
		}
		faults, healed, touched = faults+r.Faults, healed+r.Result.Healed, touched+r.Result.Touched
		fmt.Fprintf(&t, "%-30s %-7s %7d %7d %9s %7s %5s %8.1f  %s\n", r.Rule.ID, r.Rule.Risk, r.Faults, r.Result.Healed, verified, undo, near,
			r.Result.Seconds, strings.SplitN(report.Plain(r.Result.Problem), "\n", 2)[0])
	}
	for _, err := range arena.Missing {
		fmt.Fprintf(&t, "could not be made here: %s\n", report.Plain(err.Error()))
	}
	fmt.Fprintf(&t, "\n%d rules, %d of %d faults healed, %d near misses touched, in %s, on PostgreSQL %s, one table in each database held in ACCESS EXCLUSIVE throughout\n",
		len(arena.Rounds), healed, faults, touched, report.Elapsed(took), b.Version)
	if _, err := fmt.Fprint(a.stdout, t.String()); err != nil {
		return err
	}
	if other == "" && (healed < faults || touched > 0) {
		return &exitError{code: exitFailed, err: errors.New("not everything was healed")}
	}
	return nil
}
