package healer_test

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// lookout looks who waits for a session of ours, from outside of all of them.
type lookout struct {
	*site
	waits   int
	longest time.Duration // between the first and the last look that saw a wait
	atMost  time.Duration // between the looks before and after them
	who     string
	stood   time.Duration // the longest between two looks: the machine may have stood still for it
	seen    atomic.Bool
}

func (l *lookout) saw() bool { return l.seen.Load() }

// ours are the logins of a stage.
func (x *site) ours() []string {
	return []string{x.Name + "_observer", x.Name + "_healer", x.Name + "_signaller"}
}

// waitingSQL asks who waits for the logins, whether these have the lock or stand
// before him in the queue, and for which of their sessions.
const waitingSQL = `SELECT a.pid, pg_catalog.format('%s, for %s', pg_catalog.left(a.query, 80), pg_catalog.string_agg(DISTINCT o.application_name || ': ' || pg_catalog.left(o.query, 80), ', '))
	  FROM pg_catalog.pg_stat_activity AS a
	 CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) AS b(pid)
	  JOIN pg_catalog.pg_stat_activity AS o ON o.pid = b.pid
	 WHERE a.wait_event_type = 'Lock' AND a.usename::text <> ALL (pg_catalog.string_to_array($1, ','))
	   AND o.usename::text = ANY (pg_catalog.string_to_array($1, ','))
	 GROUP BY a.pid, a.query`

// wait is a session's, while it lasts.
type wait struct{ before, first, last time.Time }

// out looks until the end.
func (l *lookout) out(c *pgconn.PgConn, end <-chan struct{}) {
	ours := []byte(strings.Join(l.ours(), ","))
	waiting := make(map[string]*wait)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for before := time.Now(); ; {
		select {
		case <-end:
			return
		case <-tick.C:
		}
		r := c.ExecParams(context.Background(), waitingSQL, [][]byte{ours}, nil, nil, nil).Read()
		if r.Err != nil {
			l.t.Error(r.Err)
			return
		}
		now := time.Now()
		l.stood = max(l.stood, now.Sub(before))
		still := make(map[string]bool)
		for _, row := range r.Rows {
			pid := string(row[0])
			still[pid] = true
			w := waiting[pid]
			if w == nil {
				w = &wait{before: before, first: now}
				waiting[pid] = w
				l.waits++
			}
			if w.last = now; w.last.Sub(w.first) > l.longest {
				l.seen.Store(now.Sub(w.first) > lockBudget/2)
				l.longest, l.who = w.last.Sub(w.first), string(row[1])
			}
		}
		for pid, w := range waiting {
			if !still[pid] {
				l.atMost = max(l.atMost, now.Sub(w.before))
				delete(waiting, pid)
			}
		}
		before = now
	}
}

// What log_lock_waits says.
var (
	stillWaiting = regexp.MustCompile(`^process (\d+) still waiting for `)
	acquired     = regexp.MustCompile(`^process (\d+) acquired .* after ([\d.]+) ms$`)
	lockHolders  = regexp.MustCompile(`^Process(?:es)? holding the lock: ([\d, ]+)\. Wait queue: ([\d, ]+)\.$`)
)

// waitsForUs are the waits that the server logged, of whoever stood first in
// the queue behind locks that were all ours: nothing else kept him.
func (x *site) waitsForUs() (n int, longest time.Duration) {
	x.t.Helper()
	records := x.logged()
	ours := make(map[string]bool)
	for _, r := range records {
		if slices.Contains(x.ours(), r[1]) {
			ours[r[3]] = true
		}
	}
	kept := make(map[string]bool)
	for _, r := range records {
		if m := stillWaiting.FindStringSubmatch(r[13]); m != nil {
			d := lockHolders.FindStringSubmatch(r[14])
			if d == nil {
				x.t.Fatalf("the server's log is not understood: %q, %q", r[13], r[14])
			}
			theirs := func(pid string) bool { return !ours[pid] }
			queue := strings.Split(d[2], ", ")
			kept[m[1]] = !ours[m[1]] && queue[0] == m[1] && !slices.ContainsFunc(strings.Split(d[1], ", "), theirs)
		}
		if m := acquired.FindStringSubmatch(r[13]); m != nil && kept[m[1]] {
			ms, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				x.t.Fatal(err)
			}
			delete(kept, m[1])
			n++
			longest = max(longest, time.Duration(ms*float64(time.Millisecond)))
		}
	}
	return n, longest
}

// logged are the records of the server's csvlog.
func (x *site) logged() (out [][]string) {
	x.t.Helper()
	files, err := filepath.Glob(filepath.Join(x.DataDir(), "log", "*.csv"))
	if err != nil || len(files) == 0 {
		x.t.Fatalf("%d logs, %v", len(files), err)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			x.t.Fatal(err)
		}
		records := csv.NewReader(f)
		records.FieldsPerRecord = -1
		for {
			record, err := records.Read()
			if err != nil {
				break // its end; the last record may be half written
			}
			out = append(out, record)
		}
		_ = f.Close()
	}
	return out
}
