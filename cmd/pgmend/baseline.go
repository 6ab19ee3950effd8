package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/report"
)

func (a *app) baselineCommand() *cobra.Command {
	return group("baseline", "The approved schema, and what differs from it",
		a.baselineCaptureCommand(), a.baselineShowCommand(), a.baselineDiffCommand(), a.baselineApproveCommand())
}

// declared is where a schema comes from that is not read from the database.
type declared struct{ from, scratch string }

func (d *declared) flags(c *cobra.Command) {
	c.Flags().StringVar(&d.from, "from", "", "take the schema from this folder of SQL instead of the database")
	c.Flags().StringVar(&d.scratch, "scratch", "", "conninfo of a server, never the one that is healed, where the folder's SQL may be run in a new database")
}

// check refuses half of what it takes.
func (d *declared) check() error {
	if d.from == "" && d.scratch != "" {
		return usagef("--scratch is where the folder of --from is loaded; --from names it")
	}
	return nil
}

func (a *app) baselineCaptureCommand() *cobra.Command {
	var dir string
	var from declared
	c := &cobra.Command{
		Use: "capture", Short: "Keep the schema as it is now, for an approval", Args: cobra.NoArgs,
		Long: `Reads the schema from the catalog, as the login that finds, and keeps it in the
state directory. It is no baseline before pgmend baseline approve. With --sql it
is also written as SQL, a file for each table, view, function, type and sequence,
in order and always the same, for a repository.

With --from the schema is that of a folder. One that --sql wrote carries its
snapshot. SQL that a person wrote or changed means what a server makes of it, so
it needs --scratch: all of it is run there, in a new database, as that login.`,
		Example: "  pgmend baseline capture -h db1 -d shop --sql schema/\n  pgmend baseline capture -d shop --from schema/ --scratch 'host=/tmp/scratch dbname=postgres'",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.capture(c.Context(), dir, from)
		},
	}
	c.Flags().StringVar(&dir, "sql", "", "also write it into this folder as SQL")
	from.flags(c)
	return c
}

