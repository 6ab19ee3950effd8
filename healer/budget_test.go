package healer

import (
	"math"
	"strings"
	"testing"
)

const (
	mega = int64(1) << 20
	giga = int64(1) << 30
)

// What each class of statement may write, of data and of WAL.
// hazard: 32
func TestWhatStatementsCost(t *testing.T) {
	sizes := map[string]int64{"index": 1, "table": 10, "indexes": 100, "sources": 1000}
	for class, want := range map[string][2]int64{
		"reindex_index": {1, 1}, "reindex_table": {100, 100}, "create_index": {10, 10}, "refresh_materialized_view": {1010, 1010},
		"vacuum": {0, 110}, "insert": {10, 10}, "create_table_as": {10, 10}, "delete": {0, 10}, "drop_index": {0, 0},
	} {
		steps := []PlannedStep{{Class: class}}
		if data, wal := cost(steps, sizes); [2]int64{data, wal} != want {
			t.Errorf("%s: %d of data and %d of WAL, not %v", class, data, wal, want)
		}
		if writes(steps) != (want[1] > 0) {
			t.Errorf("%s: writes %t", class, writes(steps))
		}
	}
	if data, wal := cost([]PlannedStep{{Class: "insert"}, {Class: "delete"}, {Class: "create_index"}}, sizes); data != 20 || wal != 30 {
		t.Errorf("together: %d and %d", data, wal)
	}
	for class := range costs {
		if len(costs[class].wal) == 0 {
			t.Errorf("%s writes, and no WAL", class)
		}
	}
}

