package healer_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/rules"
)

// fixed are the statements that healer/pg runs as they stand; OWNER is the only
// role that it may become.
var fixed = []string{
	"BEGIN READ ONLY", "BEGIN READ WRITE", "COMMIT", "ROLLBACK", "SET TRANSACTION READ ONLY", "DISCARD ALL",
	"RESET ROLE", "SET ROLE OWNER", "SET LOCAL ROLE OWNER",
}

// The owner's sandbox: how it is made, called and dropped. What runs in it is
// the call's parameter.
var (
	sandboxMade = regexp.MustCompile(`^(CREATE FUNCTION pg_temp\.pgmend_[a-z0-9]{26}\(statement pg_catalog\.text\) RETURNS SETOF pg_catalog\.jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS '[^']*'|` +
		`GRANT EXECUTE ON FUNCTION pg_temp\.pgmend_[a-z0-9]{26}\(pg_catalog\.text\) TO SESSION_USER|` +
		`DROP FUNCTION pg_temp\.pgmend_[a-z0-9]{26}\(pg_catalog\.text\))$`)
	sandboxCall = regexp.MustCompile(`^SELECT f\.r FROM pg_temp\.pgmend_[a-z0-9]{26}\(\$1::pg_catalog\.text\) AS f\(r\)$`)
)

// ownFunctions are what healer/pg calls beside what a rule may. But for
// set_config they only read, too.
var ownFunctions = []string{
	"family", "host", "inet_client_addr", "inet_client_port",
	"pg_control_checkpoint", "pg_control_system", "pg_current_wal_insert_lsn", "pg_get_ruledef", "pg_ls_archive_statusdir", "pg_my_temp_schema",
	"pg_tablespace_location", "pg_typeof", "pg_walfile_name", "set_config", "to_regproc", "version",
}

// setsOwn is a setting of a session of ours, by name: none is a role.
var setsOwn = regexp.MustCompile(`pg_catalog\.set_config\('(search_path|\w+_timeout|client_\w+|synchronous_commit|row_security|TimeZone|DateStyle|IntervalStyle|` +
	`bytea_output|extra_float_digits|standard_conforming_strings|quote_all_identifiers|check_function_bodies|default_transaction_read_only|jit|` +
	`max_parallel_workers_per_gather|restrict_nonsystem_relation_kind|application_name)', ('|\$\d)`)

// judge says what is wrong with a statement that no rule planned: "" where it
// only reads. It remembers its answers, because most come again and again.
type judge map[string]string

// program judges what healer/pg sent.
func (j judge) program(sql, owner string) string {
	if slices.Contains(fixed, strings.ReplaceAll(sql, `"`+owner+`"`, "OWNER")) || sandboxMade.MatchString(sql) || sandboxCall.MatchString(sql) {
		return ""
	}
	return j.query(sql)
}

// query judges a query, which reads pg_catalog and such schemas.
func (j judge) query(sql string, schemas ...string) string {
	why, known := j[sql]
	if !known {
		why = wrong(sql, schemas)
		j[sql] = why
	}
	return why
}

func wrong(sql string, schemas []string) string {
	list, err := parser.Inspect(sql)
	switch {
	case err != nil:
		return err.Error()
	case len(list) != 1:
		return fmt.Sprintf("it is %d statements", len(list))
	}
	switch i := list[0]; {
	case i.Class != "select":
		return "it is " + i.Class
	case i.Into, i.ModifyingCTE, i.Locking:
		return "it writes or locks"
	default:
		for _, f := range i.Functions {
			if f.Schema != "pg_catalog" && f.Schema != "" || !rules.ReadsOnly(f.Name) && !slices.Contains(ownFunctions, f.Name) {
				return "it calls " + f.Schema + "." + f.Name
			}
		}
		if strings.Count(sql, "set_config(") != len(setsOwn.FindAllString(sql, -1)) {
			return "it sets what no session of ours sets"
		}
		for _, r := range i.Relations {
			if r.Schema != "pg_catalog" && !slices.Contains(schemas, r.Schema) {
				return "it reads " + r.Schema + "." + r.Name
			}
		}
	}
	return ""
}

// What does more than read is never taken to be harmless, however it begins.
func TestWhatTheServerSawIsJudged(t *testing.T) {
	j := make(judge)
	for _, sql := range []string{
		"WITH gone AS (DELETE FROM app.t RETURNING id) SELECT id FROM gone", "SELECT pg_catalog.pg_terminate_backend(1)",
		"SELECT pg_terminate_backend(1)", "SELECT 1 INTO app.t", "SELECT app.f()", "SELECT v.id FROM app.v AS v", "SET ROLE postgres",
		"SET LOCAL ROLE postgres", `SET ROLE "app_owner"; DROP TABLE app.t`, "BEGIN; DROP TABLE app.t", "SELECT 1; SELECT 2", "DISCARD ALL; VACUUM",
		"SELECT t.id FROM pg_catalog.pg_class AS t FOR UPDATE", "SELECT (SELECT pg_catalog.lo_unlink(1))", "TABLE app.t", "EXPLAIN ANALYZE SELECT 1",
		"SELECT pg_catalog.set_config('role', 'postgres', false)", "SELECT pg_catalog.set_config($1, 'postgres', false)",
		"SELECT t.id FROM t", "SELECT f.r FROM pg_temp.pgmend_x($1::pg_catalog.text) AS f(r)",
	} {
		if j.program(sql, "app_owner") == "" {
			t.Errorf("it is taken to be harmless: %s", sql)
		}
	}
	for _, sql := range []string{"SELECT", `SET ROLE "app_owner"`, "SELECT c.oid FROM pg_catalog.pg_class AS c", "COMMIT"} {
		if why := j.program(sql, "app_owner"); why != "" {
			t.Errorf("%s: %s", why, sql)
		}
	}
}

// rows is a checksum of what is in each table of schema app.
func (x *site) rows(database string) string {
	x.t.Helper()
	union := x.Ask(x.t, database, "postgres", `SELECT pg_catalog.string_agg(pg_catalog.format(
		'SELECT %L AS name, pg_catalog.count(*) AS rows, pg_catalog.md5(pg_catalog.string_agg(t::text, '','' ORDER BY t::text)) AS sum FROM %s AS t', c.relname, c.oid::regclass), ' UNION ALL ')
		FROM pg_catalog.pg_class AS c WHERE c.relnamespace = 'app'::regnamespace AND c.relkind = 'r'`)
	return x.Ask(x.t, database, "postgres", "SELECT pg_catalog.string_agg(x::text, E'\n' ORDER BY x.name) FROM ("+union+") AS x")
}
