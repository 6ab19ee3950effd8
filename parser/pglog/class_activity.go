package pglog

// The kinds of events about sessions, statements, locks and maintenance.
const (
	Duration                Kind = "duration"  // of a statement, with or without its text
	StatementLogged         Kind = "statement" // log_statement: it begins
	Plan                    Kind = "plan"      // auto_explain
	ConnectionReceived      Kind = "connection_received"
	ConnectionAuthenticated Kind = "connection_authenticated"
	ConnectionAuthorized    Kind = "connection_authorized"
	ConnectionReady         Kind = "connection_ready"
	Disconnection           Kind = "disconnection"
	ConnectionLost          Kind = "connection_lost"
	AutoVacuum              Kind = "autovacuum"
	AutoAnalyze             Kind = "autoanalyze"
	VacuumSkipped           Kind = "vacuum_skipped"
	AutoVacuumCanceled      Kind = "autovacuum_canceled"
	LockWaiting             Kind = "lock_waiting"
	LockAcquired            Kind = "lock_acquired"
	DeadlockAvoided         Kind = "deadlock_avoided"
	Deadlock                Kind = "deadlock"
)

// activityClasses are messages about what sessions do: log_connections,
// log_lock_waits, log_autovacuum_min_duration.
var activityClasses = []class{
	{kind: ConnectionReceived, patterns: []string{"connection received: host={host} port={port#}", "connection received: host={host}"}, body: connection},
	{kind: ConnectionAuthenticated, patterns: []string{"connection authenticated: identity=\"{identity}\" method={method} (…", "connection authenticated: user=\"{identity}\" method={method} (…"}, body: connection},
	{kind: ConnectionAuthorized, patterns: []string{
		"connection authorized: user={user} database={database} application_name={app} SSL enabled (…",
		"connection authorized: user={user} database={database} application_name={app}",
		"connection authorized: user={user} database={database} SSL enabled (…",
		"connection authorized: user={user} database={database}",
		"replication connection authorized: user={user} application_name={app} SSL enabled (…",
		"replication connection authorized: user={user} application_name={app}",
		"replication connection authorized: user={user}"}, body: connection},
	{kind: ConnectionReady, patterns: []string{"connection ready: setup total={setup#} ms, …"}},
	{kind: Disconnection, patterns: []string{
		"disconnection: session time: {session} user={user} database={database} host={host} port={port#}",
		"disconnection: session time: {session} user={user} database={database} host={host}"}, body: connection},
	{kind: ConnectionLost, patterns: []string{
		"could not receive data from client: {error}", "could not send data to client: {error}",
		"unexpected EOF on client connection with an open transaction", "unexpected EOF on client connection…"}, body: connection},
	{kind: ConnectionLost, states: []string{"08006", "08003"}, patterns: []string{"connection to client lost"}, body: connection},
	{kind: AutoVacuum, patterns: []string{
		"automatic aggressive vacuum to prevent wraparound of table \"{wraparound}\": index scans: {scans}",
		"automatic vacuum to prevent wraparound of table \"{wraparound}\": index scans: {scans}",
		"automatic aggressive vacuum of table \"{aggressive}\": index scans: {scans}",
		"automatic vacuum of table \"{table}\": index scans: {scans}"}, body: vacuum},
	{kind: AutoAnalyze, patterns: []string{"automatic analyze of table \"{table}\" system usage: {usage}", "automatic analyze of table \"{table}\"\n…", "automatic analyze of table \"{table}\""}, body: vacuum},
	{kind: LockWaiting, patterns: []string{"process {pid#} still waiting for {mode} on {target} after {ms#} ms"}, body: lock},
	{kind: LockAcquired, patterns: []string{"process {pid#} acquired {mode} on {target} after {ms#} ms"}, body: lock},
	{kind: Deadlock, patterns: []string{"process {pid#} detected deadlock while waiting for {mode} on {target} after {ms#} ms"}, body: lock},
	{kind: DeadlockAvoided, patterns: []string{"process {pid#} avoided deadlock for {mode} on {target} by rearranging queue order after {ms#} ms"}, body: lock},
	{kind: Deadlock, states: []string{"40P01"}, patterns: []string{"deadlock detected"}, body: lock},
	{kind: VacuumSkipped, states: []string{"55P03"}, patterns: []string{"skipping vacuum of \"{table}\" --- lock not available", "skipping analyze of \"{table}\" --- lock not available"}, body: relation},
	{kind: VacuumSkipped, states: []string{"42P01"}, patterns: []string{"skipping vacuum of \"{table}\" --- relation no longer exists", "skipping analyze of \"{table}\" --- relation no longer exists"}, body: relation},
	{kind: AutoVacuumCanceled, states: []string{"57014"}, patterns: []string{"canceling autovacuum task"}},
}
