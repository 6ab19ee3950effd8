package hearsay_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/hearsay"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/rules"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// book counts all that the tests tell it, at a time that they set.
func book(now *time.Time) *hearsay.Book {
	b := hearsay.New(func() time.Time { return *now })
	b.Listen([]*rules.Rule{{Counts: []string{"deadlock", "temporary_file", "statement_timeout"}}, {Counts: []string{"invalid_password"}}})
	return b
}

func tell(b *hearsay.Book, r pglog.Record) {
	e := pglog.Classify(r)
	var statements []parser.Statement
	for _, text := range hearsay.Texts(e) {
		statements = append(statements, parser.Parse(text)...)
	}
	b.Note(e, statements)
}

func timeout(at time.Time, database, statement string) pglog.Record {
	return pglog.Record{
		Time: at, Severity: "ERROR", SQLState: "57014", Message: "canceling statement due to statement timeout",
		User: "shop", Database: database, Host: "10.0.0.7", App: "api", Statement: statement,
	}
}

func TestADeadlockNamesBothSides(t *testing.T) {
	now := noon
	b := book(&now)
	detail := "Process 1 waits for ShareLock on transaction 726; blocked by process 2.\n" +
		"Process 2 waits for ShareLock on transaction 727; blocked by process 1.\n" +
		"Process 1: UPDATE app.items\n   SET v = 'secret' WHERE id = 1\nProcess 2: UPDATE app.orders SET v = 'secret' WHERE id = 1"
	tell(b, pglog.Record{
		Time: noon, Severity: "ERROR", SQLState: "40P01", Message: "deadlock detected", Detail: detail,
		User: "shop", Database: "shop", Statement: "UPDATE app.items SET v = 'secret' WHERE id = 1",
	})
	// The same deadlock, as log_lock_waits tells it.
	tell(b, pglog.Record{
		Time: noon, Severity: "LOG", Database: "shop",
		Message: "process 1 detected deadlock while waiting for ShareLock on transaction 726 after 100.081 ms",
	})
	want := healer.Said{
		Events: 1, First: noon, Last: noon,
		Tables:     []string{"1 × app.items", "1 × app.orders"},
		Statements: []string{"1 × UPDATE app.items SET v = '***' WHERE id = 1", "1 × UPDATE app.orders SET v = '***' WHERE id = 1"},
		Sessions:   []string{"1 × shop in shop"},
	}
	if diff := cmp.Diff(want, b.Said([]string{"deadlock"}, "shop", noon.Add(-time.Hour))); diff != "" {
		t.Error(diff)
	}
}

func TestEventsAreOfADatabaseAndATime(t *testing.T) {
	now := noon
	b := book(&now)
	for range 3 {
		tell(b, timeout(noon, "shop", "SELECT 1 FROM a"))
	}
	tell(b, timeout(noon.Add(-2*time.Hour), "shop", "SELECT 1 FROM b"))
	tell(b, timeout(noon, "else", "SELECT 1 FROM c"))
	tell(b, timeout(time.Time{}, "else", "SELECT 1 FROM c"))
	tell(b, timeout(noon.Add(-1000*time.Hour), "shop", "SELECT 1 FROM d"))
	tell(b, pglog.Record{Time: noon, Severity: "ERROR", SQLState: "40001", Message: "could not serialize access", Database: "shop"})
	for _, c := range []struct {
		database string
		since    time.Duration
		want     int64
	}{{"shop", time.Hour, 3}, {"shop", 3 * time.Hour, 4}, {"else", time.Hour, 2}, {"", 3 * time.Hour, 6}, {"other", time.Hour, 0}} {
		if got := b.Said([]string{"statement_timeout"}, c.database, noon.Add(-c.since)); got.Events != c.want {
			t.Errorf("%d events of %q within %s, want %d", got.Events, c.database, c.since, c.want)
		}
	}
	now = noon.Add(48 * time.Hour)
	tell(b, timeout(now, "new", ""))
	if got := b.Said([]string{"statement_timeout"}, "", noon.Add(-time.Hour)); got.Events != 1 {
		t.Errorf("two days later there are %d events", got.Events)
	}
}

// state is a ledger's state in memory.
type state map[string]string

func (s state) Get(_ context.Context, key string) (string, bool, error) {
	v, ok := s[key]
	return v, ok, nil
}

func (s state) Put(_ context.Context, key, value string) error {
	s[key] = value
	return nil
}

