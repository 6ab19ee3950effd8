package pg

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// setting is one of the settings every session has, by the doctrine.
type setting struct {
	name, value string
	since       int // the first server_version_num that has it
}

// The times of sessions that only read.
const (
	readTimeout     = 30 * time.Second
	readLockTimeout = 200 * time.Millisecond
)

// settings lists what a session sets. A deadline of 0 is a reader's.
// Documentation: Client Connection Defaults, Statement Behavior.
func settings(deadline time.Duration) []setting {
	readOnly := "off"
	if deadline == 0 {
		deadline, readOnly = readTimeout, "on"
	}
	return []setting{
		{"search_path", "pg_catalog, pg_temp", 0},
		{"statement_timeout", ms(deadline), 0},
		{"lock_timeout", ms(readLockTimeout), 0},
		{"idle_in_transaction_session_timeout", ms(time.Minute), 0},
		{"idle_session_timeout", ms(24 * time.Hour), 140000},
		{"transaction_timeout", ms(deadline + time.Minute), 170000},
		{"client_min_messages", "warning", 0},
		{"synchronous_commit", "local", 0},
		{"row_security", "off", 0},
		{"TimeZone", "UTC", 0},
		{"DateStyle", "ISO, MDY", 0},
		{"IntervalStyle", "postgres", 0},
		{"bytea_output", "hex", 0},
		{"extra_float_digits", "1", 0},
		{"standard_conforming_strings", "on", 0},
		{"quote_all_identifiers", "off", 0},
		{"check_function_bodies", "off", 0},
		{"restrict_nonsystem_relation_kind", "view, foreign-table", 170000},
		{"default_transaction_read_only", readOnly, 0},
	}
}

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
	var want []setting
	for _, x := range settings(deadline) {
		if s.version < x.since {
			continue
		}
		want = append(want, x)
		set = append(set, fmt.Sprintf("pg_catalog.set_config('%s', '%s', false)", x.name, x.value))
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
	return nil
}
