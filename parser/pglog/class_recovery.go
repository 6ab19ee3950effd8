package pglog

// The kinds of events about recovery, replication and further troubles of the
// server that programs branch on; the rest are spelled in the table.
const (
	RecoveryConflictWait Kind = "recovery_conflict_waiting"
	StreamingLost        Kind = "streaming_interrupted"
	SlotInvalidated      Kind = "replication_slot_invalidated"
	Audit                Kind = "audit"
)

// recoveryClasses are messages of recovery, standbys and replication. Their
// texts are those of src/backend/access/transam, replication and storage/ipc.
var recoveryClasses = []class{
	{kind: "recovery_starting", patterns: []string{"entering standby mode", "starting archive recovery", "starting point-in-time recovery to…",
		"starting backup recovery with redo LSN {lsn}, checkpoint LSN…", "completed backup recovery with redo LSN {lsn} and end LSN…"}, body: file},
	{kind: "consistent_recovery_state", patterns: []string{"consistent recovery state reached at {lsn}", "consistent recovery state reached"}, body: file},
	{kind: "recovery_stopping", patterns: []string{"recovery stopping…", "pausing at the end of recovery", "recovery has paused"}},
	{kind: "recovery_complete", patterns: []string{"archive recovery complete", "last completed transaction was at log time {time}"}},
	{kind: "recovery_progress", patterns: []string{"redo in progress, elapsed time: {seconds#} s, current LSN: {lsn}", "syncing data directory (fsync), elapsed time: {seconds#} s, current path: {path}",
		"resetting unlogged relations (init), elapsed time: {seconds#} s, current path: {path}", "resetting unlogged relations (cleanup), elapsed time: {seconds#} s, current path: {path}"}, body: file},
	{kind: "restartpoint_at", patterns: []string{"recovery restart point at {lsn}"}, body: file},
	{kind: EndOfWAL, patterns: []string{"invalid magic number {bad} in log segment…", "invalid magic number {bad} in WAL segment…", "unexpected pageaddr {lsn} in log segment…", "unexpected pageaddr {lsn} in WAL segment…",
		"incorrect resource manager data checksum in record at {lsn}", "contrecord is requested by {lsn}", "there is no contrecord flag at {lsn}", "invalid resource manager ID {id#} at {lsn}",
		"missing contrecord at {lsn}", "unexpected end of WAL…", "invalid record length at {lsn}: expected…"}, body: file},
	{kind: "invalid_checkpoint", patterns: []string{"could not locate a valid checkpoint record…", "could not locate required checkpoint record…", "invalid checkpoint record", "invalid primary checkpoint record"}},

	{kind: StreamingLost, patterns: []string{"could not receive data from WAL stream: {error}", "replication terminated by primary server", "terminating walreceiver due to timeout",
		"terminating walsender process due to replication timeout", "terminating walreceiver process due to administrator command"}, body: connection},
	{kind: StreamingLost, states: []string{"08006", "08P01"}, patterns: []string{"could not receive data from WAL stream: {error}", "could not connect to the primary server: {error}",
		"streaming replication receiver \"{name}\" could not connect to the primary server: {error}", "could not send data to WAL stream: {error}"}, body: connection},
	{kind: StreamingLost, patterns: []string{"could not connect to the primary server: {error}"}, body: connection},
	{kind: "streaming_waiting", patterns: []string{"waiting for WAL to become available at {lsn}"}, body: file},
	{kind: "standby_invalid_timeline", patterns: []string{"highest timeline {tli#} of the primary is behind recovery timeline {own#}",
		"new timeline {tli#} forked off current database system timeline {own#} before current recovery point…", "new timeline {tli#} is not a child of database system timeline {own#}",
		"requested timeline {tli#} is not a child of this server's history"}},
	{kind: RecoveryConflictWait, patterns: []string{"recovery still waiting after {ms#} ms: {target}", "recovery finished waiting after {ms#} ms: {target}"}, body: lock},
	{kind: "replication_command", patterns: []string{"received replication command: {name}"}},
	{kind: "synchronous_standby", patterns: []string{"standby \"{app}\" is now a synchronous standby with priority…", "standby \"{app}\" is now a candidate for quorum synchronous standby"}, body: connection},
	{kind: SlotInvalidated, patterns: []string{"invalidating obsolete replication slot \"{name}\"", "invalidating slot \"{name}\" because its restart_lsn {lsn} exceeds max_slot_wal_keep_size",
		"terminating process {pid#} to release replication slot \"{name}\"", "terminating process {pid#} because replication slot \"{name}\" is too far behind"}, body: process},
	{kind: "logical_replication", patterns: []string{"logical replication apply worker for subscription \"{name}\" has started", "logical replication table synchronization worker for subscription \"{name}\"…",
		"logical replication apply worker for subscription \"{name}\" will…", "logical replication launcher started", "logical replication launcher shutting down", "starting logical decoding for slot \"{name}\"",
		"logical decoding found consistent point at {lsn}", "logical decoding found initial starting point at {lsn}"}, body: process},
	{kind: "base_backup_complete", patterns: []string{"pg_stop_backup complete, all required WAL segments have been archived", "all required WAL segments have been archived",
		"backup stop complete, all required WAL segments have been archived"}},
	{kind: "base_backup_waiting", patterns: []string{"still waiting for all required WAL segments to be archived…", "pg_stop_backup still waiting for all required WAL segments to be archived…",
		"base backup done, waiting for required WAL segments to be archived"}},
	{kind: "autovacuum_launcher", patterns: []string{"autovacuum launcher started", "autovacuum launcher shutting down", "autovacuum worker took too long to start; canceled", "worker took too long to start; canceled"}},
	{kind: "statistics_collector_timeout", patterns: []string{"using stale statistics instead of current ones because stats collector is not responding"}},
	{kind: "log_destination", patterns: []string{"ending log output to stderr", "redirecting log output to logging collector process", "redirecting log output to logging collector process…"}},
	{kind: "ssl_error", states: []string{"08P01"}, patterns: []string{"could not accept SSL connection: {error}", "could not initialize SSL connection: {error}"}, body: connection},
	{kind: "ssl_error", patterns: []string{"could not accept SSL connection: {error}", "SSL error: {error}", "could not load server certificate file \"{path}\": {error}"}, body: connection},
	{kind: "process_start_failed", patterns: []string{"could not fork {name} process: {error}", "could not fork new process for connection: {error}", "could not fork worker process: {error}", "could not fork autovacuum worker process: {error}"}, body: process},
	{kind: "listen_failed", patterns: []string{"could not bind {type} address \"{host}\": {error}", "could not bind Unix address \"{host}\": {error}", "could not create listen socket for \"{host}\""}, body: connection},
	{kind: "collation_version", states: []string{"01000"}, patterns: []string{"database \"{name}\" has a collation version mismatch", "collation \"{name}\" has version mismatch"}, quoted: []string{"name"}, body: object("collation")},
	{kind: Audit, patterns: []string{"AUDIT: {name}"}},
}
