// Package parser turns SQL text into statements: which tables, with which
// access, which columns, which fingerprint. It is the one place that extracts
// tables from a query, and the only importer of pg_query.
//
// In the flow of data it stands between the log and the rules:
//
//	log line -> Record -> Event -> Statement -> Rule
//
// and, through Inspect, it is the judge of the statements in rule files. It is
// pure: no I/O, no state. The daemon calls it only in a child process (package
// worker), because the C parser cannot be trusted with hostile text.
package parser
