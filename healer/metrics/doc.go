// Package metrics is what the daemon shows to Prometheus, and whether it is
// well.
//
//	every transition -> ledger -> (metrics) -> scrape
//
// What happened is counted as it is told; what stands now is read from the
// ledger when it is asked for, so that a restart forgets nothing. No name that
// a user of the database chose is a label, but for the database's own.
package metrics
