// Package report shows what the healer found, planned and did, to people and
// to other programs:
//
//	Finding, Plan, Decision, Attempt -> ledger -> report
//
// It stands at the end of the flow and decides nothing. The same values go
// out as tables, JSON, JSON lines, CSV and Markdown; one attempt as the repair
// report; a period as the summary; and, while a run goes on, every transition
// as a line. Names, messages and SQL come from the database and so from
// anybody: each output escapes them for the reader it is meant for. The
// package reads no environment: colour and width are options.
package report
