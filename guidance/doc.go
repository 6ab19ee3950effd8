// Package guidance says what a fault, an error or a question is about and what
// to do: always an Advice of the same schema, whether an AI that was configured
// wrote it or the built-in packs did.
//
// It stands beside the flow, after the report:
//
//	question | SQLSTATE | log line | Finding -> theme -> Advice -> report, page, pgmend guide
//
// Themes and their words are data, a Pack. Detection is a sum of weights, so
// that anybody can see why. An AI is asked only where one was configured, with
// masked text, and only ever explains: its answer is data, may name no rule that
// does not exist, is never run and approves nothing. Whatever goes wrong with it
// gives the built-in answer, with the reason noted.
//
// An Engine is made once and used by everybody; Shared makes it on first use. The
// package imports rules and healer for their types only, and only cmd imports it.
package guidance
