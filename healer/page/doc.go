// Package page serves what report writes to a browser on the same host: the
// local page.
//
//	ledger, census, daemon -> report -> page
//
// It stands beside control, at the end of the flow, and only reads: whoever
// can look cannot act, and actions stay in the command line. It serves a unix
// socket by default and, where that is configured, TCP behind a token. No page
// of another site can read it or embed it: Host, Origin and Sec-Fetch-Site are
// checked, and its policy lets a browser load nothing but its own stylesheet
// and one script, without which everything works, too.
package page
