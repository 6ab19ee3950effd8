package workload

import (
	"regexp"
	"strings"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
)

// activity is what the server and its sessions did beside running statements.
type activity struct {
	waits         group[waitKey, wait]
	waiting       int64
	deadlocks     []Deadlock
	deadlockCount int64
	temp          group[string, temp] // by masked text
	tempTotal     temp
	checkpoints   checkpoints
	vacuums       group[string, vacuum] // by database.schema.table
	sessions      sessions
}

func (a *activity) merge(o *activity) {
	mergeGroups(&a.waits, &o.waits)
	a.waiting += o.waiting
	a.deadlockCount += o.deadlockCount
	a.deadlocks = append(a.deadlocks, o.deadlocks...)
	mergeGroups(&a.temp, &o.temp)
	a.tempTotal.merge(&o.tempTotal)
	a.checkpoints.merge(&o.checkpoints)
	mergeGroups(&a.vacuums, &o.vacuums)
	a.sessions.merge(&o.sessions)
}

// waitKey tells waits for locks apart.
type waitKey struct{ mode, target, statement string }

type wait struct {
	count int64
	times Histogram
	span  span
}

func (w *wait) merge(o *wait) {
	w.count += o.count
	w.times.Merge(&o.times)
	w.span.merge(o.span)
}

// temp is temporary files.
type temp struct{ count, bytes, largest int64 }

func (t *temp) merge(o *temp) {
	t.count += o.count
	t.bytes += o.bytes
	t.largest = max(t.largest, o.largest)
}

func (t *temp) add(bytes int64) { t.merge(&temp{1, bytes, bytes}) }

type checkpoints struct {
	causes                      names
	complete, restartpoints     int64
	frequent                    int64
	buffers, distanceKB         int64
	write, sync, total, longest float64 // seconds
}

func (c *checkpoints) merge(o *checkpoints) {
	c.causes.merge(&o.causes)
	c.complete += o.complete
	c.restartpoints += o.restartpoints
	c.frequent += o.frequent
	c.buffers += o.buffers
	c.distanceKB += o.distanceKB
	c.write += o.write
	c.sync += o.sync
	c.total += o.total
	c.longest = max(c.longest, o.longest)
}

type vacuum struct {
	vacuums, analyzes, wraparound, scans, removed, dead int64
	seconds, longest                                    float64
}

func (v *vacuum) merge(o *vacuum) {
	v.vacuums += o.vacuums
	v.analyzes += o.analyzes
	v.wraparound += o.wraparound
	v.scans += o.scans
	v.removed += o.removed
	v.dead = max(v.dead, o.dead)
	v.seconds += o.seconds
	v.longest = max(v.longest, o.longest)
}

type sessions struct {
	received, authorized, ended, lost, refused int64
	users, databases, hosts, apps              names
	length                                     Histogram
}

func (s *sessions) merge(o *sessions) {
	s.received += o.received
	s.authorized += o.authorized
	s.ended += o.ended
	s.lost += o.lost
	s.refused += o.refused
	s.users.merge(&o.users)
	s.databases.merge(&o.databases)
	s.hosts.merge(&o.hosts)
	s.apps.merge(&o.apps)
	s.length.Merge(&o.length)
}

// event counts what an event says.
func (s *Sheet) event(e *pglog.Event, at int64) {
	slot := &Slot{}
	if at != 0 {
		slot = s.line.slot(at)
	}
	switch b := e.Body.(type) {
	case *pglog.Lock:
		s.lock(e, b, slot, at)
	case *pglog.Checkpoint:
		s.checkpoint(e.Kind, b, slot)
	case *pglog.Vacuum:
		s.vacuum(e.Kind, b, slot)
	case *pglog.Connection:
		s.session(e.Kind, b, slot)
	case *pglog.File:
		if e.Kind == pglog.TempFile {
			s.tempFile(&e.Record, b.Bytes, slot)
		}
	}
	if e.Kind == pglog.TooManyConnections {
		s.sessions.refused++
	}
}

func (s *Sheet) lock(e *pglog.Event, b *pglog.Lock, slot *Slot, at int64) {
	switch e.Kind {
	case pglog.LockWaiting:
		s.waiting++
		slot.LockWaits++
	case pglog.LockAcquired:
		key := waitKey{b.Mode, target(b.Target), ""}
		if e.Record.Statement != "" {
			key.statement = s.shape(e.Record.Statement).text
		}
		w := s.waits.at(key, func() (waitKey, *wait) {
			return waitKey{strings.Clone(key.mode), strings.Clone(key.target), key.statement}, &wait{}
		})
		if w != nil {
			w.count++
			w.times.Add(int64(b.WaitMS * 1000))
			w.span.add(at)
		}
	case pglog.Deadlock:
		if len(b.Waits) > 0 {
			s.deadlock(e, b, at)
		}
	}
}

