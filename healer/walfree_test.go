package healer_test

import (
	"context"
	"testing"

	"github.com/pgmend/pgmend/healer"
)

// roomy is an operator of a server whose disk has the room that a test says.
type roomy struct {
	healer.Operator
	disk healer.Disk
}

func (o roomy) Budget(ctx context.Context, about healer.Object, sizes bool) (healer.Budget, error) {
	b, err := o.Operator.Budget(ctx, about, sizes)
	b.Disks = []healer.Disk{{Path: "/elsewhere", Known: true, Free: 1}, o.disk}
	return b, err
}

// A guard may ask how much is free where the WAL is written; what cannot be
// seen is not free.
func TestAGuardAsksForTheRoomOfTheWAL(t *testing.T) {
	t.Parallel()
	const name = "there is room"
	st := stage(t, source{rule(t, "test/room", tables+`
-- guard: `+name+`
SELECT pg_catalog.format('%s bytes are free', @disk.wal_free) WHERE @disk.wal_free::int8 IS NULL OR @disk.wal_free::int8 < 1000

-- repair: session
-- as: owner
ANALYZE {schema}.{name};

-- verify
SELECT 'no' WHERE false

-- undo: none, because it is a test
`)}, "CREATE TABLE app.t (id int)")
	for _, c := range []struct {
		disk    healer.Disk
		unknown bool // budgets.unknown_disk
		refused bool
	}{
		{disk: healer.Disk{WAL: true, Known: true, Free: 1000}},
		{disk: healer.Disk{WAL: true, Known: true, Free: 999}, refused: true},
		{disk: healer.Disk{WAL: true, Known: true, Free: 999}, unknown: true, refused: true},
		{disk: healer.Disk{WAL: true}, refused: true},
		{disk: healer.Disk{WAL: true}, unknown: true},
	} {
		h := with(st, func(hc *healer.Config) {
			hc.Operator = roomy{hc.Operator, c.disk}
			hc.Policy.Limits.UnknownDisk = c.unknown
		})
		r, err := h.Plan(t.Context(), healer.Options{Rules: []string{"test/room"}, Person: true, Now: true})
		if err != nil || len(r.Plans) != 1 {
			t.Fatalf("%d plans, %v", len(r.Plans), err)
		}
		if d := r.Plans[0].Decision; (d.Guard == name) != c.refused || (d.Verdict != healer.Proceed) != c.refused {
			t.Errorf("%+v: %+v", c, d)
		}
	}
}
