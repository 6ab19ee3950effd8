package rules

import (
	"strings"
	"testing"
)

// What looks at rows, or at what only their owner sees, is read as the owner;
// what answers the same whoever asks is not.
// hazard: 36
func TestWhoAsksMatters(t *testing.T) {
	const rule = `-- rule: test/rows
-- title: A rule that reads rows
-- scope: database
-- every: 5m
-- severity: info
-- risk: low
-- hazards: none
-- reads: rows

-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_catalog.pg_get_userbyid(c.relowner) AS owner
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace

-- capture
CAPTURE

-- guidance
-- None.
`
	for query, impersonal := range map[string]bool{
		"SELECT pg_catalog.pg_get_indexdef(@oid) AS definition":                                 true,
		"SELECT pg_catalog.count(*) AS n FROM pg_catalog.pg_stat_activity":                      true,
		"SELECT CURRENT_DATE AS today":                                                          true,
		"SELECT 1 AS one FROM {schema}.{name}":                                                  false,
		"SELECT {name:literal} AS one":                                                          false,
		"SELECT CURRENT_USER AS one":                                                            false,
		"SELECT 1 AS one WHERE 'x' = (SELECT session_user)":                                     false,
		"SELECT s.n_distinct AS n FROM pg_catalog.pg_stats AS s":                                false,
		"SELECT pg_catalog.pg_sequence_last_value(@oid) AS last_value":                          false,
		"SELECT pg_catalog.has_table_privilege(@oid, 'SELECT') AS may":                          false,
		"SELECT 1 AS one WHERE EXISTS (SELECT FROM pg_catalog.pg_sequences AS s WHERE s.cycle)": false,
	} {
		file, err := Parse("test/rows.sql", []byte(strings.Replace(rule, "CAPTURE", query, 1)))
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if r, _ := file.For(MaxMajor); r.Capture.Impersonal != impersonal {
			t.Errorf("%s: impersonal is %v", query, r.Capture.Impersonal)
		}
	}
}