// target is what a lock is of, without what is another each time.
func target(text string) string {
	for _, kind := range [...]string{"transaction ", "virtual transaction ", "speculative token "} {
		if strings.HasPrefix(text, kind) {
			return strings.TrimSpace(kind)
		}
	}
	if _, rest, ok := strings.Cut(text, ") of relation "); ok {
		return "tuple of relation " + rest
	}
	return text
}

// deadlockCap is how many deadlocks are kept with their statements.
const deadlockCap = 100

// process begins the statement of a process in the DETAIL of a deadlock.
var process = regexp.MustCompile(`(?m)^Process (\d+): `)

// deadlock keeps who waited for whom, and both statements.
func (s *Sheet) deadlock(e *pglog.Event, b *pglog.Lock, at int64) {
	s.deadlockCount++
	if len(s.deadlocks) >= deadlockCap {
		return
	}
	statements := map[string]string{}
	places := process.FindAllStringSubmatchIndex(e.Record.Detail, -1)
	for i, p := range places {
		end := len(e.Record.Detail)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		statements[e.Record.Detail[p[2]:p[3]]] = clip(parser.Mask(strings.TrimSpace(e.Record.Detail[p[1]:end])), textCap)
	}
	d := Deadlock{Time: moment(at), Database: strings.Clone(e.Record.Database)}
	for _, w := range b.Waits {
		d.Processes = append(d.Processes, DeadlockProcess{
			PID: w.PID, Mode: strings.Clone(w.Mode), Target: strings.Clone(w.Target), BlockedBy: w.BlockedBy,
			Statement: statements[itoa(w.PID)],
		})
	}
	s.deadlocks = append(s.deadlocks, d)
}

func (s *Sheet) checkpoint(kind pglog.Kind, b *pglog.Checkpoint, slot *Slot) {
	c := &s.checkpoints
	switch kind {
	case pglog.CheckpointStarting:
		c.causes.add(b.Cause, 1)
	case pglog.CheckpointComplete:
		slot.Checkpoints++
		c.complete++
		if b.Restartpoint {
			c.restartpoints++
		}
		c.buffers += b.Buffers
		c.distanceKB += b.DistanceKB
		c.write += b.WriteSeconds
		c.sync += b.SyncSeconds
		c.total += b.TotalSeconds
		c.longest = max(c.longest, b.TotalSeconds)
	case pglog.CheckpointsFrequent:
		c.frequent++
	}
}

func (s *Sheet) vacuum(kind pglog.Kind, b *pglog.Vacuum, slot *Slot) {
	if kind != pglog.AutoVacuum && kind != pglog.AutoAnalyze {
		return
	}
	slot.Vacuums++
	name := b.Schema + "." + b.Table
	if b.Database != "" {
		name = b.Database + "." + name
	}
	v := s.vacuums.at(name, func() (string, *vacuum) { return strings.Clone(name), &vacuum{} })
	if v == nil {
		return
	}
	one := vacuum{scans: b.IndexScans, removed: b.TuplesRemoved, dead: b.DeadNotRemovable, seconds: b.ElapsedSeconds, longest: b.ElapsedSeconds}
	if b.Wraparound {
		one.wraparound = 1
	}
	if kind == pglog.AutoVacuum {
		one.vacuums = 1
	} else {
		one.analyzes = 1
	}
	v.merge(&one)
}

func (s *Sheet) session(kind pglog.Kind, b *pglog.Connection, slot *Slot) {
	c := &s.sessions
	switch kind {
	case pglog.ConnectionReceived:
		c.received++
		c.hosts.add(b.Host, 1)
		slot.Connections++
	case pglog.ConnectionAuthorized:
		c.authorized++
		c.users.add(b.User, 1)
		c.databases.add(b.Database, 1)
		c.apps.add(b.App, 1)
	case pglog.Disconnection:
		c.ended++
		c.length.Add(int64(b.SessionSeconds * 1e6))
	case pglog.ConnectionLost:
		c.lost++
	}
}

func (s *Sheet) tempFile(r *pglog.Record, bytes int64, slot *Slot) {
	slot.TempFiles++
	s.tempTotal.add(bytes)
	text := ""
	if r.Statement != "" {
		text = s.shape(r.Statement).text
	}
	if t := s.temp.at(text, func() (string, *temp) { return text, &temp{} }); t != nil {
		t.add(bytes)
	}
}
