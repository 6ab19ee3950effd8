package healer

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Budget is what a repair may cost, and what there is of it.
type Budget struct {
	Sizes    map[string]int64 // of the index, table, indexes, sources in bytes
	Disks    []Disk
	Backlogs []Backlog
}

// Disk is a file system that the repair may write to.
type Disk struct {
	Path   string
	WAL    bool // the WAL is written there
	Device uint64
	Free   int64
	Known  bool // false: it cannot be seen from here
}

// Backlog is WAL that waits for somebody: a replica, a slot, the archive.
type Backlog struct {
	What    string // replica, slot, archiver, unarchived
	Name    string
	Bytes   int64 // of an archiver that fails: how often it did
	Known   bool
	Room    int64 // what may be written before a slot is lost
	Bounded bool  // there is such a bound
}

// unseen reports whether it cannot be said how far somebody is behind, as of a
// replica that has just connected.
func (w Backlog) unseen() bool { return !w.Known && w.What != "archiver" }

// The guards over budgets.
const (
	GuardDisk     = "disk"
	GuardReplicas = "replicas"
	GuardArchiver = "archiver"
	GuardSlots    = "slots"
)

const (
	// diskShare is how often what is written must fit: the new copy, the sort
	// before it, and a margin.
	diskShare = 2.2
	// slotReserve is what is left in any case until a slot is lost: a segment.
	slotReserve = 16 << 20
)

// Limits are a site's budgets; a zero is the default.
type Limits struct {
	DiskReserve int64 // bytes that stay free in any case, also while a statement runs
	ReplicaLag  int64 // bytes a replica may be behind
	SlotBacklog int64 // bytes a slot may retain
	Unarchived  int64 // bytes that may wait for the archive
	// UnknownDisk lets repairs run where the free disk cannot be seen, as
	// of a server on another host.
	UnknownDisk bool
}

// DefaultLimits are those of a site that sets none. A replica that is 256 MiB
// behind replays for seconds to minutes; beyond that, more WAL makes a bad day
// worse.
func DefaultLimits() Limits {
	return Limits{DiskReserve: 64 << 20, ReplicaLag: 256 << 20, SlotBacklog: 8 << 30, Unarchived: 1 << 30}
}

// filled are the limits with the defaults for what is not set.
func (l Limits) filled() Limits {
	or := func(n *int64, otherwise int64) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	d := DefaultLimits()
	or(&l.DiskReserve, d.DiskReserve)
	or(&l.ReplicaLag, d.ReplicaLag)
	or(&l.SlotBacklog, d.SlotBacklog)
	or(&l.Unarchived, d.Unarchived)
	return l
}

// guardBudget refuses what there may be no room for. It remembers what the
// plan may write, for the watch while it runs.
func (r *run) guardBudget(ctx context.Context, p Plan, steps []PlannedStep) *Decision {
	if r.cfg.Operator == nil || !writes(steps) {
		return nil
	}
	b, err := r.cfg.Operator.Budget(ctx, p.Finding.Object, true)
	if err != nil {
		return wait(GuardDisk, time.Time{}, "what it may write cannot be measured now: %v", err)
	}
	data, wal := cost(steps, b.Sizes)
	if d := r.cfg.Policy.Limits.room(b, data, wal); d != nil {
		return d
	}
	return r.cfg.Policy.Limits.backlog(b, wal, 1)
}

// writes reports whether steps write so much that room for it matters.
func writes(steps []PlannedStep) bool {
	for _, s := range steps {
		if costs[s.Class].data != nil || costs[s.Class].wal != nil {
			return true
		}
	}
	return false
}

// costs names the sizes that bound what a class of statement writes: an index
// is not larger than its table, and a REFRESH, which may be, is watched.
var costs = map[string]struct{ data, wal []string }{
	"reindex_index":             {[]string{"index"}, []string{"index"}},
	"reindex_table":             {[]string{"indexes"}, []string{"indexes"}},
	"create_index":              {[]string{"table"}, []string{"table"}},
	"refresh_materialized_view": {[]string{"table", "sources"}, []string{"table", "sources"}},
	"vacuum":                    {nil, []string{"table", "indexes"}},
	"insert":                    {[]string{"table"}, []string{"table"}},
	"create_table_as":           {[]string{"table"}, []string{"table"}},
	"delete":                    {nil, []string{"table"}},
}

