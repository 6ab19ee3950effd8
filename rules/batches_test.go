package rules

import (
	"strings"
	"testing"
)

// moving is a rule that moves rows in batches, by keys that its logic makes.
const moving = `-- rule: test/moving
-- title: A rule
-- scope: database
-- every: 1h
-- severity: warning
-- risk: high
-- hazards: move_rows
-- reads: rows
-- logic: index-keys

-- detect
SELECT c.oid, 'x' AS schema, c.relname AS name, pg_catalog.pg_get_userbyid(c.relowner) AS owner, '["a"]' AS key_parts, '' AS predicate, true AS nulls_distinct
  FROM pg_catalog.pg_class AS c

-- prove
SELECT pg_catalog.count(*) AS rows FROM {schema}.{name} AS t WHERE {among:sql}

-- repair: batches, lock_timeout=100ms
-- as: owner
CREATE TABLE {schema}.{run.quarantine} (LIKE {schema}.{name});
-- repeat: rows
-- as: owner
DELETE FROM {schema}.{name} AS t WHERE {among:sql} AND @rows > 0;

-- verify
SELECT 'there' FROM {schema}.{run.quarantine} AS q WHERE @run.attempt = ''

-- undo: none, because it is a test

-- guidance
-- Text.
`

func TestBatches(t *testing.T) {
	f, err := Parse("test/moving.sql", []byte(moving))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := f.For(15)
	if r.Repair.Mode != Batches || r.Repair.Steps[0].Repeat || !r.Repair.Steps[1].Repeat || r.Prove == nil || !r.Opens {
		t.Errorf("%+v", r)
	}
	sql, err := r.Repair.Steps[0].Inline(RunValues("01ABC").Merge(Values{"schema": Text("a"), "name": Text("b")}))
	if err != nil || sql != `CREATE TABLE "a"."pgmend_quarantine_01abc" (LIKE "a"."b")` {
		t.Errorf("%s, %v", sql, err)
	}
}

func TestMistakesInBatches(t *testing.T) {
	for want, change := range map[string][2]string{
		"repeat: rows is for batches":                            {"-- repair: batches, lock_timeout=100ms", "-- repair: transaction"},
		"what moves rows runs as: owner":                         {"-- as: owner\nCREATE", "CREATE"},
		"there is repeat: rows":                                  {"-- repeat: rows", "-- repeat: always"},
		"repeat: rows is for INSERT and DELETE":                  {"-- as: owner\nCREATE", "-- repeat: rows\n-- as: owner\nCREATE"},
		"there is no value @run.attempt here":                    {"AS t WHERE {among:sql}\n", "AS t WHERE {among:sql} AND @run.attempt = ''\n"},
		"is not filled straight from":                            {"{among:sql} AND @rows", "{name:sql} AND @rows"},
		"no declared hazard permits truncate, and no other does": {"CREATE TABLE {schema}.{run.quarantine} (LIKE {schema}.{name})", "TRUNCATE {schema}.{name}"},
	} {
		_, err := Parse("test/moving.sql", []byte(strings.Replace(moving, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}
