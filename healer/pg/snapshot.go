package pg

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

//go:embed sql/snapshot.sql
var snapshotSQL string

//go:embed sql/object.sql
var objectSQL string

//go:embed sql/builds.sql
var buildsSQL string

// Snapshot describes the object by its oid, or where that is gone, by its
// name. An object that does not exist gives the zero Snapshot.
func (d *Database) Snapshot(ctx context.Context, o healer.Object) (healer.Snapshot, error) {
	sql, args := snapshotSQL, []rules.Value{oid(o.OID), rules.Text(o.Schema), rules.Text(o.Name)}
	if o.Kind != "" {
		sql, args = objectSQL, append(args, rules.Text(string(o.Kind)))
	}
	rows, err := d.catalog(ctx, sql, args...)
	if err != nil || len(rows) == 0 {
		return healer.Snapshot{}, err
	}
	r := rows[0]
	s := healer.Snapshot{
		Kind: r.Text("kind"), Owner: r.Text("owner"), OwnerSuper: r.Text("owner_super") == "t",
		Extension: r.Text("extension"), System: r.Text("system") == "t", Temporary: r.Text("temporary") == "t",
	}
	if s.OID, err = parseOID(r.Text("oid")); err != nil {
		return healer.Snapshot{}, err
	}
	if err := json.Unmarshal([]byte(r.Text("properties")), &s.Properties); err != nil {
		return healer.Snapshot{}, fmt.Errorf("read the snapshot: %w", err)
	}
	return s, nil
}

// Builds lists the indexes of the object's table.
func (d *Database) Builds(ctx context.Context, o healer.Object) ([]healer.Index, error) {
	rows, err := d.catalog(ctx, buildsSQL, oid(o.TableOID))
	if err != nil {
		return nil, err
	}
	out := make([]healer.Index, 0, len(rows))
	for _, r := range rows {
		n, err := parseOID(r.Text("oid"))
		if err != nil {
			return nil, err
		}
		out = append(out, healer.Index{
			OID: n, Schema: r.Text("schema"), Name: r.Text("name"), Definition: r.Text("definition"),
			Valid: r.Text("valid") == "t", Live: r.Text("live") == "t",
			Building: r.Text("building") == "t",
		})
	}
	return out, nil
}

// catalog runs one of our own queries, with the times of a reader. A session
// keeps its plan: to plan the snapshot takes twenty times as long as to run it.
func (d *Database) catalog(ctx context.Context, sql string, args ...rules.Value) ([]rules.Row, error) {
	return d.catalogOf(ctx, func(*session) {}, sql, args...)
}

// catalogOf lets one look at the session as well, while nobody else has it.
func (d *Database) catalogOf(ctx context.Context, look func(*session), sql string, args ...rules.Value) (rows []rules.Row, err error) {
	s, err := d.take(ctx)
	if err != nil {
		return nil, err
	}
	defer d.give(s)
	r := healer.Read{Application: "pgmend/catalog", Timeout: readTimeout, LockTimeout: readLockTimeout}
	err = s.transaction(ctx, "BEGIN READ ONLY", r, func(ctx context.Context) error {
		rows, err = s.prepared(ctx, sql, args...)
		return err
	})
	if err == nil {
		look(s)
	}
	return rows, err
}

// oid is a number as an argument, whose type the server infers.
func oid(n uint32) rules.Value { return rules.Value{Text: strconv.FormatUint(uint64(n), 10)} }

// name is a name as an argument.
func name(s string) rules.Value { return rules.Value{Text: s} }

func parseOID(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("read an oid: %w", err)
	}
	return uint32(n), nil
}
