// Package workload sums up what a log's records say of the work that a server
// did: the shapes of its statements, errors, locks, maintenance, sessions.
//
// In the flow of data it stands beside the rules:
//
//	pglog.Record, parser.Statement -> [workload: Sheet -> Report] -> report
//
// A Sheet takes records; each worker of a scan has one, and Merge makes one of
// them all. Memory is bounded whatever the log: every list has a cap, and what
// comes beyond it is summed up as "other", never left out in silence. Texts of
// statements are kept with their literals masked, and messages with what they
// quote. The package is pure: no I/O, no clock, no goroutine.
package workload
