package baseline_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// said is what a rule reads of one difference.
type said struct {
	Object, What, Statements, Undo, Mode, Typo, Dropped, Renamed, Locked, Manual string
	Name                                                                         string
	BlockedBy                                                                    string `json:"blocked_by"`
}

func TestWatchSaysWhatARuleHasToKnow(t *testing.T) {
	s := pgtest.One(t)
	database, dir, ctx := s.Database(t), t.TempDir(), t.Context()
	s.Exec(t, database, "postgres", shop)
	l, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	d := open(t, s, database)
	store := baseline.Store{Dir: dir, Ledger: l}
	drops := make(map[string]baseline.Drop)
	w := &baseline.Watch{Reader: d, Store: store, Dropped: func(_ context.Context, db, _, name string, part bool) (baseline.Drop, bool) {
		drop, ok := drops[name]
		return drop, ok && db == database && !part
	}}
	drift := func(event rules.Values) []said {
		t.Helper()
		got, err := w.Drift(ctx, event)
		if err != nil {
			t.Fatal(err)
		}
		var out []said
		if got.Text != "" {
			if err := json.Unmarshal([]byte(got.Text), &out); err != nil {
				t.Fatal(err)
			}
		}
		for _, x := range out {
			if x.Statements != "[]" && (!slices.Contains(got.Offers, x.Statements) || !slices.Contains(got.Offers, x.Undo)) {
				t.Errorf("what is said of %s is not offered", x.Object)
			}
		}
		return out
	}
	if got := drift(nil); got != nil {
		t.Fatalf("nothing was approved, and %v differs", got)
	}
	b, err := store.Capture(ctx, read(t, d), "database", "ann")
	if err != nil {
		t.Fatal(err)
	}
	if got := drift(nil); got != nil {
		t.Fatalf("nothing was approved yet, and %v differs", got)
	}
	if _, err := store.Approve(ctx, b.Captured.Hash, "ann"); err != nil {
		t.Fatal(err)
	}
	if got := drift(nil); len(got) != 0 {
		t.Fatalf("%v differs", got)
	}
	// A statement with a wrong name: it is said which one is near, and no more.
	typo := drift(rules.Values{"event.table": rules.Text("oders")})
	if len(typo) != 1 || !strings.Contains(typo[0].Typo, "table app.orders") || typo[0].Statements != "[]" {
		t.Errorf("%+v", typo)
	}
	typo = drift(rules.Values{"event.table": rules.Text("orders"), "event.column": rules.Text("prise")})
	if len(typo) != 1 || !strings.Contains(typo[0].Typo, "column app.orders.price") {
		t.Errorf("%+v", typo)
	}
	for _, other := range []string{"orders", "something_else"} {
		if got := drift(rules.Values{"event.table": rules.Text(other)}); len(got) != 0 {
			t.Errorf("%s is taken for a slip: %+v", other, got)
		}
	}
	s.Exec(t, database, "postgres", "DROP VIEW app.open_orders; DROP MATERIALIZED VIEW app.sums")
	drops["open_orders"] = baseline.Drop{User: "bob", At: time.Now().Add(time.Hour)}
	drops["sums"] = baseline.Drop{User: "bob", At: time.Now().Add(-time.Hour)} // before the approval
	got := drift(nil)
	if len(got) != 2 || !strings.Contains(got[0].Dropped, "bob") || got[1].Dropped != "" || got[0].Mode != "transaction" {
		t.Errorf("%+v", got)
	}
	holder := s.Conn(t, database, "postgres")
	if _, err := holder.Exec(ctx, "BEGIN; LOCK TABLE app.customers IN ACCESS EXCLUSIVE MODE").ReadAll(); err != nil {
		t.Fatal(err)
	}
	if got := drift(nil); !slices.ContainsFunc(got, func(x said) bool { return x.Name == "customers" && x.Locked != "" }) {
		t.Errorf("what is held is not said: %+v", got)
	}
}
