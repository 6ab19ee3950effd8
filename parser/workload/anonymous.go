package workload

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pgmend/pgmend/parser"
)

// Log is one log that was read.
type Log struct {
	Path   string `json:"path"`
	Format string `json:"format"`
	Prefix string `json:"prefix,omitempty"` // log_line_prefix, of a text log
	Bytes  int64  `json:"bytes"`
	Lost   []Loss `json:"not_read,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Loss is what of a log could not be read as it should, and why.
type Loss struct {
	Why   string `json:"why"`
	Count int64  `json:"count"`
	Bytes int64  `json:"bytes"`
	First int64  `json:"first"` // the offset of the first
}

// keptWords are the words of SQL that say nothing about whose they are. Every
// other word of a statement is taken for a name.
// This one is a constant.
const keptWords = " " + `add aggregate all alter always analyze analyse and any array as asc atomic authorization before begin between bigint
 bool boolean both by cascade case cast char character check close cluster coalesce collate column comment commit concurrently conflict
 constraint copy create cross cube current current_date current_role current_time current_timestamp current_user cursor cycle data database
 date deallocate decimal declare default deferrable deferred definer delete desc discard distinct do domain double drop each else enable end
 escape except exclude execute exists explain extract false fetch filter first float following for foreign freeze from full function generated
 grant greatest group grouping having if ilike immediate in include index inherit initially inner inout insert instead int integer intersect
 interval into is isnull join json jsonb key lateral leading least left like limit listen local localtime localtimestamp lock materialized
 matched merge natural no not nothing notify notnull now null nullif nulls numeric of off offset on only or order out outer over overlaps
 overriding partition placing policy preceding precision prepare primary procedure range real recursive references refresh reindex release
 rename replace reset restrict returning returns revoke right rollback rollup row rows savepoint schema select sequence serializable session
 session_user set setof share show similar smallint some start statistics stored symmetric system table tablesample temp temporary text then
 time timestamp timestamptz to trailing transaction trigger trim true truncate union unique unlogged until update user using uuid vacuum
 values varchar varying verbose view when where window with within without work zone count sum avg min max` + " "

// masks give each name one other, by what it is.
type masks struct {
	words map[string]bool
	of    map[string]map[string]string
}

func (m *masks) name(kind, name string) string {
	if name == "" || name == Other || name == "[local]" || name == "[unknown]" {
		return name
	}
	if m.of[kind] == nil {
		m.of[kind] = map[string]string{}
	}
	if m.of[kind][name] == "" {
		m.of[kind][name] = kind + "_" + strconv.Itoa(len(m.of[kind])+1)
	}
	return m.of[kind][name]
}

func (m *masks) names(kind string, list []Name) {
	for i := range list {
		list[i].Name = m.name(kind, list[i].Name)
	}
}

// sql replaces every name in a statement.
func (m *masks) sql(text string) string {
	if text == "" || text == Other {
		return text
	}
	var b strings.Builder
	for _, t := range parser.Tokens(text) {
		switch t.Kind {
		case parser.TokenWord:
			if m.words[strings.ToLower(t.Text)] {
				b.WriteString(t.Text)
			} else {
				b.WriteString(m.name("name", strings.ToLower(t.Text)))
			}
		case parser.TokenQuoted:
			b.WriteString(m.name("name", strings.ReplaceAll(strings.Trim(t.Text, `"`), `""`, `"`)))
		case parser.TokenString:
			b.WriteString("'***'")
		case parser.TokenComment:
			b.WriteByte(' ')
		default:
			b.WriteString(t.Text)
		}
	}
	return b.String()
}

// dotted replaces the parts of database.schema.table.
func (m *masks) dotted(name string) string {
	parts := strings.Split(name, ".")
	for i := range parts {
		kind := "name"
		if i == 0 && len(parts) == 3 {
			kind = "database"
		}
		parts[i] = m.name(kind, parts[i])
	}
	return strings.Join(parts, ".")
}

// message replaces what a message quotes.
func (m *masks) message(text string) string {
	parts := strings.Split(text, `"`)
	for i := 1; i < len(parts); i += 2 {
		if parts[i] != "…" {
			parts[i] = m.name("name", parts[i])
		}
	}
	return strings.Join(parts, `"`)
}

// Anonymize replaces every name of a person, program, host, database, schema,
// table and column, the same by the same, so that a report can be shown to
// others. Numbers and times stay.
func (r *Report) Anonymize(logs []Log) {
	m := &masks{words: map[string]bool{}, of: map[string]map[string]string{}}
	for _, w := range strings.Fields(keptWords) {
		m.words[w] = true
	}
	for i := range logs {
		logs[i].Path, logs[i].Error = m.name("log", logs[i].Path), ""
	}
	m.names("user", r.Users)
	m.names("database", r.Databases)
	m.names("application", r.Apps)
	m.names("host", r.Hosts)
	for i := range r.Queries {
		m.query(&r.Queries[i])
	}
	if r.Other != nil {
		m.query(r.Other)
	}
	for i := range r.Tables {
		t := &r.Tables[i]
		t.Schema, t.Name = m.name("name", t.Schema), m.name("name", t.Name)
	}
	for i := range r.Errors {
		e := &r.Errors[i]
		e.Message, e.Statement = m.message(e.Message), m.sql(e.Statement)
		m.names("user", e.Users)
		m.names("database", e.Databases)
	}
	m.activity(r)
}

func (m *masks) query(q *Query) {
	q.Text = m.sql(q.Text)
	q.Tables = slices.Clone(q.Tables)
	for i := range q.Tables {
		t := &q.Tables[i]
		t.Catalog, t.Schema, t.Name = m.name("database", t.Catalog), m.name("name", t.Schema), m.name("name", t.Name)
	}
	m.names("user", q.Users)
	m.names("application", q.Apps)
	m.names("database", q.Databases)
}

func (m *masks) activity(r *Report) {
	for i := range r.Locks.Waits {
		r.Locks.Waits[i].Statement = m.sql(r.Locks.Waits[i].Statement)
	}
	for i := range r.Locks.Deadlocks {
		d := &r.Locks.Deadlocks[i]
		d.Database = m.name("database", d.Database)
		for j := range d.Processes {
			d.Processes[j].Statement = m.sql(d.Processes[j].Statement)
		}
	}
	for i := range r.TempFiles.Queries {
		r.TempFiles.Queries[i].Text = m.sql(r.TempFiles.Queries[i].Text)
	}
	for i := range r.Vacuums {
		r.Vacuums[i].Table = m.dotted(r.Vacuums[i].Table)
	}
	s := &r.Sessions
	m.names("user", s.Users)
	m.names("database", s.Databases)
	m.names("host", s.Hosts)
	m.names("application", s.Apps)
}
