package config

import (
	"fmt"
	"strings"
)

// defaultEventTriggers are pgaudit's, which write to the log and nothing else.
func defaultEventTriggers() []string {
	return []string{"pgaudit_ddl_command_end", "pgaudit_sql_drop"}
}

// wrongEventTrigger says why a text is no pattern of event triggers; "" where it
// is one. Nothing is excluded here: who writes "!" would take it that "*" lets
// all others run, and it would let this one run, too.
func wrongEventTrigger(s string) string {
	switch {
	case s == "":
		return "allow_event_triggers: a name or a pattern such as audit_* is needed; [] allows none"
	case strings.HasPrefix(s, excludes):
		return fmt.Sprintf("allow_event_triggers: %q excludes nothing; name those that are allowed", s)
	case strings.HasSuffix(s, "()"):
		return fmt.Sprintf("allow_event_triggers: %q is a function; the name of its event trigger is needed, as \\dy in psql shows it", s)
	}
	return ""
}
