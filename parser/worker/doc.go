// Package worker runs the parser in a child process. The C parser can be
// killed by a text, with a signal that Go cannot catch, and any user of the
// database can have such a text logged; so the daemon never calls it itself.
//
//	masked statement -> (worker) child process -> parser.Parse -> Statement
//
// The child has no credentials and no environment, limits on itself, and a
// deadline. Only masked text is sent to it. A statement that kills it is
// remembered, approximated, and never sent again.
package worker
