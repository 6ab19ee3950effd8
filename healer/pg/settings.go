package pg

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// setting is one of the settings every session has, by the doctrine.
type setting struct{ name, value string }

// The times of sessions that only read.
const (
	readTimeout     = 30 * time.Second
	readLockTimeout = 200 * time.Millisecond
)

// restrictKinds refuses what only looks like a table: one that its owner
// swapped for a view runs the owner's code in whoever reads it. It came in 17
// and with the minor releases of August 2024 (CVE-2024-7348), so the server
// is asked whether it is there.
const (
	restrictKinds = "restrict_nonsystem_relation_kind"
	noViews       = "view, foreign-table"
)

// settings lists what the session sets. A deadline of 0 is a reader's.
// Documentation: Client Connection Defaults, Statement Behavior.
func (s *session) settings(deadline time.Duration) []setting {
	readOnly := "off"
	if deadline == 0 {
		deadline, readOnly = readTimeout, "on"
	}
	list := []setting{
		{"search_path", "pg_catalog, pg_temp"},
		{"statement_timeout", ms(deadline)},
		{"lock_timeout", ms(readLockTimeout)},
		{"idle_in_transaction_session_timeout", ms(time.Minute)},
		// What is sent is UTF-8, and so is what is quoted.
		{"client_encoding", "UTF8"},
		{"client_min_messages", "warning"},
		{"synchronous_commit", "local"},
		{"row_security", "off"},
		{"TimeZone", "UTC"},
		{"DateStyle", "ISO, MDY"},
		{"IntervalStyle", "postgres"},
		{"bytea_output", "hex"},
		{"extra_float_digits", "1"},
		{"standard_conforming_strings", "on"},
		{"quote_all_identifiers", "off"},
		{"check_function_bodies", "off"},
		{"default_transaction_read_only", readOnly},
	}
	if readOnly == "on" { // a look is over before it would be compiled, and takes one processor
		list = append(list, setting{"jit", "off"}, setting{"max_parallel_workers_per_gather", "0"})
	}
	if s.version >= 140000 {
		list = append(list, setting{"idle_session_timeout", ms(24 * time.Hour)})
	}
	if s.version >= 170000 {
		list = append(list, setting{"transaction_timeout", ms(deadline + time.Minute)})
	}
	if s.restricts {
		list = append(list, setting{restrictKinds, noViews})
	}
	return list
}

// unsettled are settings that only a superuser may change, and that a login may
// have for its own: with them triggers and foreign keys do not hold for what a
// repair writes, and a damaged page is read as an empty one.
var unsettled = [...]setting{{"session_replication_role", "origin"}, {"zero_damaged_pages", "off"}, {"ignore_checksum_failure", "off"}}

// ms writes a time as the server reads it back: in its largest whole unit.
func ms(d time.Duration) string {
	if d%time.Hour == 0 && d%(24*time.Hour) != 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	switch {
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d%time.Minute == 0:
		return fmt.Sprintf("%dmin", d/time.Minute)
	case d%time.Second == 0:
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// settle sets everything and reads it back: a pooler or a login's own
// settings must not leave a session that only seems safe.
func (s *session) settle(ctx context.Context, deadline time.Duration) error {
	var set, read []string
	var minded []setting
	if deadline > 0 {
		minded = unsettled[:] // whoever only reads harms nobody
	}
	want := s.settings(deadline)
	for _, x := range want {
		set = append(set, fmt.Sprintf("pg_catalog.set_config('%s', '%s', false)", x.name, x.value))
		read = append(read, fmt.Sprintf("pg_catalog.current_setting('%s')", x.name))
	}
	for _, x := range minded {
		read = append(read, fmt.Sprintf("pg_catalog.current_setting('%s')", x.name))
	}
	if _, err := s.query(ctx, "SELECT "+strings.Join(set, ", ")); err != nil {
		return fmt.Errorf("set the session's settings: %w", err)
	}
	rows, err := s.query(ctx, "SELECT "+strings.Join(read, ", "))
	if err != nil {
		return fmt.Errorf("read the session's settings back: %w", err)
	}
	for i, x := range want {
		if got := rows[0][i].Text; got != x.value {
			return fmt.Errorf("the session's %s is %q after it was set to %q; is there a pooler in between?", x.name, got, x.value)
		}
	}
	for i, x := range minded {
		if got := rows[0][len(want)+i].Text; got != x.value {
			return &healer.Refusal{Guard: "session", Reason: fmt.Sprintf("its %s is %q, with which nothing is repaired: ALTER ROLE … RESET %s, or where else it is set", x.name, got, x.name)}
		}
	}
	return nil
}