// Each disk needs 2.2 times what may be written to it, and its reserve.
// hazard: 32
func TestRoomOnEachDisk(t *testing.T) {
	const data, wal = 10 * giga, 3 * giga
	need := func(n int64) int64 { return int64(2.2*float64(n)) + 64*mega }
	disk := func(device uint64, free int64) Disk {
		return Disk{Path: "/data", Device: device, Free: free, Known: true}
	}
	log := func(device uint64, free int64) Disk {
		return Disk{Path: "/wal", Device: device, Free: free, Known: true, WAL: true}
	}
	for name, c := range map[string]struct {
		disks  []Disk
		limits Limits
		says   string // "": there is room
	}{
		"enough for the data":       {disks: []Disk{disk(1, need(data)), log(2, math.MaxInt64)}},
		"a byte less for the data":  {disks: []Disk{disk(1, need(data)-1), log(2, math.MaxInt64)}, says: "under /data"},
		"enough for the WAL":        {disks: []Disk{disk(1, math.MaxInt64), log(2, need(wal))}},
		"a byte less for the WAL":   {disks: []Disk{disk(1, math.MaxInt64), log(2, need(wal)-1)}, says: "under /wal"},
		"enough for both":           {disks: []Disk{disk(1, need(data+wal)), log(1, need(data+wal))}},
		"a byte less for both":      {disks: []Disk{disk(1, need(data+wal)-1), log(1, need(data+wal)-1)}, says: "under /data"},
		"two directories on a disk": {disks: []Disk{disk(1, need(data)), disk(1, need(data))}},
		"two disks":                 {disks: []Disk{disk(1, need(data)), disk(2, need(data)-1)}, says: "under /data"},
		"a larger reserve":          {limits: Limits{DiskReserve: 64*mega + 1}, disks: []Disk{disk(1, need(data))}, says: "under /data"},
		"unknown":                   {disks: []Disk{{Path: "/x"}, log(2, math.MaxInt64)}, says: "budgets.unknown_disk: true"},
		"unknown WAL":               {disks: []Disk{disk(1, math.MaxInt64), {Path: "/x", WAL: true}}, says: "budgets.unknown_disk: true"},
		"unknown is allowed":        {limits: Limits{UnknownDisk: true}, disks: []Disk{{Path: "/x"}, log(2, need(wal))}},
		"what is known counts":      {limits: Limits{UnknownDisk: true}, disks: []Disk{{Path: "/x"}, log(2, need(wal)-1)}, says: "under /wal"},
	} {
		d := c.limits.filled().room(Budget{Disks: c.disks}, data, wal)
		if (d == nil) != (c.says == "") || d != nil && (d.Guard != GuardDisk || !strings.Contains(d.Reason, c.says)) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// Each reader of the WAL beside its bound: before a statement, and while one
// runs, where the bounds are twice as wide.
// hazard: 33
func TestReadersOfTheWALBesideTheirBounds(t *testing.T) {
	limits := Limits{ReplicaLag: 5 * mega, SlotBacklog: 7 * mega, Unarchived: 9 * mega}.filled()
	const wal = 100 * mega
	slot := func(room int64) Backlog {
		return Backlog{What: "slot", Name: "s", Known: true, Bounded: true, Room: room}
	}
	for _, c := range []struct {
		reader          Backlog
		before, running string // the guard; a part of the reason
	}{
		{Backlog{What: "replica", Known: true, Bytes: 5 * mega}, "", ""},
		{Backlog{What: "replica", Known: true, Bytes: 5*mega + 1}, GuardReplicas, ""},
		{Backlog{What: "replica", Known: true, Bytes: 10 * mega}, GuardReplicas, ""},
		{Backlog{What: "replica", Name: "r", Known: true, Bytes: 10*mega + 1}, GuardReplicas, "the replica r is 10 MB behind"},
		{Backlog{What: "slot", Known: true, Bytes: 7 * mega}, "", ""},
		{Backlog{What: "slot", Known: true, Bytes: 7*mega + 1}, GuardSlots, ""},
		{Backlog{What: "slot", Known: true, Bytes: 14 * mega}, GuardSlots, ""},
		{Backlog{What: "slot", Name: "s", Known: true, Bytes: 14*mega + 1}, GuardSlots, "the slot s retains 14 MB"},
		{Backlog{What: "unarchived", Known: true, Bytes: 9 * mega}, "", ""},
		{Backlog{What: "unarchived", Known: true, Bytes: 9*mega + 1}, GuardArchiver, ""},
		{Backlog{What: "unarchived", Known: true, Bytes: 18 * mega}, GuardArchiver, ""},
		{Backlog{What: "unarchived", Known: true, Bytes: 18*mega + 1}, GuardArchiver, "18 MB wait for the archive"},
		{slot(220*mega + 16*mega), "", ""},
		{slot(220*mega + 16*mega - 1), GuardSlots, ""},
		{slot(16 * mega), GuardSlots, ""},
		{slot(16*mega - 1), GuardSlots, "the slot s is lost after"},
		{slot(-mega), GuardSlots, "the slot s is lost after"},
		{Backlog{What: "archiver", Name: "0001", Bytes: 3}, GuardArchiver, "archiving 0001 fails, 3 times"},
	} {
		b := Budget{Backlogs: []Backlog{c.reader}}
		if d := limits.backlog(b, wal, 1); (d == nil) != (c.before == "") || d != nil && d.Guard != c.before {
			t.Errorf("before, %+v: %+v", c.reader, d)
		}
		why, unseen := limits.overrun(b)
		if unseen != "" || (why == "") != (c.running == "") || !strings.Contains(why, c.running) {
			t.Errorf("running, %+v: %q, %q", c.reader, why, unseen)
		}
	}
}

// While a statement runs, what cannot be seen is neither enough nor too much.
// hazard: 32, 33
func TestWhatCannotBeSeenWhileAStatementRuns(t *testing.T) {
	full := Disk{Path: "/full", Known: true, Free: 64*mega - 1}
	enough := Disk{Path: "/enough", Known: true, Free: 64 * mega}
	unknown := Disk{Path: "/unknown"}
	behind := Backlog{What: "replica", Name: "far", Known: true, Bytes: 10 * giga}
	connecting := Backlog{What: "replica", Name: "new"}
	for name, c := range map[string]struct {
		budget      Budget
		limits      Limits
		why, unseen string
	}{
		"enough":                          {budget: Budget{Disks: []Disk{enough}}},
		"full":                            {budget: Budget{Disks: []Disk{unknown, full}}, why: "under /full"},
		"unknown":                         {budget: Budget{Disks: []Disk{enough, unknown}}, unseen: "/unknown"},
		"unknown and allowed":             {budget: Budget{Disks: []Disk{unknown}}, limits: Limits{UnknownDisk: true}},
		"a replica that connects":         {budget: Budget{Backlogs: []Backlog{connecting}}, unseen: "the replica new"},
		"one of which is known to be far": {budget: Budget{Backlogs: []Backlog{connecting, behind}}, why: "the replica far"},
	} {
		why, unseen := c.limits.filled().overrun(c.budget)
		if (why == "") != (c.why == "") || (unseen == "") != (c.unseen == "") || !strings.Contains(why, c.why) || !strings.Contains(unseen, c.unseen) {
			t.Errorf("%s: %q, %q", name, why, unseen)
		}
	}
	if d := (Limits{}).filled().backlog(Budget{Backlogs: []Backlog{connecting}}, 0, 1); d == nil {
		t.Error("a statement begins while it cannot be seen how far a replica is behind")
	}
}
