package rulestest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
)

// world is the catalog snapshot of everything a fixture made, by its name. It
// is what the harness itself saw, and does not believe the healer's verdict.
type world map[string]healer.Snapshot

// relationsSQL lists what a fixture made.
const relationsSQL = `SELECT c.oid, n.nspname, c.relname
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`

// look takes the snapshot of all relations.
func (s *Stage) look(ctx context.Context) (w world, err error) {
	c, err := pgconn.Connect(ctx, s.Player.Superuser)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	list := c.ExecParams(ctx, relationsSQL, nil, nil, nil, nil).Read()
	if list.Err != nil {
		return nil, list.Err
	}
	w = make(world)
	for _, row := range list.Rows {
		oid, err := strconv.ParseUint(string(row[0]), 10, 32)
		if err != nil {
			return nil, err
		}
		o := healer.Object{OID: uint32(oid), Schema: string(row[1]), Name: string(row[2])}
		if w[o.Schema+"."+o.Name], err = s.db.Snapshot(ctx, o); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Look takes the snapshot of all relations in the database, by their names.
func (s *Stage) Look(ctx context.Context) (map[string]healer.Snapshot, error) { return s.look(ctx) }

// unchanged compares two worlds in some of their objects.
func (w world) unchanged(now world, names []string) error {
	var errs []error
	for _, name := range names {
		if diff := w[name].Diff(now[name]); len(diff) > 0 {
			errs = append(errs, fmt.Errorf("%s: %s", name, diff[0]))
		}
	}
	return errors.Join(errs...)
}

// names lists all objects of two worlds.
func (w world) names(other world) []string {
	all := maps.Clone(w)
	maps.Copy(all, other)
	return slices.Sorted(maps.Keys(all))
}
