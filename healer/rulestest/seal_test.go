package rulestest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
)

// refused tries to take a repair back, and makes sure that it is refused before
// anything was tried.
func refused(t *testing.T, st *rulestest.Stage, what, repair, says string) {
	t.Helper()
	var why *healer.Refusal
	if a, err := st.Undo(t.Context(), repair, yes()); !errors.As(err, &why) || !strings.Contains(why.Reason, says) {
		t.Errorf("%s: the undo is %q: %v", what, a.State, err)
	}
}

// movedBy has a rule move rows and nothing else repaired, and returns the repair
// and the table they are in.
func movedBy(t *testing.T, st *rulestest.Stage, rule string) (a healer.Attempt, quarantine string) {
	t.Helper()
	o := yes()
	o.Rules = []string{rule}
	r, err := st.Heal(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if a = attemptOf(t, r, rule); !a.Verified {
		t.Fatalf("it is %s: %s", a.State, a.Err)
	}
	return a, "app.pgmend_quarantine_" + strings.ToLower(a.ID)
}

// Rows in quarantine that were changed, also with their checksums, taken away,
// added, or put back by other means are not put back: the ledger knows how many
// they were and their sum. When they are again what they were, they are.
// hazard: 57
func TestAnUndoRefusesOtherRowsThanWereMoved(t *testing.T) {
	t.Parallel()
	st, c, before := withDuplicates(t, pgtest.One(t), "mail")
	repair, q := movedBy(t, st, "data/duplicate-rows")
	const columns = "id, mail, body, made"
	perform(t, c, "CREATE TABLE app.kept AS SELECT * FROM "+q)
	for _, way := range []struct{ what, do, says string }{
		{"a row changed", "UPDATE " + q + " SET body = 'other' WHERE id = 700", "checksum_of_quarantine"},
		{"a row changed with its checksum", "UPDATE " + q + " SET body = 'other', pgmend_checksum = md5(ROW (id, mail, 'other'::text, made)::text) WHERE id = 700", "checksum_of_quarantine"},
		{"a row taken away", "DELETE FROM " + q + " WHERE id = 700", "rows_in_quarantine was 600 and is 599"},
		{"a row added", "INSERT INTO " + q + " SELECT 5000, mail, body, made, pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum FROM " + q + " WHERE id = 700", "rows_in_quarantine was 600 and is 601"},
		{"a row put back, and in quarantine still", "INSERT INTO app.mails (" + columns + ") OVERRIDING SYSTEM VALUE SELECT " + columns + " FROM " + q + " WHERE id = 700", "rows_of_quarantine_in_table was 0 and is 1"},
	} {
		perform(t, c, way.do)
		refused(t, st, way.what, repair.ID, way.says)
		perform(t, c, "DELETE FROM app.mails WHERE id = 700", "TRUNCATE "+q, "INSERT INTO "+q+" SELECT * FROM app.kept")
	}
	perform(t, c, "DROP TABLE app.kept")
	if back, err := st.Undo(t.Context(), repair.ID, yes()); err != nil || !back.Verified {
		t.Fatalf("as it was left: the undo is %s: %s, %v", back.State, back.Err, err)
	}
	if after := sum(t, c, mailColumns, "mails"); after != before {
		t.Errorf("before: %s; after the undo: %s", before, after)
	}
}

// An undo that did not get to its end is not refused for the rows that it put
// back, and goes on.
func TestAnUndoThatWasStoppedGoesOn(t *testing.T) {
	t.Parallel()
	st := staged(t, pgtest.One(t))
	c := asOwner(t, st)
	perform(t, c, "CREATE TABLE app.pairs (id int, key int)", "INSERT INTO app.pairs SELECT g, g % 2500 FROM generate_series(1, 5000) AS g")
	if r := c.ExecParams(t.Context(), "CREATE UNIQUE INDEX CONCURRENTLY pairs_key ON app.pairs (key)", nil, nil, nil, nil).Read(); r.Err == nil {
		t.Fatal("the index could be built")
	}
	before := sum(t, c, "id, key", "pairs")
	repair, q := movedBy(t, st, "data/duplicate-rows")

	ctx, stop := context.WithCancel(t.Context())
	h := st.With(after{healer.StepFinished, stop})
	if back, err := h.Undo(ctx, repair.ID, yes()); err != nil || back.Verified {
		t.Fatalf("the undo is %s: %s, %v", back.State, back.Err, err)
	}
	if left := ask(t, c, "SELECT count(*) FROM "+q); left != "500" {
		t.Fatalf("%s rows are left in quarantine after one batch", left)
	}
	perform(t, c, "UPDATE "+q+" SET id = -id WHERE id = (SELECT max(id) FROM "+q+")")
	refused(t, st, "a row changed between two undos", repair.ID, "checksum_of_quarantine")
	perform(t, c, "UPDATE "+q+" SET id = -id WHERE id < 0")
	if back, err := st.Undo(t.Context(), repair.ID, yes()); err != nil || !back.Verified {
		t.Fatalf("the second undo is %s: %s, %v", back.State, back.Err, err)
	}
	if now := sum(t, c, "id, key", "pairs"); now != before {
		t.Errorf("before: %s; after the undos: %s", before, now)
	}
}

// after does something after each transition of a kind.
type after struct {
	action healer.Action
	do     func()
}

// Observe implements healer.Observer.
func (a after) Observe(_ context.Context, t healer.Transition) {
	if t.Action == a.action {
		a.do()
	}
}

// So it is where orphans went, which come back in one transaction.
func TestAnUndoRefusesOtherOrphansThanWereMoved(t *testing.T) {
	t.Parallel()
	st := staged(t, pgtest.One(t))
	c := asOwner(t, st)
	perform(t, c, "CREATE TABLE app.users (id int PRIMARY KEY)", "CREATE TABLE app.letters (id int, person int)",
		"INSERT INTO app.users VALUES (9)", "INSERT INTO app.letters VALUES (1, 1), (2, 2)",
		"ALTER TABLE app.letters ADD CONSTRAINT letters_fk FOREIGN KEY (person) REFERENCES app.users NOT VALID")
	repair, q := movedBy(t, st, "data/orphan-rows")
	perform(t, c, "UPDATE "+q+" SET person = 3 WHERE id = 1")
	refused(t, st, "a row changed", repair.ID, "checksum_of_quarantine")
	perform(t, c, "UPDATE "+q+" SET person = 1 WHERE id = 1")
	if back, err := st.Undo(t.Context(), repair.ID, yes()); err != nil || !back.Verified {
		t.Fatalf("the undo is %s: %s, %v", back.State, back.Err, err)
	}
	if got := sum(t, c, "id, person", "letters"); !strings.HasPrefix(got, "2 rows") {
		t.Error(got)
	}
}
