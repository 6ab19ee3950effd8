package pglog

import "strings"

var (
	relationTarget = compile("relation {relation#} of database {database#}")
	tupleTarget    = compile("tuple {tuple} of relation {relation#} of database {database#}")
	holdersDetail  = []pattern{
		compile("Process holding the lock: {holders}. Wait queue: {queue}."),
		compile("Processes holding the lock: {holders}. Wait queue: {queue}."),
	}
	deadlockEdge = compile("Process {pid#} waits for {mode} on {target}; blocked by process {by#}.")
)

// lock reads log_lock_waits, and the DETAIL of a deadlock.
func lock(f fields, r *Record) Body {
	l := &Lock{PID: f.int("pid"), Mode: f["mode"], Target: f["target"], WaitMS: number(f["ms"])}
	for _, p := range []pattern{relationTarget, tupleTarget} {
		if t, ok := p.match(l.Target); ok {
			l.Relation, l.DatabaseID = uint32(t.int64("relation")), uint32(t.int64("database"))
		}
	}
	for _, p := range holdersDetail {
		if d, ok := p.match(r.Detail); ok {
			l.Holders, l.Queue = pids(d["holders"]), pids(d["queue"])
		}
	}
	for line := range strings.Lines(r.Detail) {
		if e, ok := deadlockEdge.match(strings.TrimRight(line, "\n")); ok {
			l.Waits = append(l.Waits, Wait{PID: e.int("pid"), Mode: e["mode"], Target: e["target"], BlockedBy: e.int("by")})
		}
	}
	return l
}

func pids(list string) (out []int) {
	for s := range strings.SplitSeq(list, ",") {
		if n := atoi(strings.TrimSpace(s)); n > 0 {
			out = append(out, n)
		}
	}
	return out
}

// vacuumLines are the lines of a vacuum's numbers, of PostgreSQL 13 to 18.
var vacuumLines = []pattern{
	compile("pages: {pages_removed#} removed, {pages_remain#} remain, …"),
	compile("tuples: {tuples_removed#} removed, {tuples_remain#} remain, {dead#} are dead but not yet removable…"),
	compile("buffer usage: {hits#} hits, {misses#} misses, {dirtied#} dirtied"),
	compile("buffer usage: {hits#} hits, {misses#} reads, {dirtied#} dirtied"),
	compile("WAL usage: {wal#} records, {images#} full page images, {bytes#} bytes…"),
	compile("system usage: CPU: user: {user#} s, system: {system#} s, elapsed: {elapsed#} s"),
}

func vacuum(f fields, r *Record) Body {
	v := &Vacuum{Wraparound: f["wraparound"] != "", Aggressive: f["aggressive"] != "" || strings.HasPrefix(r.Message, "automatic aggressive")}
	name := f["table"] + f["aggressive"] + f["wraparound"]
	scans, _, _ := strings.Cut(f["scans"], "\n")
	v.IndexScans = atoi64(scans)
	if parts := strings.SplitN(name, ".", 3); len(parts) == 3 {
		v.Database, v.Schema, v.Table = parts[0], parts[1], parts[2]
	}
	if usage := f["usage"]; usage != "" {
		v.read("system usage: " + usage)
	}
	for line := range strings.Lines(r.Message) {
		v.read(strings.TrimSpace(line))
	}
	return v
}

func (v *Vacuum) read(line string) {
	for _, p := range vacuumLines {
		n, ok := p.match(line)
		if !ok {
			continue
		}
		for name, field := range map[string]*int64{
			"pages_removed": &v.PagesRemoved, "pages_remain": &v.PagesRemain, "tuples_removed": &v.TuplesRemoved,
			"tuples_remain": &v.TuplesRemain, "dead": &v.DeadNotRemovable, "hits": &v.BufferHits, "misses": &v.BufferMisses,
			"dirtied": &v.BufferDirtied, "wal": &v.WALRecords, "bytes": &v.WALBytes,
		} {
			if n[name] != "" {
				*field = atoi64(n[name])
			}
		}
		if e := n["elapsed"]; e != "" {
			v.ElapsedSeconds = number(e)
		}
		return
	}
}
