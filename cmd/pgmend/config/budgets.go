package config

import (
	"strconv"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// The least that the sizes may be. A replica is always some WAL behind, and
// each slot and archive waits for the end of a segment.
const (
	leastReserve = 16 << 20
	leastBacklog = 1 << 20
	mostBytes    = 1 << 50
)

// budgets reads what a repair may cost.
func (r *reader) budgets(n ast.Node) {
	b := &r.config.Budgets
	size := func(name string, field *int64, least int64) func(ast.Node) {
		return func(n ast.Node) {
			s, ok := r.text(n)
			if bytes, good := rules.Bytes(s); ok && (!good || bytes < least || bytes > mostBytes) {
				r.mistakef(r.at(n), "budgets: %s needs a size from %s to %s, such as 1GB; %q is none", name, exactly(least), exactly(mostBytes), s)
			} else if ok {
				*field = bytes
			}
		}
	}
	r.mapping(n, "budgets", keys{
		"disk_reserve": size("disk_reserve", &b.DiskReserve, leastReserve),
		"replica_lag":  size("replica_lag", &b.ReplicaLag, leastBacklog),
		"slot_backlog": size("slot_backlog", &b.SlotBacklog, leastBacklog),
		"unarchived":   size("unarchived", &b.Unarchived, leastBacklog),
		"unknown_disk": func(n ast.Node) {
			if s, ok := r.text(n); ok {
				r.boolean(&b.UnknownDisk, s, r.at(n))
			}
		},
	})
}

// budgeted is the mapping that config show writes.
func (c *Config) budgeted() yaml.MapSlice {
	s := sizes(c.Budgets)
	return append(filled("disk_reserve", s.DiskReserve, "replica_lag", s.ReplicaLag, "slot_backlog", s.SlotBacklog,
		"unarchived", s.Unarchived), yaml.MapItem{Key: "unknown_disk", Value: c.Budgets.UnknownDisk})
}

// written are the sizes of limits as a file has them.
type written struct{ DiskReserve, ReplicaLag, SlotBacklog, Unarchived string }

func sizes(l healer.Limits) written {
	return written{exactly(l.DiskReserve), exactly(l.ReplicaLag), exactly(l.SlotBacklog), exactly(l.Unarchived)}
}

// exactly writes a size in the largest unit that leaves no rest.
func exactly(n int64) string {
	units := [...]string{"B", "kB", "MB", "GB", "TB"}
	i := 0
	for ; n != 0 && n%1024 == 0 && i < len(units)-1; i++ {
		n /= 1024
	}
	return strconv.FormatInt(n, 10) + units[i]
}
