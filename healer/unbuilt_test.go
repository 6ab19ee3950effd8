package healer_test

import (
	"context"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// An undo builds the index that was dropped from the definition that the server
// printed, where a plain name is not quoted. One that somebody cancels half-way
// leaves no invalid index.
// hazard: 5
func TestAnInterruptedUndoLeavesNoIndex(t *testing.T) {
	st := stage(t, builtin(t), duplicates)
	s := pgtest.One(t)
	r, err := st.Heal(t.Context(), person("index/duplicate"))
	dropped := only(t, r, err)
	if !dropped.Verified {
		t.Fatalf("%s: %s", dropped.State, dropped.Err)
	}
	play(t, st, "-- @hold\nINSERT INTO app.t VALUES (0, 'open')")
	done := make(chan healer.Attempt, 1)
	go func() {
		back, err := st.Undo(context.WithoutCancel(t.Context()), dropped.ID, person("index/duplicate"))
		if err != nil {
			t.Error(err)
		}
		done <- back
	}()
	// It has made the index and waits for whoever writes.
	building := `FROM pg_stat_activity AS a WHERE a.datname = current_database() AND a.query LIKE 'CREATE INDEX CONCURRENTLY second%' AND a.wait_event_type = 'Lock'
		  AND EXISTS (SELECT FROM pg_index AS i WHERE i.indexrelid = to_regclass('app.second') AND NOT i.indisvalid)`
	step := func(sql string) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); s.Ask(t, st.Name, "postgres", sql) != "1"; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("it did not come to this: %s", sql)
			}
		}
	}
	step("SELECT count(pg_cancel_backend(a.pid)) " + building)
	if err := st.Player.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if back := <-done; back.Verified {
		t.Errorf("it is %s, though it was cancelled: %s", back.State, back.Err)
	}
	if left := s.Ask(t, st.Name, "postgres", "SELECT count(*) FROM pg_index WHERE NOT indisvalid"); left != "0" {
		t.Errorf("%s invalid indexes are left", left)
	}
}
