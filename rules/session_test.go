package rules

import (
	"strings"
	"testing"
)

// ender is a rule that ends sessions, off until a site switches it on.
const ender = `-- rule: test/ender
-- title: A session
-- scope: database
-- every: 1m
-- severity: info
-- risk: low
-- hazards: terminate, analyze
-- reads: catalog
-- param enabled: bool = false

-- detect
SELECT a.pid AS oid, '' AS schema, a.pid::text AS name, 'session' AS kind FROM pg_catalog.pg_stat_activity AS a

-- capture: proof=XX002
SELECT 1 AS one

-- guard: known for an hour, and not the third within one
SELECT @damage WHERE @finding.first_seen::timestamptz > pg_catalog.clock_timestamp() - '1h'::interval OR @repairs.last_hour::int8 > 2

-- repair: session
SELECT pg_catalog.pg_terminate_backend(@oid);

-- verify
SELECT 1 AS there FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = @oid

-- undo: none, because it is gone

-- guidance
-- None.
`

func TestARuleThatEndsSessions(t *testing.T) {
	f, err := Parse("test/ender.sql", []byte(ender))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := f.For(15)
	if !r.Repair.Signals() || len(r.Proof) != 1 || r.Proof[0] != "XX002" {
		t.Errorf("signals %v, proof %v", r.Repair.Signals(), r.Proof)
	}
	values, enabled, err := r.Settings(nil)
	if err != nil || enabled || len(values) != 0 {
		t.Errorf("enabled %v, values %v, %v", enabled, values, err)
	}
	if _, enabled, err = r.Settings([]Setting{{"test/*", "enabled", "true"}}); err != nil || !enabled {
		t.Errorf("switched on: %v, %v", enabled, err)
	}

	mixed := strings.Replace(ender, "-- verify", "ANALYZE app.t;\n\n-- verify", 1)
	if _, err := Parse("test/ender.sql", []byte(mixed)); err == nil || !strings.Contains(err.Error(), "it runs as the signaller") {
		t.Errorf("an ANALYZE as the signaller: %v", err)
	}
}
