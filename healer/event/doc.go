// Package event is what the daemon says in its log: the catalogue of events,
// each with a code that never changes, and the observer that writes them.
//
// It stands at the end of the flow:
//
//	every transition -> ledger -> (event) log line -> shipped logs -> alerting
//
// A line is one slog record with flat, dotted keys, JSON where it is shipped
// and human where a person looks. Text that came from the database or the
// log is escaped by the encoder and cut, never interpreted.
package event
