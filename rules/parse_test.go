package rules

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// good is a rule file in which nothing is wrong. The tests below spoil it.
const good = `-- rule: test/good
-- title: A rule
-- scope: database
-- every: 15m
-- on: 23505, deadlock_detected
-- severity: warning
-- risk: medium
-- hazards: reindex, drop_index
-- requires: pg>=14, extension amcheck
-- reads: catalog
-- cooldown: 24h
-- param min_size: bytes = 64kB
-- param share: share = 20%

-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS live
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relpages >= @min_size AND c.relpages > @share AND (@event.table IS NULL OR c.relname = @event.table);

-- detect (17)
SELECT c.oid, 'x' AS schema, c.relname AS name, c.relkind AS live FROM pg_catalog.pg_class AS c

-- capture
SELECT pg_catalog.pg_get_indexdef(@oid) AS definition, pg_catalog.pg_relation_size(@oid) AS size

-- guard: nothing else is going on
SELECT 'no' FROM pg_catalog.pg_stat_activity AS a WHERE a.query = '; -- not the end; {{}}'

-- guard: amcheck says so
SELECT {ext:amcheck}.bt_index_check(@oid)

-- measure
SELECT pg_catalog.pg_relation_size(@oid) AS size

-- repair: session, deadline=4h
-- A comment that is no note.
-- if: SELECT 1 WHERE @live = 'i'
-- each: SELECT a.attname AS column
--   FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = @oid
-- fails: 23505 -> data/duplicate-rows
REINDEX INDEX CONCURRENTLY {schema}.{each.column};
-- as: owner
DROP INDEX CONCURRENTLY {schema}.{name}; -- the end

-- verify: within=5s
SELECT 'not valid' FROM pg_catalog.pg_index AS i WHERE i.indexrelid = @oid

-- undo: none, because an invalid index
--   serves no query

-- guidance
-- Cause; cost. {name} and @name are just text here.
--
-- - repair: by hand
`

func TestParseReadsEverything(t *testing.T) {
	for name, src := range map[string]string{
		"as it is": good, "with CRLF and a BOM": "\ufeff" + strings.ReplaceAll(good, "\n", "\r\n"),
	} {
		f, err := Parse("test/good.sql", []byte(src))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r, ok := f.For(16)
		if !ok {
			t.Fatal("there is no rule for 16")
		}
		if r.ID != "test/good" || r.Scope != ScopeDatabase || r.Severity != Warning || r.Risk != Medium ||
			r.Cooldown != 24*time.Hour || r.Requires.Min != 14 || r.Requires.Extensions[0] != "amcheck" || r.Hash == "" {
			t.Errorf("header: %+v", r)
		}
		if diff := cmp.Diff([]string{"23505", "deadlock_detected"}, r.On); diff != "" {
			t.Error(diff)
		}
		step := r.Repair.Steps[0]
		if len(r.Guards) != 2 || len(r.Repair.Steps) != 2 || step.Class != "reindex_index" || r.Repair.Deadline != 4*time.Hour ||
			step.If == nil || step.Each == nil || step.Fails["23505"] != "data/duplicate-rows" || !r.Repair.Steps[1].AsOwner {
			t.Errorf("repair: %+v", r.Repair)
		}
		if !strings.Contains(step.Each.Text, "attrelid = @oid") || r.Repair.Steps[1].Text != "DROP INDEX CONCURRENTLY {schema}.{name}" {
			t.Errorf("steps: %q, %q", step.Each.Text, r.Repair.Steps[1].Text)
		}
		if r.Undo.None != "an invalid index serves no query" || r.Verify.Within != 5*time.Second || !r.Opens {
			t.Errorf("undo %q, verify %s, opens %v", r.Undo.None, r.Verify.Within, r.Opens)
		}
		if !strings.HasPrefix(r.Guidance, "Cause; cost.") || !strings.HasSuffix(r.Guidance, "- repair: by hand") {
			t.Errorf("guidance %q", r.Guidance)
		}
		if newer, _ := f.For(18); !strings.Contains(newer.Detect.Text, "'x' AS schema") || strings.Contains(r.Detect.Text, "'x'") {
			t.Error("the wrong variant was chosen")
		}
		if _, ok := f.For(13); ok {
			t.Error("there is a rule for 13, which the header excludes")
		}
		sql, err := r.Guards[1].Bind(Values{"ext.amcheck": Text("my ext"), "oid": {Text: "5"}})
		if err != nil || sql.SQL != `SELECT "my ext".bt_index_check($1)` || len(sql.Args) != 1 {
			t.Errorf("bound %+v, %v", sql, err)
		}
	}
}

