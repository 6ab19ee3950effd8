// Package disposable starts PostgreSQL servers that nobody will miss: for
// `pgmend demo` and for the tests. A server lives in a folder of its own, is
// reached over a private socket only, never listens on a network, and ends
// with the process that started it.
//
// It stands outside of the flow: it is the patient, not the healer.
package disposable
