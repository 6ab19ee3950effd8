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
	Object, What, Statements, Undo, Mode, Typo, Called, Dropped, Renamed, Locked, Manual, Hazards string
	Name                                                                                          string
	BlockedBy                                                                                     string `json:"blocked_by"`
}

// watching is a database of the shop that nobody approved yet, and what is said
// of it after an event.
type watching struct {
	store baseline.Store
	watch *baseline.Watch
	exec  func(sql string)
	read  func() baseline.Schema
}

func watchShop(t *testing.T, s *pgtest.Server, database string) watching {
	t.Helper()
	dir := t.TempDir()
	s.Exec(t, database, "postgres", shop)
	l, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	d := open(t, s, database)
	store := baseline.Store{Dir: dir, Ledger: l}
	return watching{
		store, &baseline.Watch{Reader: d, Store: store}, func(sql string) { s.Exec(t, database, "postgres", sql) },
		func() baseline.Schema { return read(t, d) },
	}
}

// approve makes what is there the baseline.
func (w watching) approve(t *testing.T) {
	t.Helper()
	b, err := w.store.Capture(t.Context(), w.read(), "database", "ann")
	if err == nil {
		_, err = w.store.Approve(t.Context(), b.Captured.Hash, "ann")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// drift is what a rule reads, of which every statement has to be offered.
func (w watching) drift(t *testing.T, event rules.Values) []said {
	t.Helper()
	got, err := w.watch.Drift(t.Context(), event)
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

func TestWatchSaysWhatARuleHasToKnow(t *testing.T) {
	s := pgtest.One(t)
	database, ctx := s.Database(t), t.Context()
	w := watchShop(t, s, database)
	drops := make(map[string]baseline.Drop)
	w.watch.Dropped = func(_ context.Context, db, _, name string, part bool) (baseline.Drop, bool) {
		drop, ok := drops[name]
		return drop, ok && db == database && !part
	}
	drift := func(event rules.Values) []said {
		t.Helper()
		return w.drift(t, event)
	}
	if got := drift(nil); got != nil {
		t.Fatalf("nothing was approved, and %v differs", got)
	}
	b, err := w.store.Capture(ctx, w.read(), "database", "ann")
	if err != nil {
		t.Fatal(err)
	}
	if got := drift(nil); got != nil {
		t.Fatalf("nothing was approved yet, and %v differs", got)
	}
	if _, err := w.store.Approve(ctx, b.Captured.Hash, "ann"); err != nil {
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
	w.exec("DROP VIEW app.open_orders; DROP MATERIALIZED VIEW app.sums")
	drops["open_orders"] = baseline.Drop{User: "bob", At: time.Now().Add(time.Hour)}
	drops["sums"] = baseline.Drop{User: "bob", At: time.Now().Add(-time.Hour)} // before the approval
	got := drift(nil)
	if len(got) != 2 || !strings.Contains(got[0].Dropped, "bob") || got[1].Dropped != "" || got[0].Mode != "transaction" {
		t.Errorf("%+v", got)
	}
	// What the baseline has and the database does not is no slip, whatever is near.
	w.exec("CREATE TABLE app.open_order ()")
	if got := drift(rules.Values{"event.table": rules.Text("open_orders")}); slices.ContainsFunc(got, func(x said) bool { return x.Typo != "" }) {
		t.Errorf("what was dropped is taken for a slip: %+v", got)
	}
	holder := s.Conn(t, database, "postgres")
	if _, err := holder.Exec(ctx, "BEGIN; LOCK TABLE app.customers IN ACCESS EXCLUSIVE MODE").ReadAll(); err != nil {
		t.Fatal(err)
	}
	if got := drift(nil); !slices.ContainsFunc(got, func(x said) bool { return x.Name == "customers" && x.Locked != "" }) {
		t.Errorf("what is held is not said: %+v", got)
	}
}

// A function that was called in vain and is there, for other arguments or out of
// sight, is no drift: it is said which one it is. One that the baseline has and
// the database has nowhere is, whatever else has its name.
func TestAFunctionThatIsThereIsNoDrift(t *testing.T) {
	s := pgtest.One(t)
	database := s.Database(t)
	w := watchShop(t, s, database)
	w.exec(`CREATE SCHEMA hidden; CREATE FUNCTION hidden.far(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE EXTENSION pg_trgm SCHEMA hidden;
		CREATE FUNCTION app.total(text) RETURNS text LANGUAGE sql AS 'SELECT $1'`)
	w.approve(t)
	for _, c := range []struct{ function, arguments, object, called string }{
		{"app.touch", "integer", "function app.touch()", "app.touch(integer) was called, and there is only app.touch(), for other arguments"},
		{"app.total", "", "function app.total(integer, numeric)", "app.total() was called, and there is only app.total(integer, numeric), app.total(text), for other arguments"},
		{"far", "integer", "function hidden.far(integer)", "far(integer) was called, and there is hidden.far(integer), in a schema that is not on the search_path of that session"},
		{"far", "unknown", "function hidden.far(integer)", "far(unknown) was called, and there is hidden.far(integer): for other arguments, or in a schema that is not on the search_path of that session"},
		{"app.far", "integer", "function hidden.far(integer)", "app.far(integer) was called, and there is hidden.far(integer), in another schema"},
		{"tidy", "", "procedure app.tidy()", "tidy() was called, and there is app.tidy(), in a schema that is not on the search_path of that session"},
		{"similarity", "text, text", "function hidden.similarity(text, text)", "similarity(text, text) was called, and there is hidden.similarity(text, text) of the extension pg_trgm, in a schema that is not on the search_path of that session"},
	} {
		got := w.drift(t, rules.Values{"event.function": rules.Text(c.function), "event.arguments": rules.Text(c.arguments)})
		if len(got) != 1 || got[0].Called != c.called || got[0].Object != c.object || got[0].Statements != "[]" {
			t.Errorf("%s(%s): %+v", c.function, c.arguments, got)
		}
	}
	// The server's own functions, and what nobody has, say nothing.
	for _, name := range []string{"lower", "pg_catalog.lower", "nothing", "app.nothing", ""} {
		if got := w.drift(t, rules.Values{"event.function": rules.Text(name)}); len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	w.exec("DROP FUNCTION app.total(text); DROP FUNCTION hidden.far(integer)")
	for _, name := range []string{"app.total", "total", "hidden.far", "far"} {
		got := w.drift(t, rules.Values{"event.function": rules.Text(name), "event.arguments": rules.Text("text")})
		if len(got) != 2 || got[0].Called+got[1].Called != "" || got[0].Renamed+got[1].Renamed != "" || got[0].Statements == "[]" {
			t.Errorf("what the baseline has and the database has not is, after a call of %s: %+v", name, got)
		}
	}
	// Moved to another schema, or given other arguments: it is there.
	w.exec(`CREATE FUNCTION app.far(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION app.total(varchar) RETURNS text LANGUAGE sql AS 'SELECT $1';
		ALTER TABLE app.events SET SCHEMA hidden`)
	renamed := make(map[string]string)
	for _, x := range w.drift(t, nil) {
		renamed[x.Object] = x.Renamed
	}
	for object, as := range map[string]string{
		"function app.total(text)": "function app.total(character varying)", "function hidden.far(integer)": "function app.far(integer)", "table app.events": "table hidden.events",
	} {
		if renamed[object] != as {
			t.Errorf("%s is %q, and not %s", object, renamed[object], as)
		}
	}
}

// A foreign key that was lost with the table that it refers to would refuse all
// rows of its own when that comes back empty. With its rows it is healed.
func TestAForeignKeyWaitsForTheRowsItRefersTo(t *testing.T) {
	s := pgtest.One(t)
	w := watchShop(t, s, s.Database(t))
	w.exec("INSERT INTO app.customers (name) VALUES ('ann'); INSERT INTO app.orders (customer, price) VALUES (1, 1)")
	w.approve(t)
	w.exec("CREATE TABLE app.kept AS TABLE app.customers; DROP VIEW app.open_orders; DROP TABLE app.customers CASCADE")
	find := func(object string) said {
		t.Helper()
		list := w.drift(t, nil)
		i := slices.IndexFunc(list, func(x said) bool { return x.Object == object })
		if i < 0 {
			t.Fatalf("%s is not named: %+v", object, list)
		}
		return list[i]
	}
	const key = "constraint app.orders.orders_customer_fkey"
	if x := find(key); x.BlockedBy != "schema/drift table app.customers" {
		t.Errorf("while its parent is missing: %+v", x)
	}
	if x := find("table app.customers"); !strings.Contains(x.Hazards, key+" refers to it") {
		t.Errorf("what referred to it is not named: %s", x.Hazards)
	}
	w.exec(`CREATE TABLE app.customers (id integer PRIMARY KEY, name text NOT NULL, email text COLLATE "C" UNIQUE, "Note ""x""" text)`)
	if x := find(key); !strings.Contains(x.Manual, key+" refers to the table app.customers, which is empty") || x.Statements != "[]" {
		t.Errorf("over an empty parent: %+v", x)
	}
	w.exec("INSERT INTO app.customers TABLE app.kept")
	if x := find(key); x.Manual != "" || x.Statements == "[]" {
		t.Errorf("over its parents: %+v", x)
	}
	w.exec("TRUNCATE app.customers, app.orders")
	if x := find(key); x.Manual != "" || x.Statements == "[]" {
		t.Errorf("without rows of its own: %+v", x)
	}
}
