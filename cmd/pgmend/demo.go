package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

//go:embed demo.sql
var demoSQL string

func (a *app) demoCommand() *cobra.Command {
	var out, other string
	var all bool
	c := &cobra.Command{
		Use: "demo", Short: "A disposable PostgreSQL, real faults, and the healing to watch", Args: cobra.NoArgs,
		Long: `Starts a PostgreSQL of its own on a private socket, breaks it in ten ways, runs
the daemon on it, and leaves a report. It touches no other server.`,
		RunE: func(c *cobra.Command, _ []string) error {
			switch _, err := formatOf(out); {
			case err != nil:
				return err
			case other != "" && !all:
				return usagef("--with names another healer for the benchmark, which is demo --all")
			case all:
				return a.demoAll(c.Context(), other)
			}
			return a.demo(c.Context(), out)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "the heal benchmark: every fault that can be made at once, near misses beside them, and the score")
	c.Flags().StringVar(&other, "with", "", "with --all: a shell command that heals in pgmend's place (docs/benchmark.md)")
	c.Flags().StringVarP(&out, "out", "o", "pgmend-demo.html", "where the report goes; its name says the format: .html, .md …")
	return c
}

// demoTime bounds the demo; it takes about twenty seconds.
const demoTime = 2 * time.Minute

// demo is a stage with a patient on it.
type demo struct {
	*app
	server *disposable.Server
	stage  demoRoles
	dir    string // of the state and the socket
	live   *report.Live
	healed *tally
}

func (a *app) demo(ctx context.Context, out string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, demoTime)
	defer cancel()
	// The daemon's lines and the demo's own come from different goroutines.
	look := a.look(a.stdout)
	a.stdout = &oneByOne{w: a.stdout}
	d := &demo{app: a, live: report.NewLive(a.stdout, look), healed: newTally()}
	if d.dir, err = os.MkdirTemp("", "pgmend-demo-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	if err := d.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.server.Stop(context.WithoutCancel(ctx))) }()
	if err := d.breakIt(ctx); err != nil {
		return err
	}
	begun := time.Now()
	if err := d.heal(ctx); err != nil {
		return err
	}
	return d.leave(ctx, out, begun)
}

// say prints what the demo itself does, beside the daemon's lines.
func (d *demo) say(format string, args ...any) {
	fmt.Fprintln(d.stdout, report.Plain("         # "+fmt.Sprintf(format, args...)))
}

// start starts the server, with a log to follow and without autovacuum.
func (d *demo) start(ctx context.Context) error {
	b, err := disposable.Newest(rules.MaxMajor, d.binaries()...)
	if err != nil {
		return err
	}
	destination := "jsonlog"
	if b.Major < 15 {
		destination = "csvlog"
	}
	d.server, err = disposable.Start(ctx, disposable.Options{Binaries: b, Settings: map[string]string{
		"autovacuum": "off", "logging_collector": "on", "log_destination": destination, "log_directory": "log",
		"log_file_mode": "0644",
	}})
	if err != nil {
		return err
	}
	d.say("PostgreSQL %s of our own runs in %s", b.Version, d.server.DataDir())
	return nil
}

// binaries are globs of further places where server binaries may be.
func (a *app) binaries() []string {
	var globs []string
	if dirs := a.env("PGMEND_PG"); dirs != "" {
		globs = filepath.SplitList(dirs)
	}
	if cache := a.env("HOME"); cache != "" {
		globs = append(globs, filepath.Join(cache, ".cache", "pgmend", "pg", "*", "bin"))
	}
	return globs
}

// demoRoles are the logins of the demo's server.
type demoRoles struct{ owner, observer, healer string }

// breakIt makes the shop, the roles of setup sql, and nine faults.
func (d *demo) breakIt(ctx context.Context) (err error) {
	d.stage = demoRoles{"shop_owner", "pgmend_observer", "pgmend_healer"}
	grants, err := pg.SetupSQL(pg.SetupRequest{
		Version: d.server.Major * 10000, Observer: d.stage.observer, Healer: d.stage.healer,
		Owners: []string{d.stage.owner}, Databases: []string{"shop"},
	})
	if err != nil {
		return err
	}
	for _, step := range []struct{ database, sql string }{
		{"postgres", "CREATE DATABASE shop; CREATE ROLE shop_owner LOGIN"},
		{"shop", grants + "; CREATE SCHEMA app AUTHORIZATION shop_owner"},
	} {
		if err := d.play(ctx, step.database, "postgres", step.sql); err != nil {
			return err
		}
	}
	d.say("breaking it: failed builds, a forgotten constraint, no statistics, dead rows …")
	return d.play(ctx, "shop", d.stage.owner, demoSQL)
}

// play runs a script as a role.
func (d *demo) play(ctx context.Context, database, role, sql string) (err error) {
	script, err := rulestest.ParseScript(sql)
	if err != nil {
		return err
	}
	p := rulestest.Player{Owner: d.server.ConnString(database, role), Superuser: d.server.ConnString(database, "postgres")}
	defer func() { err = errors.Join(err, p.Close(context.WithoutCancel(ctx))) }()
	return p.Play(ctx, script)
}

// configuration is what a site would write into its file.
func (d *demo) configuration() *config.Config {
	c := config.Default()
	c.Mode = config.Heal
	c.Connection = config.Connection{
		Conninfo: d.server.ConnString("shop", d.stage.observer),
		Observer: config.Login{User: d.stage.observer}, Healer: config.Login{User: d.stage.healer},
	}
	c.Databases = []string{"shop"}
	c.Window = &healer.Window{Length: 24 * time.Hour, Location: time.UTC}
	c.State = filepath.Join(d.dir, "state")
	c.Control.Socket = filepath.Join(d.dir, "control.sock")
	c.Logs = []config.Log{{Path: filepath.Join(d.server.DataDir(), "log", "*"), Format: "auto"}}
	// The defaults leave small objects alone, and everything here is small.
	for _, s := range []string{
		"*.min_size=0", "*.min_rows=1000", "*.factor=2", "vacuum/dead-tuples.min_age=0s", "index/missing-foreign-key.min_parent_changes=1",
	} {
		setting, err := rules.ParseSetting(s)
		if err == nil {
			c.Settings = append(c.Settings, setting)
		}
	}
	return c
}

// heal runs the daemon until all is healed: nine faults it finds by itself,
// and one that a failing INSERT in the log tells it of.
func (d *demo) heal(ctx context.Context) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	d.conf = d.configuration()
	d.flags, d.shows = flags{}, d.live
	ended := make(chan error, 1)
	quiet := slog.New(slog.DiscardHandler)
	go func() { ended <- d.daemon(running, d.conf, quiet, healer.Observers{d.live, d.healed}, nil) }()
	err := d.healed.wait(ctx, 9, ended)
	if err == nil {
		err = d.insert(ctx, ended)
	}
	stop()
	// The daemon's end is waited for, whatever came before.
	select {
	case e := <-ended:
		err = errors.Join(err, e)
	case <-time.After(demoTime):
		err = errors.Join(err, errors.New("the daemon did not end"))
	}
	return err
}

