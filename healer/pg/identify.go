package pg

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/pgmend/pgmend/healer"
)

//go:embed sql/identify.sql
var identifySQL string

// Identify says which server and database this is.
func (d *Database) Identify(ctx context.Context) (healer.Identity, error) {
	s, err := d.take(ctx)
	if err != nil {
		return healer.Identity{}, err
	}
	defer d.give(s)
	return s.identify(ctx)
}

func (s *session) identify(ctx context.Context) (healer.Identity, error) {
	rows, err := s.query(ctx, identifySQL)
	if err != nil {
		return healer.Identity{}, err
	}
	row := rows[0]
	id := healer.Identity{
		SystemIdentifier: row.Text("system_identifier"), InRecovery: row.Text("in_recovery") == "t",
		Version: s.version, Database: row.Text("database"), User: row.Text("user"), Superuser: s.super,
		Healer: s.db.healer.User, DataDirectory: row.Text("data_directory"),
	}
	if id.Timeline, err = strconv.Atoi(row.Text("timeline")); err != nil {
		return healer.Identity{}, fmt.Errorf("read the timeline: %w", err)
	}
	oid, err := strconv.ParseUint(row.Text("database_oid"), 10, 32)
	if err != nil {
		return healer.Identity{}, fmt.Errorf("read the database's oid: %w", err)
	}
	id.DatabaseOID = uint32(oid)
	return id, json.Unmarshal([]byte(row.Text("extensions")), &id.Extensions)
}
