package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/rules"
)

func (a *app) setupCommand() *cobra.Command {
	var r pg.SetupRequest
	var major int
	c := &cobra.Command{
		Use: "sql", Short: "Print the least-privilege grants, to review and run", Args: cobra.NoArgs,
		Long: `Prints SQL and runs nothing. With --major it needs no server; otherwise it asks
the server for its version, its databases (-d names one) and who owns tables
there. --healer names the login that repairs (default pgmend_healer). What is
printed can be run again.`,
		Example: "  pgmend setup sql --major 15 --owner shop_owner --database shop | less",
		RunE: func(c *cobra.Command, _ []string) error {
			// The login to make is not the one to connect as.
			if r.Healer, a.flags.healer = a.flags.healer, ""; r.Healer == "" {
				r.Healer = "pgmend_healer"
			}
			if c.Flags().Changed("major") {
				if major < rules.MinMajor {
					return usagef("--major %d: PostgreSQL %d is the oldest that is supported", major, rules.MinMajor)
				}
				r.Version = major * 10000
			} else if err := a.inquire(c.Context(), &r); err != nil {
				return err
			}
			sql, err := pg.SetupSQL(r)
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.stdout, sql)
			return err
		},
	}
	f := c.Flags()
	f.IntVar(&major, "major", 0, "PostgreSQL's major version; without it, the server is asked")
	f.StringVar(&r.Observer, "observer", "pgmend_observer", "the login that finds")
	f.StringVar(&r.Signaller, "signaller", "", "the login that ends sessions; without it, there is none")
	f.StringArrayVar(&r.Owners, "owner", nil, "an owner of tables that may be healed (repeatable)")
	f.StringArrayVar(&r.Databases, "database", nil, "a database that may be healed (repeatable)")
	f.BoolVar(&r.ReadRows, "read-rows", false, "let the observer read all rows; the built-in rules do not need it")
	f.StringArrayVar(&r.Schemas, "schema", nil, "a schema for --read-rows on PostgreSQL 13 (repeatable)")
	f.BoolVar(&r.Maintain, "maintain", false, "let the healer maintain every table, with pg_maintain on 17 and later")
	return group("setup", "Prepare a server", c)
}

// inquire asks the server what was not said.
func (a *app) inquire(ctx context.Context, r *pg.SetupRequest) error {
	conn, _, err := a.connection()
	if err != nil {
		return err
	}
	// Only the catalog is read, and whoever sets up is likely a superuser.
	conn.AllowSuperuser = true
	d, err := pg.Open(ctx, conn)
	if err != nil {
		return err
	}
	defer d.Close()
	id, err := d.Identify(ctx)
	if err != nil {
		return err
	}
	r.Version = id.Version
	switch {
	case len(r.Databases) > 0:
	case a.flags.database != "":
		r.Databases = []string{id.Database}
	default:
		if r.Databases, err = d.Databases(ctx); err != nil {
			return err
		}
	}
	if len(r.Owners) > 0 {
		return nil
	}
	for _, name := range r.Databases {
		owners, err := owners(ctx, conn, name)
		if err != nil {
			return fmt.Errorf("database %s: %w", name, err)
		}
		r.Candidates = append(r.Candidates, owners...)
	}
	return nil
}

// owners asks who owns tables in a database.
func owners(ctx context.Context, conn pg.Config, database string) ([]string, error) {
	d, err := openDatabase(ctx, conn, database)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Owners(ctx)
}
