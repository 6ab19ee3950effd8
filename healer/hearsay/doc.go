// Package hearsay counts what the server's log says: how often, of which
// tables, in which statements and sessions. Rules that only report read it.
//
// In the flow of data it stands beside the way from the log to a rule: the
// daemon tells it each event, and it answers healer.Hearsay. Its memory is
// bounded whatever the log says, it keeps no literal of any statement, and it
// survives a restart in the ledger's state. What came in the last seconds
// before a crash is lost or counted twice: it is no proof of anything.
package hearsay
