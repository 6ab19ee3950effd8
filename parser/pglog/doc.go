// Package pglog turns the bytes of a PostgreSQL server log into records, and
// records into events.
//
// In the flow of data it stands right after the tail:
//
//	log bytes -> parser/tail -> [pglog: Record -> Event] -> parser -> Rule
//
// A Decoder frames the bytes (a record may span many lines, arrive in pieces
// or be cut off by a crash); Classify says what a record reports, by its
// SQLSTATE first, because lc_messages translates the text. Both are pure: no
// I/O, no clock, no goroutine. A Scan reads a whole log from a reader, on all
// cores, through the same framers. What the package returns is a hint, never
// evidence: any user can have any text logged.
//
// The formats are those of
// https://www.postgresql.org/docs/current/runtime-config-logging.html.
package pglog
