// Package guidance says what a finding means and what to do about its cause:
// what the rule's author wrote, put beside the facts of this very object.
//
// It stands after the flow, beside the report:
//
//	Finding -> (guidance) Advice -> report
//
// It is the structured fallback that is always there: it explains, it never
// decides, and no text of it ever becomes SQL. It imports rules and healer for
// their types only, and only cmd imports it.
package guidance
