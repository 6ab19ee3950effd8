package parser

import (
	"fmt"
	"testing"
)

func TestExecuteTouchesWhatWasPrepared(t *testing.T) {
	var s Session
	for _, step := range []struct{ sql, want string }{
		{`EXECUTE p`, ""},
		{`PREPARE p (int) AS INSERT INTO a SELECT * FROM b WHERE x = $1`, "write:a read:b"},
		{`EXECUTE p (1)`, "write:a read:b"},
		{`EXPLAIN EXECUTE p (1)`, "write:a read:b"},
		{`CREATE TABLE c AS EXECUTE p (1)`, "ddl:c write:a read:b"},
		{`EXECUTE "P"`, ""},
		{`PREPARE p AS SELECT 1 FROM d; EXECUTE p`, "read:d read:d"},
		{`DEALLOCATE p; EXECUTE p`, ""},
		{`PREPARE p AS SELECT 1 FROM d; DEALLOCATE ALL; EXECUTE p`, "read:d"},
		{`PREPARE p AS SELECT 1 FROM d; DISCARD ALL; EXECUTE p`, "read:d"},
	} {
		var all []Table
		for _, one := range s.Resolve(Parse(step.sql)) {
			all = append(all, one.Tables...)
		}
		if got := brief(all); got != step.want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", step.sql, got, step.want)
		}
	}
}

// What is shared with a cache stays as it is.
func TestASessionChangesNothingItIsGiven(t *testing.T) {
	list := Parse(`PREPARE p AS SELECT 1 FROM a; EXECUTE p`)
	var s Session
	if got := brief(s.Resolve(list)[1].Tables); got != "read:a" || len(list[1].Tables) != 0 {
		t.Errorf("resolved %s, and the original became %v", got, list[1].Tables)
	}
}

func TestASessionIsBounded(t *testing.T) {
	var s Session
	for i := range 3 * maxPrepared {
		s.Resolve(Parse(fmt.Sprintf("PREPARE p%d AS SELECT 1 FROM t", i)))
	}
	if len(s.prepared) != maxPrepared || len(s.order) != maxPrepared {
		t.Errorf("%d statements are remembered, %d in order", len(s.prepared), len(s.order))
	}
}

func ExampleSession() {
	var s Session
	s.Resolve(Parse(`PREPARE p AS UPDATE stock SET amount = amount - 1 WHERE id = $1`))
	for _, one := range s.Resolve(Parse(`EXECUTE p (7)`)) {
		fmt.Println(one.Kind, one.Tables[0].Access, one.Tables[0].Name)
	}
	// Output: execute write stock
}
