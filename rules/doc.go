// Package rules holds what pgmend knows about faults: each rule is one SQL
// file that says how to detect a fault, prove it, guard, repair, verify and
// undo it.
//
// In the flow of data it stands between the log and the healer:
//
//	Event | schedule -> Rule -> (healer) Finding -> Plan -> Attempt
//
// The package reads rule files, refuses bad ones with file and line (vet, by
// the statement's syntax tree), chooses the variant for a server version and
// renders templates with safely quoted values. It never sees a database.
package rules