// cost bounds the bytes of data and of WAL that steps may write.
func cost(steps []PlannedStep, sizes map[string]int64) (data, wal int64) {
	for _, s := range steps {
		for _, size := range costs[s.Class].data {
			data += sizes[size]
		}
		for _, size := range costs[s.Class].wal {
			wal += sizes[size]
		}
	}
	return data, wal
}

func share(n int64) int64 { return int64(diskShare * float64(n)) }

// room asks each file system for what may be written to it.
func (l Limits) room(b Budget, data, wal int64) *Decision {
	need := make(map[uint64]int64)
	counted := make(map[uint64][2]bool)
	for _, d := range b.Disks {
		if !d.Known {
			if l.UnknownDisk {
				continue
			}
			return refuse(GuardDisk, "how much is free under %s cannot be seen from here; budgets.unknown_disk: true lets it run", shown(d.Path))
		}
		done := counted[d.Device]
		switch {
		case d.WAL && !done[1]:
			need[d.Device], done[1] = need[d.Device]+wal, true
		case !d.WAL && !done[0]:
			need[d.Device], done[0] = need[d.Device]+data, true
		}
		counted[d.Device] = done
	}
	for _, d := range b.Disks {
		if want := share(need[d.Device]) + l.DiskReserve; d.Known && d.Free < want {
			return wait(GuardDisk, time.Time{}, "%s are free under %s, and it may need %s", size(d.Free), d.Path, size(want))
		}
	}
	return nil
}

// walFree is how much is free where the WAL is written, null where that cannot
// be seen from here.
func (r *run) walFree(ctx context.Context, f Finding) (rules.Value, error) {
	free := rules.Null()
	if r.cfg.Operator == nil {
		return free, nil
	}
	b, err := r.cfg.Operator.Budget(ctx, f.Object, false)
	for _, d := range b.Disks {
		switch {
		case d.WAL && d.Known:
			free = rules.Number(d.Free)
		case d.WAL && r.cfg.Policy.Limits.UnknownDisk:
			free = rules.Number(math.MaxInt64)
		}
	}
	return free, err
}

// backlog asks whether somebody who reads the WAL is too far behind. While a
// statement runs the limits are loosened, so that one that began just below
// them is not thrown away.
func (l Limits) backlog(b Budget, wal, loose int64) *Decision {
	for _, w := range b.Backlogs {
		switch {
		case w.What == "archiver":
			return wait(GuardArchiver, time.Time{}, "archiving %s fails, %d times so far", w.Name, w.Bytes)
		case w.unseen():
			return wait(GuardReplicas, time.Time{}, "how far the %s %s is behind cannot be seen", w.What, w.Name)
		case w.What == "unarchived" && w.Bytes > loose*l.Unarchived:
			return wait(GuardArchiver, time.Time{}, "%s wait for the archive", size(w.Bytes))
		case w.What == "replica" && w.Bytes > loose*l.ReplicaLag:
			return wait(GuardReplicas, time.Time{}, "the replica %s is %s behind", w.Name, size(w.Bytes))
		case w.What == "slot" && w.Bounded && w.Room < share(wal)+slotReserve:
			return wait(GuardSlots, time.Time{}, "the slot %s is lost after %s more, and it may write %s", w.Name, size(w.Room), size(wal))
		case w.What == "slot" && w.Bytes > loose*l.SlotBacklog:
			return wait(GuardSlots, time.Time{}, "the slot %s retains %s", w.Name, size(w.Bytes))
		}
	}
	return nil
}

// size writes bytes as pg_size_pretty does.
func size(n int64) string {
	unit := 0
	for ; n >= 10240 && unit < 4; unit++ {
		n /= 1024
	}
	return fmt.Sprintf("%d %s", n, [...]string{"bytes", "kB", "MB", "GB", "TB"}[unit])
}
