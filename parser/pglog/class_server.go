package pglog

// The kinds of events about the server itself.
const (
	Other               Kind = "other"
	ServerStarting      Kind = "server_starting"
	ServerReady         Kind = "server_ready"
	ShutdownRequested   Kind = "server_shutdown_requested"
	ServerShutdown      Kind = "server_shutdown"
	ServerCrash         Kind = "server_crash"
	CrashRecovery       Kind = "crash_recovery"
	RedoStarted         Kind = "redo_started"
	RedoDone            Kind = "redo_done"
	EndOfWAL            Kind = "end_of_wal"
	ProcessCrash        Kind = "process_crash"
	ProcessExit         Kind = "process_exit"
	Listening           Kind = "listening"
	Reload              Kind = "configuration_reload"
	SettingChanged      Kind = "setting_changed"
	SettingNeedsRestart Kind = "setting_needs_restart"
	ConfigurationError  Kind = "configuration_error"
	ArchiveFailed       Kind = "archive_failed"
	TempFile            Kind = "temporary_file"
	CheckpointStarting  Kind = "checkpoint_starting"
	CheckpointComplete  Kind = "checkpoint_complete"
	CheckpointsFrequent Kind = "too_frequent_checkpoints"
	StreamingStarted    Kind = "streaming_started"
	WALRestored         Kind = "wal_restored"
	WraparoundNear      Kind = "wraparound"
	ChecksumFailed      Kind = "checksum_failed"
	Promoted            Kind = "promoted"
)

// serverClasses are messages of the postmaster, the startup process, the
// checkpointer and the archiver. Their texts are those of
// src/backend/postmaster and src/backend/access/transam of PostgreSQL 13 to 18.
var serverClasses = []class{
	{kind: ServerStarting, patterns: []string{"starting PostgreSQL {version} on …"}, body: process},
	{kind: ServerReady, patterns: []string{"database system is ready to accept connections", "database system is ready to accept read-only connections", "database system is ready to accept read only connections"}},
	{kind: ShutdownRequested, patterns: []string{"received {mode} shutdown request"}, body: process},
	{kind: ServerShutdown, patterns: []string{"database system is shut down"}},
	{kind: "server_shutting_down", patterns: []string{"shutting down", "aborting any active transactions"}},
	{kind: "server_was_shut_down", patterns: []string{"database system was shut down at {time}", "database system was shut down in recovery at {time}"}},
	{kind: ServerCrash, patterns: []string{"database system was interrupted…", "all server processes terminated; reinitializing", "terminating any other active server processes"}},
	{kind: CrashRecovery, patterns: []string{"database system was not properly shut down; automatic recovery in progress", "redo is not required"}},
	{kind: RedoStarted, patterns: []string{"redo starts at {lsn}"}, body: file},
	{kind: RedoDone, patterns: []string{"redo done at {lsn} system usage:…", "redo done at {lsn}"}, body: file},
	{kind: EndOfWAL, patterns: []string{"invalid record length at {lsn}: …", "record with incorrect prev-link {bad} at {lsn}"}, body: file},
	{kind: ProcessCrash, patterns: []string{"{name} (PID {pid#}) was terminated by signal {signal#}: {text}", "{name} (PID {pid#}) was terminated by signal {signal#}"}, body: process},
	{kind: ProcessExit, patterns: []string{"{name} (PID {pid#}) exited with exit code {code#}"}, body: process},
	{kind: Listening, patterns: []string{"listening on {type} address \"{host}\", port {port#}", "listening on Unix socket \"{host}\""}, body: connection},
	{kind: Reload, patterns: []string{"received SIGHUP, reloading configuration files"}},
	{kind: SettingChanged, patterns: []string{"parameter \"{name}\" changed to \"{value}\"", "parameter \"{name}\" removed from configuration file, reset to default"}, body: setting},
	{kind: SettingNeedsRestart, states: []string{"55P02"}, patterns: []string{"parameter \"{name}\" cannot be changed without restarting the server"}, quoted: []string{"name"}, body: setting},
	{kind: ConfigurationError, states: []string{"F0000"}, patterns: []string{"configuration file \"{path}\" contains errors…", "configuration file \"{path}\" contains errors"}, quoted: []string{"path"}, body: file},
	{kind: ArchiveFailed, patterns: []string{"archive command failed with exit code {code#}", "archive command was terminated by signal {signal#}…", "archiving write-ahead log file \"{name}\" failed too many times, will try again later"}, body: process},
	{kind: TempFile, patterns: []string{"temporary file: path \"{path}\", size {bytes#}"}, body: file},
	{kind: CheckpointStarting, patterns: []string{"checkpoint starting: {cause}", "{restartpoint}point starting: {cause}"}, body: checkpoint},
	{kind: CheckpointComplete, patterns: []string{
		"checkpoint complete: wrote {buffers#} buffers ({percent}); {files}; write={write#} s, sync={sync#} s, total={total#} s; {syncs}; distance={distance#} kB, …",
		"checkpoint complete: wrote {buffers#} buffers ({percent}), {slru}; {files}; write={write#} s, sync={sync#} s, total={total#} s; {syncs}; distance={distance#} kB, …",
		"{restartpoint}point complete: wrote {buffers#} buffers ({percent}){slru}; {files}; write={write#} s, sync={sync#} s, total={total#} s; {syncs}; distance={distance#} kB, …",
	}, body: checkpoint},
	{kind: CheckpointsFrequent, patterns: []string{"checkpoints are occurring too frequently ({apart#} seconds apart)", "checkpoints are occurring too frequently ({apart#} second apart)"}, body: checkpoint},
	{kind: StreamingStarted, patterns: []string{"started streaming WAL from primary at {lsn} on timeline…"}, body: file},
	{kind: WALRestored, patterns: []string{"restored log file \"{path}\" from archive"}, body: file},
	{kind: Promoted, patterns: []string{"received promote request", "selected new timeline ID: {tli#}"}},
	{kind: WraparoundNear, patterns: []string{
		"database \"{database}\" must be vacuumed within {left#} transactions",
		"database \"{database}\" must be vacuumed before {multi#} more MultiXactIds are used",
		"database \"{database}\" must be vacuumed before {multi#} more MultiXactId is used"}, body: wraparound},
	{kind: WraparoundNear, states: []string{"54000"}, patterns: []string{
		"database is not accepting commands to avoid wraparound data loss in database \"{refusing}\"",
		"database is not accepting commands that assign new transaction IDs to avoid wraparound data loss in database \"{refusing}\"",
		"database is not accepting commands that generate new MultiXactIds to avoid wraparound data loss in database \"{refusing}\""}, body: wraparound},
	{kind: "program_limit_exceeded", states: []string{"54000"}, patterns: []string{"index row size {size#} exceeds…", "index row requires {size#} bytes, maximum size is {max#}", "row is too big: size {size#}, maximum size…"}}, {kind: "program_limit_exceeded", states: []string{"54000"}},
	{kind: ChecksumFailed, states: []string{"XX001"}, patterns: []string{"page verification failed, calculated checksum {a#} but expected {b#}…"}},
}
