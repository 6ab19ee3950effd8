package rulestest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Configure makes exactly these settings the server's own, as ALTER SYSTEM does,
// so that a repair can change them. They take effect without a restart.
func Configure(ctx context.Context, s Server, settings map[string]string) error {
	quote := strings.NewReplacer("'", "''")
	statements := []string{"ALTER SYSTEM RESET ALL"}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		statements = append(statements, fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", name, quote.Replace(settings[name])))
	}
	before, err := loaded(ctx, s)
	if err != nil {
		return err
	}
	if err := runAll(ctx, s, append(statements, "SELECT pg_catalog.pg_reload_conf()")...); err != nil {
		return err
	}
	// A session takes the settings from the postmaster, which reloads when it gets round to it.
	for deadline := time.Now().Add(defaultSettle); ; {
		now, err := loaded(ctx, s)
		if err != nil || now != before {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New("the server did not reload its settings")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// loaded says when the settings of a new session were read.
func loaded(ctx context.Context, s Server) (string, error) {
	at, err := ask(ctx, s, "SELECT pg_catalog.pg_conf_load_time()")
	if err != nil {
		return "", err
	}
	return at[0], nil
}

// ask returns the first column of a query.
func ask(ctx context.Context, s Server, sql string) (list []string, err error) {
	c, err := pgconn.Connect(ctx, s.ConnString("postgres", "postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	r := c.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
	for _, row := range r.Rows {
		list = append(list, string(row[0]))
	}
	return list, r.Err
}

// runAll runs statements one by one.
func runAll(ctx context.Context, s Server, statements ...string) (err error) {
	c, err := pgconn.Connect(ctx, s.ConnString("postgres", "postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	for _, sql := range statements {
		if err := run(ctx, c, sql); err != nil {
			return fmt.Errorf("%w in: %s", err, sql)
		}
	}
	return nil
}
