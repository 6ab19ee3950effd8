package pg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Script is a file of statements that a person wrote.
type Script struct {
	Path       string
	Statements []string
}

// Scratch runs scripts in a new database of a server that is there for it, and
// lends that database to do; at its end the database is dropped. What is in the
// scripts runs with the login's rights: it is the person's who names both, and
// the server is never one that is healed.
func Scratch(ctx context.Context, conninfo string, scripts []Script, do func(*Database) error) (err error) {
	config, err := parse(conninfo)
	if err != nil {
		return err
	}
	admin, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("the scratch server: %w", connectionError(err))
	}
	defer func() { err = errors.Join(err, end(ctx, admin)) }()
	name := "pgmend_scratch_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecParams(ctx, "CREATE DATABASE "+name+" TEMPLATE template0", nil, nil, nil, nil).Close(); err != nil {
		return fmt.Errorf("make a scratch database: %w; the login needs CREATEDB", err)
	}
	defer func() {
		drop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		_, dropped := admin.ExecParams(drop, "DROP DATABASE "+name+" WITH (FORCE)", nil, nil, nil, nil).Close()
		err = errors.Join(err, dropped)
	}()
	config.Database = name
	if err := load(ctx, config, scripts); err != nil {
		return err
	}
	// The catalog is read as anywhere else, and the login may be a superuser here.
	d := &Database{cfg: Config{AllowSuperuser: true}, sessions: new(Sessions), observer: config, healer: config, signals: config}
	s, err := d.connect(ctx, config, "pgmend", 0)
	if err != nil {
		return err
	}
	d.version = s.version
	d.give(s)
	defer d.Close()
	return do(d)
}

// load runs scripts, statement by statement. A schema that every database has
// may be made again.
func load(ctx context.Context, config *pgconn.Config, scripts []Script) (err error) {
	c, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("the scratch database: %w", connectionError(err))
	}
	defer func() { err = errors.Join(err, end(ctx, c)) }()
	for _, script := range append([]Script{{"", []string{"SET check_function_bodies = off"}}}, scripts...) {
		for _, sql := range script.Statements {
			_, err := c.ExecParams(ctx, sql, nil, nil, nil, nil).Close()
			var server *pgconn.PgError
			if errors.As(err, &server) && server.Code == "42P06" {
				continue
			}
			if err != nil {
				return fmt.Errorf("%s: %w, in: %s", script.Path, connectionError(err), sql)
			}
		}
	}
	return nil
}

// end closes a connection, also when the caller has given up.
func end(ctx context.Context, c *pgconn.PgConn) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return c.Close(ctx)
}
