// Package ledger keeps what the healer must not forget: the history, which is
// append-only and hash-chained, and the state, which may be overwritten. It
// implements healer.Ledger and healer.State over one SQLite file.
//
// What is not durable here does not happen: Append returns after the disk
// has it (synchronous=FULL). It is never in the patient, so it works while
// PostgreSQL is down, and a DBA can open it with sqlite3.
package ledger
