// Package tail follows the files of a PostgreSQL log and loses nothing that
// could still be read.
//
// In the flow of data it stands at the beginning:
//
//	log files -> [tail: Chunk of records] -> pglog.Classify -> parser -> Rule
//
// A file is known by its device, its inode and the hash of its first KiB, so
// a rename, a new strftime name, a truncation under the same name (the server
// does that with log_truncate_on_rotation) and a reused inode are told apart.
// What was not read of a file that is gone or truncated is read from its copy
// (logrotate's copytruncate) or its compressed predecessor, found beside it by
// that hash. Bytes that were destroyed before they were read become a Gap.
// inotify makes it quick, polling makes it sure.
//
// What it cannot know: a file that came and went between two looks, and one
// that was cut to a length other than zero and grew again past where the
// reading was.
//
// Before a chunk is handled it is saved as in flight, afterwards as done. What
// was in flight when the process died is handled again record by record, and
// a record that was in flight twice is quarantined: it is the poison.
package tail