// saved runs a book to its end, at which it saves.
func saved(t *testing.T, b *hearsay.Book) state {
	t.Helper()
	s := make(state)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Run(ended, s, func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARestartForgetsNothing(t *testing.T) {
	now := noon
	b := book(&now)
	tell(b, timeout(noon, "shop", "SELECT 'secret' FROM a"))
	tell(b, pglog.Record{Time: noon, Severity: "LOG", Database: "shop", Message: `temporary file: path "base/pgsql_tmp/pgsql_tmp1.0", size 1400000`})
	s := saved(t, b)
	for key, text := range s {
		if strings.Contains(text, "secret") {
			t.Errorf("%s has a literal: %s", key, text)
		}
	}
	again := book(&now)
	if err := again.Load(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"statement_timeout", "temporary_file"} {
		want, got := b.Said([]string{kind}, "shop", noon.Add(-time.Hour)), again.Said([]string{kind}, "shop", noon.Add(-time.Hour))
		if diff := cmp.Diff(want, got); diff != "" || got.Events != 1 {
			t.Errorf("%s: %s", kind, diff)
		}
	}
	if got := again.Said([]string{"temporary_file"}, "shop", noon.Add(-time.Hour)); got.Bytes != 1400000 {
		t.Errorf("%d bytes", got.Bytes)
	}
	for _, bad := range []string{"", "{", `[{"hours":{"x":1}}]`} {
		if err := book(&now).Load(t.Context(), state{"hearsay": bad}); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	if err := book(&now).Load(t.Context(), state{"hearsay": "[null,{}]"}); err != nil {
		t.Error(err)
	}
}

// Whoever writes into the log cannot make the memory grow: 10,000 databases,
// and statements of a megabyte.
func TestTheMemoryIsBounded(t *testing.T) {
	now := noon
	b := book(&now)
	long := "SELECT 1 FROM " + strings.Repeat("a_long_name_", 2000)
	for i := range 10000 {
		e := pglog.Classify(pglog.Record{
			Time: noon, Severity: "FATAL", SQLState: "28P01", Message: "password authentication failed for user \"x\"",
			User: strings.Repeat("u", 5000), Database: fmt.Sprintf("made up %d", i), Host: strings.Repeat("h", 5000),
		})
		b.Note(e, []parser.Statement{{Text: long, Tables: []parser.Table{{Name: long}}}})
	}
	for i := range 1000 {
		b.Note(pglog.Classify(timeout(noon, "made up 1", "")), []parser.Statement{{Text: fmt.Sprintf("SELECT 1 FROM t%d %s", i, long)}})
	}
	size := 0
	for _, text := range saved(t, b) {
		size += len(text)
	}
	if size > 4<<20 {
		t.Errorf("%d bytes are kept", size)
	}
	if got := b.Said([]string{"invalid_password"}, "", noon.Add(-time.Hour)); got.Events == 0 || len(got.Sessions) > 5 || len(got.Sessions[0]) > 1000 {
		t.Errorf("%d events, %d sessions", got.Events, len(got.Sessions))
	}
}

// Every kind that a built-in rule counts is one that the parser knows.
func TestCountedKindsExist(t *testing.T) {
	known := make(map[string]bool)
	for _, k := range pglog.Kinds() {
		known[string(k.Kind)] = true
	}
	set, _ := rules.Builtin()
	counting := 0
	for _, r := range set.For(rules.MaxMajor) {
		for _, kind := range r.Counts {
			counting++
			if !known[kind] {
				t.Errorf("%s counts %s, which there is not", r.ID, kind)
			}
		}
	}
	if counting == 0 {
		t.Error("no rule counts anything")
	}
}

// What a failing statement adds to its event: the table it writes, and the
// columns that an INSERT names; a guess adds nothing.
func TestAStatementAddsToItsEvent(t *testing.T) {
	unique := func(statement string) pglog.Event {
		return pglog.Classify(pglog.Record{
			Severity: "ERROR", SQLState: "23505", Message: `duplicate key value violates unique constraint "orders_pkey"`, Statement: statement,
		})
	}
	for _, c := range []struct{ statement, table, inserted string }{
		{"INSERT INTO app.orders (customer, \"the id\") VALUES (1, 2)", "orders", `["customer","the id"]`},
		{"INSERT INTO app.orders VALUES (1, 2)", "orders", ""},
		{"INSERT INTO app.orders DEFAULT VALUES", "orders", ""},
		{"UPDATE app.orders SET id = 1", "orders", ""},
		{"WITH x AS (DELETE FROM app.a RETURNING id) INSERT INTO app.orders (id) SELECT id FROM x", "", `["id"]`},
		{"INSERT INTO app.orders (id) VALUES (1) INTO", "", ""},
		{"", "", ""},
	} {
		e := unique(c.statement)
		f := hearsay.Fields(e, parser.Parse(c.statement))
		if f["table"] != c.table || f["inserted"] != c.inserted || f["constraint"] != "orders_pkey" {
			t.Errorf("%s: %v", c.statement, f)
		}
		if hearsay.Adds(e) != (c.statement != "") {
			t.Errorf("%q adds: %v", c.statement, hearsay.Adds(e))
		}
	}
	if hearsay.Adds(pglog.Classify(timeout(noon, "shop", "INSERT INTO t (id) VALUES (1)"))) {
		t.Error("the statement of a timeout is parsed for its fields")
	}
}
