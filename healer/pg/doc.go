// Package pg is how the healer meets PostgreSQL: sessions, their settings,
// roles and the owner's sandbox, locks and the watchdog, and the catalog
// snapshot. It implements healer.Reader, Snapshotter and Operator, and is the
// only importer of pgx.
//
// Every session sets what the doctrine asks for and reads it back; every call
// is one statement over the extended protocol, so nothing that is spliced in
// can begin a second one.
package pg
