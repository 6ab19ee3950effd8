// Package baseline is the approved schema: what a database has to have, as a
// person approved it, and how it differs now.
//
//	catalog ─ Read ─> Schema ─ approve ─> Store
//	Store + catalog ─ Compare ─> Difference ─> statements, undo, hazards ─> schema/drift
//
// In the flow of data it stands beside the rules: a rule asks for @drift, and
// this package answers with what differs and the statements that bring it back.
// They come from definitions that the server printed when the baseline was
// captured, never from a statement in the log. The package reads the catalog
// through healer.Reader, as the login that finds, and writes no database; only a
// folder of SQL that a person wrote is loaded, into a scratch database.
package baseline