func (a *app) capture(ctx context.Context, dir string, from declared) error {
	if err := from.check(); err != nil {
		return err
	}
	out, err := a.output()
	if err != nil {
		return err
	}
	store, done, err := a.store(records)
	if err != nil {
		return a.captureThere(ctx, err, dir, from, out)
	}
	defer done()
	list, err := a.databases(ctx)
	if err != nil {
		return err
	}
	defer closeDatabases(list)
	if len(list) > 1 && (dir != "" || from.from != "") {
		return usagef("a folder is of one database; -d names it")
	}
	var kept []healer.Baseline
	var at course
	at.begin("baseline capture", len(list))
	err = followed(ctx, a.live(), at.look, func() error {
		for _, d := range list {
			b, err := a.captureOne(ctx, d, store, dir, from, &at)
			if err != nil {
				return err
			}
			kept = append(kept, b)
			at.done()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.kept(kept, out)
}

func (a *app) captureOne(ctx context.Context, d *pg.Database, store baseline.Store, dir string, from declared, at *course) (b healer.Baseline, err error) {
	schema, source, err := a.schemaOf(ctx, d, from, at)
	if err != nil {
		return b, err
	}
	at.at(schema.Database, "keeping it")
	if b, err = store.Capture(ctx, schema, source, actor()); err != nil || dir == "" {
		return b, err
	}
	at.at(schema.Database, "writing the SQL")
	if err := baseline.WriteFolder(dir, schema); err != nil {
		return b, fmt.Errorf("write the SQL: %w", err)
	}
	return b, nil
}

// captureThere lets the daemon that has the state directory capture.
func (a *app) captureThere(ctx context.Context, held error, dir string, from declared, out report.Options) error {
	client, err := a.theirs(ctx, held)
	if err != nil {
		return err
	}
	if dir != "" || from.from != "" || a.elsewhere() {
		return usagef("%w; the daemon captures the databases that it is configured for, and no folder: for one, name another --state, or stop it", held)
	}
	list, err := client.Capture(ctx, a.flags.database, actor())
	if err != nil {
		return err
	}
	return a.kept(list, out)
}

// kept shows what was captured, and what comes next.
func (a *app) kept(kept []healer.Baseline, out report.Options) error {
	if err := report.Baselines(a.stdout, kept, out); err != nil {
		return err
	}
	for _, b := range kept {
		if b.Captured.Hash != b.Approved.Hash {
			a.warn("read what it says (pgmend baseline diff --captured), then pgmend baseline approve %s", b.Captured.Hash[:12])
		}
	}
	return nil
}

// schemaOf is the schema of a database or, for it, of a folder.
func (a *app) schemaOf(ctx context.Context, d *pg.Database, from declared, at *course) (schema baseline.Schema, source string, err error) {
	id, err := d.Identify(ctx)
	if err != nil {
		return schema, "", err
	}
	if from.from == "" {
		at.at(id.Database, "reading the catalog")
		schema, err = baseline.Read(ctx, d)
		return schema, "database", err
	}
	at.at(id.Database, "reading "+from.from)
	schema, err = baseline.ReadFolder(from.from)
	if errors.Is(err, baseline.ErrEdited) && from.scratch != "" {
		at.at(id.Database, "running "+from.from+" in a scratch database")
		schema, err = loaded(ctx, from, id)
	}
	schema.Server, schema.Database = id.SystemIdentifier, id.Database
	if err == nil && schema.Version/10000 != id.Major() {
		return schema, "", fmt.Errorf("the folder's snapshot is of PostgreSQL %d, whose definitions are printed otherwise than by %d; capture it again there, or load it with --scratch into a server of %d",
			schema.Version/10000, id.Major(), id.Major())
	}
	return schema, from.from, err
}

// loaded runs a folder's SQL in a scratch database, and reads what came of it.
func loaded(ctx context.Context, from declared, id healer.Identity) (schema baseline.Schema, err error) {
	files, err := baseline.Scripts(from.from)
	if err != nil {
		return schema, err
	}
	var scripts []pg.Script
	for _, f := range files {
		scripts = append(scripts, pg.Script{Path: f.Path, Statements: f.Statements()})
	}
	err = pg.Scratch(ctx, from.scratch, scripts, func(d *pg.Database) error {
		at, err := d.Identify(ctx)
		switch {
		case err != nil:
			return err
		case at.SystemIdentifier == id.SystemIdentifier:
			return usagef("--scratch is the server that is healed; name another one, because the folder's SQL is run there")
		}
		schema, err = baseline.Read(ctx, d)
		schema = schema.Unowned(at.User)
		return err
	})
	return schema, err
}

func (a *app) baselineShowCommand() *cobra.Command {
	var sql, last bool
	c := &cobra.Command{
		Use: "show", Short: "Show what was captured and approved", Args: cobra.NoArgs,
		Long: `Lists the baselines. With -d and --output json, jsonl or csv, or with --sql, it is
what the baseline of that database says, object by object.`,
		Example: "  pgmend baseline show\n  pgmend baseline show -d shop --sql > shop.sql",
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			store, done, err := a.store(looks)
			if err != nil {
				return err
			}
			defer done()
			list, err := store.List(c.Context())
			if err != nil {
				return err
			}
			if name := a.flags.database; name != "" {
				list = slices.DeleteFunc(list, func(b healer.Baseline) bool { return b.Database != name })
			}
			if !sql && (out.Format == report.Table || out.Format == report.Markdown || a.flags.database == "") {
				return report.Baselines(a.stdout, list, out)
			}
			if len(list) != 1 {
				return usagef("%d baselines fit; -d names the database", len(list))
			}
			schema, err := chosenSchema(c.Context(), store, list[0], last)
			if err != nil {
				return err
			}
			if !sql {
				return report.SchemaObjects(a.stdout, schema, out)
			}
			for _, f := range baseline.SQL(schema) {
				if f.Path != baseline.OrderFile {
					if _, err := fmt.Fprintln(a.stdout, f.Text); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&sql, "sql", false, "print it as SQL")
	c.Flags().BoolVar(&last, "captured", false, "what was captured last, approved or not")
	return c
}

func chosenSchema(ctx context.Context, store baseline.Store, b healer.Baseline, last bool) (baseline.Schema, error) {
	if last || b.Approved.Hash == "" {
		schema, _, err := store.Captured(ctx, b.Server, b.Database)
		return schema, err
	}
	schema, _, err := store.Approved(ctx, b.Server, b.Database)
	return schema, err
}

func (a *app) baselineApproveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "approve HASH", Short: "Let what was captured be what the database has to have", Args: cobra.ExactArgs(1),
		Long: `The approval is of exactly the objects that were captured last and have this hash,
or its first twelve letters. schema/drift heals from what was approved, and from
nothing else. A database that is the same has the same hash.`,
		RunE: func(c *cobra.Command, args []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			list, err := a.approveBaseline(c.Context(), args[0])
			if err != nil {
				return err
			}
			return report.Baselines(a.stdout, list, out)
		},
	}
}

func (a *app) approveBaseline(ctx context.Context, hash string) ([]healer.Baseline, error) {
	store, done, err := a.store(records)
	if err != nil {
		client, err := a.theirs(ctx, err)
		if err != nil {
			return nil, err
		}
		return client.Approve(ctx, hash, actor())
	}
	defer done()
	return store.Approve(ctx, hash, actor())
}