// insert makes the tenth fault while the daemon watches.
func (d *demo) insert(ctx context.Context, ended chan error) error {
	d.say("rows are copied in with their keys, and the sequence stays behind:")
	const insert = "INSERT INTO app.orders (customer, placed, total) VALUES (1, '2026-11-24', 10)"
	err := d.play(ctx, "shop", d.stage.owner, `INSERT INTO app.orders (id, customer, placed, total)
		SELECT g, 1, '2026-11-24', 1 FROM generate_series(60001, 60500) AS g;
		-- @fails
		`+insert)
	if err != nil {
		return err
	}
	failed := time.Now()
	d.say("the shop's INSERT failed with 23505 and is in the server's log")
	if err := d.healed.wait(ctx, 10, ended); err != nil {
		return err
	}
	took := time.Since(failed)
	if err := d.play(ctx, "shop", d.stage.owner, insert); err != nil {
		return fmt.Errorf("the same INSERT after the repair: %w", err)
	}
	d.say("healed %s after it failed; the same INSERT works now", report.Elapsed(took))
	return nil
}

// leave writes the report and says how it went.
func (d *demo) leave(ctx context.Context, out string, begun time.Time) error {
	h, err := d.recall(ctx)
	if err != nil {
		return err
	}
	format, err := formatOf(out)
	if err != nil {
		return err
	}
	s := report.Period(begun.UTC(), time.Now().UTC(), h.Findings, h.Attempts)
	s.Version = version()
	all := []writer{s}
	if format == report.Markdown {
		for _, a := range h.Attempts {
			r, err := d.repair(ctx, a.ID)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
	}
	file, err := renameio.NewPendingFile(out, renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	defer func() { _ = file.Cleanup() }() // after the replacement there is nothing to clean
	for _, w := range all {
		if err := w.Write(file, report.Options{Format: format}); err != nil {
			return err
		}
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	d.say("ten faults, ten repairs, each verified, in %s; the report is %s", report.Elapsed(time.Since(begun)), out)
	return nil
}