// A build that does nothing where an invalid index has the name, and says that it
// succeeded, is in no rule.
// hazard: 4
func TestNoIndexIsBuiltIfNotExists(t *testing.T) {
	for statement, refused := range map[string]bool{
		"CREATE INDEX CONCURRENTLY i ON {schema}.{name} (id)": false, "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON {schema}.{name} (id)": true,
	} {
		src := strings.Replace(good, "DROP INDEX CONCURRENTLY {schema}.{name}", statement, 1)
		src = strings.Replace(src, "hazards: reindex, drop_index", "hazards: reindex, create_index", 1)
		_, err := Parse("test/good.sql", []byte(src))
		if refused != (err != nil && strings.Contains(err.Error(), "over an invalid index")) || !refused && err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// Each mistake is refused with its line and what is wrong.
// hazard: 36c
func TestMistakesAreRefusedWithFileAndLine(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		line           int
		message        string
	}{
		{"another id", "rule: test/good", "rule: test/other", 1, `called "test/other"`},
		{"no title", "-- title: A rule\n", "", 1, "the header title is missing"},
		{"empty title", "title: A rule", "title:", 2, "the header title is empty"},
		{"scope", "scope: database", "scope: databse", 3, `did you mean "database"?`},
		{"every", "every: 15m", "every: sometimes", 4, "is not a schedule"},
		{"on", "23505, deadlock_detected", "23505, Deadlock!", 5, "is not an SQLSTATE"},
		{"severity", "severity: warning", "severity: bad", 6, "is not one of"},
		{"risk", "risk: medium", "risk: mediun", 7, `did you mean "medium"?`},
		{"hazard", "hazards: reindex, drop_index", "hazards: reindx, drop_index", 8, `did you mean "reindex"?`},
		{"no hazard", "hazards: reindex, drop_index", "hazards: none", 1, "has hazards: none"},
		{"requires", "pg>=14", "postgres 14", 9, "is not a requirement"},
		{"version", "pg>=14", "pg>=9", 9, "is not a supported version"},
		{"reads", "reads: catalog", "reads: all", 10, "is not one of"},
		{"cooldown", "cooldown: 24h", "cooldown: a day", 11, "is not a duration"},
		{"param type", "min_size: bytes", "min_size: byte", 12, "unknown type"},
		{"param default", "= 64kB", "= lots", 12, "is not of type bytes"},
		{"param twice", "param share: share", "param min_size: share", 13, "is already there"},
		{"param unused", "= 20%", "= 20%\n-- param other: text = x", 14, "other is never used"},
		{"enabled is a switch", "param share: share = 20%", "param enabled: text = no", 13, "enabled is not of type bool"},
		{"proof", "-- capture", "-- capture: proof=broken", 23, "option proof=broken of capture is not allowed"},
		{"first seen outside of a guard", "i.indexrelid = @oid", "@finding.first_seen IS NULL", 46, "there is no value @finding.first_seen here"},
		{"enabled is no value", "i.indexrelid = @oid", "@enabled", 46, "there is no value @enabled here"},
		{"header twice", "-- cooldown: 24h", "-- cooldown: 24h\n-- cooldown: 1h", 12, "already there, in line 11"},
		{"unknown header", "-- cooldown: 24h", "-- cooldwn: 24h", 11, `did you mean "cooldown"?`},
		{"no header", "-- cooldown: 24h", "SELECT 1", 11, "before the first section"},
		{"prose as a header", "-- cooldown: 24h", "-- captur what", 11, `did you mean "capture"?`},
		{"misspelt section", "-- detect\n", "-- detct\n", 15, `did you mean "detect"?`},
		{"section twice", "-- measure", "-- capture", 32, "already there, in line 23"},
		{"variant", "-- detect (17)", "-- detect (9)", 20, "not a supported major"},
		{"guard without reason", "-- guard: amcheck says so", "-- guard:", 29, "a guard needs its reason"},
		{"two queries", "SELECT pg_catalog.pg_relation_size(@oid) AS size\n\n-- repair", "SELECT 1; SELECT 2\n\n-- repair", 32, "one query, it has 2"},
		{"syntax", "AS size\n\n-- repair", "AS size FROM\n\n-- repair", 33, "syntax error"},
		{"missing column", "c.oid, n.nspname AS schema", "c.oid, n.nspname AS shema", 16, "detect has no column schema"},
		{"star", "SELECT c.oid, 'x' AS schema, c.relname AS name, c.relkind AS live", "SELECT *, c.oid, 'x' AS schema, c.relname AS name, c.relkind AS live", 21, "instead of *"},
		{"function opens", "c.relkind AS live\n  FROM", "pg_catalog.pg_get_indexdef(c.oid) AS live\n  FROM", 16, "opens a relation"},
		{"view opens", "FROM pg_catalog.pg_class AS c\n\n-- capture", "FROM pg_catalog.pg_class AS c, pg_catalog.pg_sequences AS s\n\n-- capture", 21, "opens relations"},
		{"unqualified function", "pg_catalog.pg_relation_size(@oid) AS size\n\n-- guard", "pg_relation_size(@oid) AS size\n\n-- guard", 24, "is not qualified; write pg_catalog."},
		{"function of somebody", "pg_catalog.pg_relation_size(@oid) AS size\n\n-- guard", "app.size(@oid) AS size\n\n-- guard", 24, "not one of pg_catalog's"},
		{"acting function", "SELECT 'no' FROM", "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM", 27, "not on the list"},
		{"reload in a guard", "SELECT 'no' FROM", "SELECT pg_catalog.pg_reload_conf() FROM", 27, "not on the list"},
		{"query_to_xml", "SELECT 'no' FROM", "SELECT pg_catalog.query_to_xml('DROP TABLE x', true, true, '') FROM", 27, "not on the list"},
		{"set_config", "SELECT 'no' FROM", "SELECT pg_catalog.set_config('role', 'x', true) FROM", 27, "not on the list"},
		{"unqualified relation", "FROM pg_catalog.pg_stat_activity", "FROM pg_stat_activity", 27, "is not qualified"},
		{"rows without leave", "FROM pg_catalog.pg_stat_activity", "FROM app.orders", 27, "is not in pg_catalog"},
		{"another operator", "a.query = '", "a.query OPERATOR(app.=) '", 27, "not one of pg_catalog's"},
		{"another type", "a.query = '", "a.query::app.evil = '", 27, "not one of pg_catalog's"},
		{"locking", "; {{}}'", "' FOR UPDATE", 27, "it locks rows"},
		{"changing WITH", "SELECT 'no' FROM", "WITH d AS (DELETE FROM pg_catalog.pg_class RETURNING 1) SELECT 'no' FROM", 27, "changes data"},
		{"no SELECT", "SELECT 'not valid' FROM pg_catalog.pg_index AS i WHERE i.indexrelid = @oid", "VACUUM", 46, "it has to be a SELECT, it is vacuum"},
		{"into", "SELECT 'not valid' FROM", "SELECT 'not valid' INTO x FROM", 46, "it has to be a SELECT"},
		{"unknown value", "i.indexrelid = @oid", "i.indexrelid = @oit", 46, `did you mean "oid"?`},
		{"unknown splice", "{schema}.{name}; -- the end", "{schema}.{nam}; -- the end", 43, `did you mean "name"?`},
		{"unknown format", "{schema}.{name}; -- the end", "{schema}.{name:raw}; -- the end", 43, `unknown format "raw"`},
		{"another statement by a word", "DROP INDEX CONCURRENTLY {schema}.{name}", "ALTER TABLE {schema}.{name} {live:enable|disable} ROW LEVEL SECURITY", 43, "one word makes alter_table enable_row_security of it, and another one alter_table disable_row_security"},
		{"a word that is none there", "DROP INDEX CONCURRENTLY {schema}.{name}", "DROP INDEX {live:concurrently|soon} {schema}.{name}", 43, "syntax error"},
		{"placeholder in quotes", "'not valid'", "'{name} not valid'", 46, "inside of quotes"},
		{"single brace", "{schema}.{name}; -- the end", "{schema}.{name}} {; -- the end", 43, "a brace is written"},
		{"definition of a fact", "DROP INDEX CONCURRENTLY {schema}.{name};", "{name:concurrently};", 43, "not filled straight from"},
		{"extension not required", "{ext:amcheck}", "{ext:pgstattuple}", 30, "is not required"},
		{"hazard not declared", "DROP INDEX CONCURRENTLY", "DROP TABLE", 43, "no declared hazard permits drop_table, it takes create_table or move_rows; declared: "},
		{"without CONCURRENTLY", "DROP INDEX CONCURRENTLY", "DROP INDEX", 43, "without CONCURRENTLY stops writers"},
		{"unqualified target", "DROP INDEX CONCURRENTLY {schema}.{name}", "DROP INDEX CONCURRENTLY {name}", 43, "is not qualified"},
		{"not in a transaction", "-- repair: session, deadline=4h", "-- repair: transaction", 41, "cannot run inside a transaction"},
		{"mode", "-- repair: session, deadline=4h", "-- repair: sesion", 35, "is not a mode"},
		{"lock_timeout", "-- repair: session, deadline=4h", "-- repair: transaction, lock_timeout=5s", 35, "lock_timeout=5s is not allowed"},
		{"option", "-- repair: session, deadline=4h", "-- repair: session, dedline=4h", 35, "dedline=4h is not allowed"},
		{"no statement", "REINDEX INDEX CONCURRENTLY {schema}.{each.column};\n-- as: owner\nDROP INDEX CONCURRENTLY {schema}.{name}; -- the end", "", 35, "repair has no statement"},
		{"fails", "23505 -> data/duplicate-rows", "23505 data/duplicate-rows", 40, "is not a hand-over"},
		{"as", "-- as: owner", "-- as: root", 42, "there is as: owner"},
		{"let in a session", "-- as: owner", "-- let: SELECT 1 AS one", 43, "needs a transaction"},
		{"verify option", "within=5s", "within=soon", 45, "unknown option"},
		{"no verify", "-- verify: within=5s\nSELECT 'not valid' FROM pg_catalog.pg_index AS i WHERE i.indexrelid = @oid", "", 1, "the section verify is missing"},
		{"no reason", "none, because an invalid index\n--   serves no query", "none", 48, "undo: none needs its reason"},
		{"no guidance", "-- Cause; cost. {name} and @name are just text here.\n--\n-- - repair: by hand\n", "", 51, "the guidance is empty"},
		{"guidance is SQL", "-- Cause; cost.", "SELECT 1; --", 52, "comment lines"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := strings.Replace(good, c.old, c.new, 1)
			if src == good {
				t.Fatalf("the file does not hold %q", c.old)
			}
			_, err := Parse("test/good.sql", []byte(src))
			var list Mistakes
			if !errors.As(err, &list) {
				t.Fatalf("it was let through: %v", err)
			}
			want := fmt.Sprintf("test/good.sql:%d: ", c.line)
			for _, line := range strings.Split(err.Error(), "\n") {
				if strings.HasPrefix(line, want) && strings.Contains(line, c.message) {
					return
				}
			}
			t.Errorf("want %s… %s, got\n%v", want, c.message, err)
		})
	}
}

// All mistakes of a file come in one run, in the order of its lines.
func TestAllMistakesAtOnce(t *testing.T) {
	src := strings.NewReplacer("risk: medium", "risk: x", "every: 15m", "every: x", "reads: catalog", "reads: x").Replace(good)
	_, err := Parse("test/good.sql", []byte(src))
	var list Mistakes
	if !errors.As(err, &list) || len(list) != 3 || list[0].Line != 4 || list[1].Line != 7 || list[2].Line != 10 {
		t.Errorf("mistakes: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(good)
	f.Add("-- detect\nSELECT $$")
	f.Add(strings.Replace(good, "-- measure", "-- include: test/shared\n-- measure", 1))
	f.Add("-- repair: session\n-- each: SELECT 1\n--   FROM x\nVACUUM a.b;")
	f.Fuzz(func(t *testing.T, src string) {
		file, err := parse("test/good.sql", []byte(src), fstest.MapFS{"test/shared_part.sql": {Data: []byte(src)}})
		if err != nil && strings.Contains(err.Error(), "panicked") {
			t.Error(err)
		}
		if err == nil && file.ID != "test/good" {
			t.Errorf("the file's id is %q", file.ID)
		}
	})
}
