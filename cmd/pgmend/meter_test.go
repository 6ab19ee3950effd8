package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// Which statements touch a table: by the parser, not by the letters in them;
// and under which names, by the catalog.
func TestWhatTouchesATable(t *testing.T) {
	s := pgtest.One(t)
	database := s.Database(t)
	s.Exec(t, database, "postgres", `CREATE TABLE orders (id int, d int) PARTITION BY RANGE (d);
		CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (0) TO (9);
		CREATE VIEW late AS SELECT * FROM orders; CREATE VIEW "very Late" AS SELECT * FROM late; CREATE TABLE elsewhere (id int)`)
	db, err := pg.Open(t.Context(), pg.Config{Observer: s.ConnString(database, "postgres"), AllowSuperuser: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	var oid uint32
	for _, c := range s.Ask(t, database, "postgres", "SELECT 'orders_1'::regclass::oid") {
		oid = oid*10 + uint32(c-'0')
	}
	of, err := db.Relations(t.Context(), healer.Object{TableOID: oid})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range of {
		names = append(names, r.Schema+"."+r.Name)
	}
	if want := []string{"public.late", "public.orders", "public.orders_1", "public.very Late"}; !slices.Equal(names, want) {
		t.Errorf("the names are %q, want %q", names, want)
	}
	pool, err := newWorker()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	want := map[string]bool{
		"SELECT * FROM orders WHERE id = $1": true, `SELECT 1 FROM "very Late"`: true, "UPDATE public.orders_1 SET d = 1": true,
		"SELECT 'orders'": false, "SELECT * FROM other.orders": false, "SELECT orders.id FROM elsewhere AS orders": false,
		"WITH orders AS (SELECT 1 AS id) SELECT * FROM orders": false, "DROP TABLE orders": false, "SELECT FROM orders (": false,
	}
	var list []healer.Reading
	for _, text := range slices.Sorted(maps.Keys(want)) {
		list = append(list, healer.Reading{Source: byLog, Statement: text, Text: text, Touches: contains(text, "orders") || contains(text, "late")})
	}
	same := len(list)
	for _, literal := range []string{"1", "2"} {
		list = append(list, healer.Reading{Source: byLog, Text: "SELECT 'a secret', * FROM elsewhere WHERE id = " + literal, Usage: healer.Usage{Calls: 1}})
	}
	list, err = meter{parser: pool}.judge(t.Context(), healer.Scope{Relations: of}, list)
	if err != nil || len(list) != same+1 {
		t.Fatalf("%d statements, %v", len(list), err)
	}
	for i, text := range slices.Sorted(maps.Keys(want)) {
		if list[i].Touches != want[text] {
			t.Errorf("touches %t: %s", list[i].Touches, text)
		}
	}
	if both := list[same]; both.Calls != 2 || contains(both.Text, "secret") {
		t.Errorf("the same statement with another literal: %+v", both)
	}
}
