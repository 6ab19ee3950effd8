package pg

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

//go:embed sql/around.sql
var aroundSQL string

//go:embed sql/eventtriggers.sql
var eventTriggersSQL string

//go:embed sql/budget.sql
var budgetSQL string

//go:embed sql/damage.sql
var damageSQL string

// exclusiveBackup is what only servers before 15 can be in.
const exclusiveBackup = `UNION ALL SELECT 'base backup', true, 'an exclusive backup is under way' WHERE pg_catalog.pg_is_in_backup()`

// Around says what goes on around a repair of an object, and whether the
// server has counted damage.
func (d *Database) Around(ctx context.Context, o healer.Object) (healer.Surroundings, error) {
	sql := aroundSQL
	if d.version < 150000 {
		sql += exclusiveBackup
	}
	var out healer.Surroundings
	table, object := relations(o)
	var session uint32
	if o.Kind == healer.ObjectSession {
		session = o.OID
	}
	rows, err := d.catalog(ctx, sql, oid(table), oid(object), oid(session))
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		out.Inhibitors = append(out.Inhibitors, healer.Inhibitor{
			Guard: r.Text("guard"), Reason: r.Text("reason"), Claimed: r.Text("proved") != "t",
		})
	}
	if rows, err = d.catalog(ctx, damageSQL); err != nil {
		return out, err
	}
	for _, r := range rows {
		at, err := strconv.ParseInt(r.Text("last"), 10, 64)
		if err != nil {
			return out, err
		}
		out.Damage = append(out.Damage, healer.Damage{
			What: r.Text("failures") + " checksum failures in " + r.Text("database"), At: time.UnixMicro(at).UTC(),
		})
	}
	out.EventTriggers, err = d.eventTriggers(ctx)
	return out, err
}

// eventTriggers lists those that are enabled.
func (d *Database) eventTriggers(ctx context.Context) ([]healer.EventTrigger, error) {
	rows, err := d.catalog(ctx, eventTriggersSQL)
	if err != nil {
		return nil, err
	}
	out := make([]healer.EventTrigger, len(rows))
	for i, r := range rows {
		out[i] = healer.EventTrigger{Name: r.Text("name"), Function: r.Text("function"), Event: r.Text("event")}
		if err := json.Unmarshal([]byte(r.Text("tags")), &out[i].Tags); err != nil {
			return nil, fmt.Errorf("read the tags of the event trigger %s: %w", out[i].Name, err)
		}
	}
	return out, nil
}

// Budget says what a repair of an object may cost, and what there is of it.
// Sizes are left out where they are not needed, because asking for them opens
// the relation.
func (d *Database) Budget(ctx context.Context, o healer.Object, sizes bool) (healer.Budget, error) {
	b := healer.Budget{Sizes: make(map[string]int64)}
	table, object := relations(o)
	var who peer
	rows, err := d.catalogOf(ctx, func(s *session) { who = s.peer() }, budgetSQL, oid(table), oid(object), rules.Value{Text: strconv.FormatBool(sizes)})
	if err != nil {
		return b, err
	}
	directory := ""
	for _, r := range rows {
		if r.Text("what") == "wal" {
			directory = r.Text("name")
		}
	}
	here := who.owns(directory) == nil
	for _, r := range rows {
		what, name := r.Text("what"), r.Text("name")
		n, known := bytes(r, "bytes")
		switch what {
		case "disk", "wal":
			b.Disks = append(b.Disks, disk(name, what == "wal", here))
		case "replica", "slot", "archiver", "unarchived":
			room, bounded := bytes(r, "room")
			b.Backlogs = append(b.Backlogs, healer.Backlog{
				What: what, Name: name, Bytes: n, Known: known, Room: room, Bounded: bounded,
			})
		default:
			b.Sizes[what] = n
		}
	}
	return b, nil
}

// relations are the oids of an object that is one, or belongs to one.
func relations(o healer.Object) (table, object uint32) {
	if o.Kind != "" {
		return 0, 0
	}
	return o.TableOID, o.OID
}

func bytes(r rules.Row, column string) (int64, bool) {
	n, err := strconv.ParseInt(r.Text(column), 10, 64)
	return n, err == nil
}

// disk looks at the file system under a directory of the server. It can only
// do so where the server is on this host; elsewhere the path may exist too,
// and be another one.
func disk(path string, wal, here bool) healer.Disk {
	out := healer.Disk{Path: path, WAL: wal}
	if path == "" || !here {
		return out
	}
	if wal {
		// The WAL may be elsewhere, by a symbolic link. Who may not look into
		// the data directory takes it to be where the directory is.
		if out.Device, out.Free, out.Known = free(filepath.Join(path, "pg_wal")); out.Known {
			return out
		}
	}
	out.Device, out.Free, out.Known = free(path)
	return out
}
