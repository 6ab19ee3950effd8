package pg

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/rules"
)

// SetupRequest says for whom the least privileges are to be printed.
type SetupRequest struct {
	Version   int      // server_version_num
	Observer  string   // a login; finds
	Healer    string   // a login; repairs
	Signaller string   // a login; ends sessions. "": none
	Owners    []string // of the tables to be healed
	Databases []string

	// Candidates own tables but are not among Owners; a comment names them
	// where Owners is empty.
	Candidates []string

	// ReadRows lets the observer read all rows: pg_read_all_data on 14 and
	// later, SELECT in each of Schemas on 13. The built-in rules read rows in
	// the owner's sandbox and need neither, and an observer without it has
	// nothing that code of an owner, run by a query, could borrow.
	ReadRows bool
	Schemas  []string
	// Maintain lets the healer VACUUM, ANALYZE, REINDEX and REFRESH with
	// pg_maintain, on 17 and later, also what belongs to nobody it may become, in
	// schemas on which it has USAGE.
	Maintain bool
}

// SetupSQL prints the grants, to review and to run as a superuser. It can be
// run again. Every statement ends with a semicolon at a line's end, so it
// goes through psql as well as through a driver.
func SetupSQL(r SetupRequest) (string, error) {
	if r.Version < minVersion {
		return "", fmt.Errorf("PostgreSQL %d is not supported; 13 is the oldest", r.Version/10000)
	}
	w := setup{request: r}
	w.say("The least privileges of pgmend on PostgreSQL %d. Review, then run as a superuser.", r.Version/10000)
	w.say("Passwords are yours to set: \\password in psql, a client certificate, or peer authentication.")
	if r.ReadRows {
		w.login(r.Observer, "finds: it reads the catalog, the statistics and the rows")
	} else {
		w.login(r.Observer, "finds: it reads the catalog and the statistics, and no rows")
	}
	w.run("GRANT pg_monitor TO {observer}", nil)
	w.readRows()
	if r.Healer != r.Observer {
		w.run("ALTER ROLE {observer} SET default_transaction_read_only = on", nil)
		w.login(r.Healer, "repairs: it has no rights of its own, and takes an owner's for one statement")
	}
	if r.Maintain && r.Version >= 170000 {
		w.say("It maintains every table of a schema on which it has USAGE, also of owners that are not named here;")
		w.say("the server runs what an owner wrote as that owner.")
		w.run("GRANT pg_maintain TO {healer} WITH INHERIT TRUE, SET FALSE", nil)
	}
	if r.Signaller != "" {
		w.login(r.Signaller, "ends sessions that a rule names, and nothing else")
		w.run("GRANT pg_signal_backend TO {signaller}", nil)
		w.say("It has to see that a session is still in the state in which it was found.")
		w.run("GRANT pg_read_all_stats TO {signaller}", nil)
	}
	w.owners()
	w.databases()
	return w.out.String(), w.err
}

// setup writes the statements, keeping the first error.
type setup struct {
	request SetupRequest
	out     strings.Builder
	err     error
}

func (w *setup) say(format string, args ...any) {
	// A comment ends with its line, so a name in it must not.
	text := strings.NewReplacer("\n", " ", "\r", " ").Replace(fmt.Sprintf(format, args...))
	w.out.WriteString("-- " + text + "\n")
}

// run writes a statement with the names in it quoted.
func (w *setup) run(sql string, more rules.Values) {
	if text := w.render(sql, more); text != "" {
		w.out.WriteString(text + ";\n")
	}
}

func (w *setup) render(sql string, more rules.Values) string {
	t, err := rules.ParseTemplate(sql, 0)
	if err == nil {
		sql, err = t.Inline(rules.Values{
			"observer": rules.Text(w.request.Observer), "healer": rules.Text(w.request.Healer),
			"signaller": rules.Text(w.request.Signaller),
		}.Merge(more))
	}
	if err != nil {
		if w.err == nil {
			w.err = fmt.Errorf("print %s: %w", sql, err)
		}
		return ""
	}
	return sql
}

// login makes a role unless it is there.
func (w *setup) login(role, what string) {
	w.out.WriteString("\n")
	w.say("%s %s.", role, what)
	body := w.render(`BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {role:literal}) THEN `+
		`CREATE ROLE {role} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 20; `+
		`END IF; END`, rules.Values{"role": rules.Text(role)})
	w.run("DO {body:literal}", rules.Values{"body": rules.Text(body)})
	if role == w.request.Observer || role == w.request.Signaller {
		w.say("It inherits what it is granted here.")
		w.run("ALTER ROLE {role} INHERIT", rules.Values{"role": rules.Text(role)})
	}
}

// readRows lets the observer read rows, where that was asked for.
func (w *setup) readRows() {
	switch {
	case !w.request.ReadRows:
	case w.request.Version >= 140000:
		w.run("GRANT pg_read_all_data TO {observer}", nil)
	default:
		w.say("PostgreSQL 13 has no pg_read_all_data. Run these in each database, and again after new tables.")
		for _, s := range distinct(w.request.Schemas) {
			schema := rules.Values{"schema": rules.Text(s)}
			w.run("GRANT USAGE ON SCHEMA {schema} TO {observer}", schema)
			w.run("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {observer}", schema)
			w.run("GRANT SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {observer}", schema)
		}
	}
}

// owners lets the healer take each owner's role.
func (w *setup) owners() {
	w.out.WriteString("\n")
	w.say("The owners of the tables to heal: SET ROLE, for one statement, and nothing by inheritance.")
	if len(w.request.Owners) == 0 {
		w.say("None is named: pgmend setup sql --owner NAME prints them.")
		for _, c := range distinct(w.request.Candidates) {
			w.say("Tables belong to %q.", c)
		}
	}
	grant := "GRANT {owner} TO {healer}"
	if w.request.Version >= 160000 {
		grant += " WITH INHERIT FALSE, SET TRUE"
	}
	for _, o := range distinct(w.request.Owners) {
		w.run(grant, rules.Values{"owner": rules.Text(o)})
	}
}

// databases grants what a session and the sandbox need.
func (w *setup) databases() {
	w.out.WriteString("\n")
	w.say("PUBLIC has these rights unless somebody took them. The sandbox of a repair is a temporary function of the owner.")
	logins := "{observer}, {healer}"
	if w.request.Signaller != "" {
		logins += ", {signaller}"
	}
	for _, d := range distinct(w.request.Databases) {
		name := rules.Values{"database": rules.Text(d)}
		w.run("GRANT CONNECT ON DATABASE {database} TO "+logins, name)
		for _, o := range distinct(w.request.Owners) {
			w.run("GRANT TEMPORARY ON DATABASE {database} TO {owner}", name.Merge(rules.Values{"owner": rules.Text(o)}))
		}
	}
}

func distinct(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
