package healer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/rules"
)

// EventTrigger is one of the database that is enabled in our sessions.
type EventTrigger struct {
	Name     string
	Function string   // with its schema
	Event    string   // ddl_command_start, ddl_command_end, sql_drop or table_rewrite
	Tags     []string // of the commands that it is for; none: all
}

// GuardEventTrigger is over code that would run with the repair's statements.
const GuardEventTrigger = "event trigger"

// The classes of statement whose command tag is not just their name, as patterns
// of tags; an event trigger's WHEN TAG asks for the tag. None at all: they run
// no event trigger (documentation, "Event Trigger Firing Matrix": what keeps or
// reads data, and what is of the whole cluster). A class that is not listed
// counts as DDL. A test holds all of them against a real server.
var commandTags = map[string][]string{
	"alter_database": {}, "alter_system": {}, "analyze": {}, "delete": {}, "insert": {}, "lock": {}, "rollback_prepared": {},
	"select": {}, "vacuum": {},
	// Their scripts run statements of every kind, each with its own tag.
	"create_extension": {"CREATE EXTENSION", "*"}, "alter_extension": {"ALTER EXTENSION", "*"},
	// The tag names what kind of object it is, and the class does not.
	"alter_owner": {"ALTER *"}, "create_function": {"CREATE FUNCTION", "CREATE PROCEDURE"},
	"composite_type": {"CREATE TYPE"}, "create_enum": {"CREATE TYPE"}, "create_range": {"CREATE TYPE"},
	"create_index_only": {"CREATE INDEX"}, "drop_statistic_ext": {"DROP STATISTICS"},
	"reindex_index": {"REINDEX"}, "reindex_table": {"REINDEX"},
}

// comparingTags are those of the temporary table by which REFRESH MATERIALIZED
// VIEW CONCURRENTLY compares, and which it makes by SQL (matview.c); in older
// minor releases by CREATE TABLE AS.
var comparingTags = []string{"CREATE TABLE", "CREATE TABLE AS", "ALTER TABLE", "DROP TABLE"}

// sandboxTags are those of the function in which what runs as an owner runs in a
// transaction: it is made, granted and dropped.
var sandboxTags = []string{"CREATE FUNCTION", "GRANT", "DROP FUNCTION"}

// tags are patterns of the command tags that a step has on a version.
func (s PlannedStep) tags(mode rules.Mode, major int) []string {
	tags, listed := commandTags[s.Class]
	switch {
	case !listed:
		tags = []string{strings.ToUpper(strings.ReplaceAll(s.Class, "_", " "))}
	case strings.HasPrefix(s.Class, "reindex_") && major < 17:
		tags = nil // it runs them since then (release notes of 17)
	}
	if s.Class == "refresh_materialized_view" && s.concurrently() {
		tags = slices.Concat(tags, comparingTags)
	}
	if s.Role != "" && (mode != rules.Session || s.Alone) {
		tags = slices.Concat(tags, sandboxTags)
	}
	return tags
}

// concurrently reports whether its statement says so; what cannot be read may.
func (s PlannedStep) concurrently() bool {
	parsed, err := parser.Inspect(s.SQL)
	return err != nil || slices.ContainsFunc(parsed, func(i parser.Inspection) bool { return i.Concurrently })
}

// With says with which command of a step it would run; "" with none.
func (t EventTrigger) With(s PlannedStep, mode rules.Mode, major int) string {
	tags := s.tags(mode, major)
	for _, tag := range tags {
		switch {
		case !t.happens(tag):
			continue
		case len(t.Tags) == 0 && tag == "*":
			return tags[0] // some statement of its script
		case len(t.Tags) == 0:
			return tag
		}
		if i := slices.IndexFunc(t.Tags, func(its string) bool { return rules.MatchGlob(tag, its) }); i >= 0 {
			return t.Tags[i]
		}
	}
	return ""
}

// happens reports whether a command can cause the trigger's event at all. An
// ALTER TABLE may drop a default or a constraint, and rewrite the table.
func (t EventTrigger) happens(tag string) bool {
	switch t.Event {
	case "sql_drop":
		return strings.HasPrefix(tag, "DROP ") || tag == "ALTER TABLE" || tag == "*"
	case "table_rewrite":
		return tag == "ALTER TABLE" || tag == "*"
	}
	return true
}

// guardEventTriggers refuses statements with which an event trigger would run
// that nobody has said to be harmless. What it does cannot be seen from outside.
func (r *run) guardEventTriggers(list []EventTrigger, steps []PlannedStep, mode rules.Mode) *Decision {
	allowed := r.cfg.Policy.AllowEventTriggers
	for _, t := range list {
		if slices.ContainsFunc(allowed, func(glob string) bool { return rules.MatchGlob(glob, t.Name) }) {
			continue
		}
		for _, s := range steps {
			if command := t.With(s, mode, r.server.Major()); command != "" {
				return refuse(GuardEventTrigger, "the event trigger %s would run %s() with our %s, and may do anything, such as refuse or replicate it; "+
					"once you know that it is harmless, write allow_event_triggers: [%s] into the configuration",
					t.Name, t.Function, command, yamlNames(append(slices.Clone(allowed), t.Name)))
			}
		}
	}
	return nil
}

// plain is a name that YAML reads as it is written.
var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_*?-]*$`)

// yamlNames writes names as a list in YAML has them.
func yamlNames(names []string) string {
	for i, name := range names {
		if !plain.MatchString(name) {
			names[i] = strconv.Quote(name)
		}
	}
	return strings.Join(names, ", ")
}
