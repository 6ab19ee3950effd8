package tail

import (
	"context"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/parser/pglog"
)

// deliver hands records to the handler, and with them the file's progress.
func (w *Follower) deliver(ctx context.Context, f *file, records []pglog.Framed) error {
	for len(records) > 0 {
		n, quarantined := w.batch(f, records)
		c := Chunk{Path: f.path, FileID: f.id.ID}
		in := &InFlight{FileID: f.id.ID, Start: records[0].Start, End: records[n-1].End, Single: w.careful(f, records[0])}
		if quarantined {
			c.Quarantined = records[:n]
			in = nil
		} else {
			c.Records = records[:n]
		}
		for i := range records[:n] {
			if gap, lost := w.lines.see(&records[i]); lost {
				c.Missing = append(c.Missing, gap)
			}
		}
		done := f.decoder.Pending()
		if n < len(records) {
			done = records[n].Start
		}
		if err := w.handOver(ctx, f, c, in, done); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// batch says how many records go together: all, but one by one what was in
// flight when the process died, and what was in flight twice apart.
func (w *Follower) batch(f *file, records []pglog.Framed) (n int, quarantined bool) {
	first := records[0]
	if w.suspect != nil && w.suspect.FileID == f.id.ID && first.Start >= w.suspect.End {
		w.suspect = nil // it was passed
	}
	if w.suspect == nil || w.suspect.FileID != f.id.ID {
		return len(records), false
	}
	if w.suspect.covers(f.id.ID, first.Start) {
		return 1, w.suspect.Single
	}
	for n < len(records) && records[n].Start < w.suspect.Start {
		n++
	}
	return n, false
}

func (w *Follower) careful(f *file, r pglog.Framed) bool { return w.suspect.covers(f.id.ID, r.Start) }

// handOver saves the chunk as in flight, has it handled, and saves it as
// done. The handler's error ends the run; the chunk is then not done, and
// not in flight either: an error is no crash.
func (w *Follower) handOver(ctx context.Context, f *file, c Chunk, in *InFlight, done int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if in != nil {
		if err := w.save(ctx, in); err != nil {
			return err
		}
	}
	began := w.now()
	err := w.handle(c)
	w.counted(c, w.now().Sub(began))
	if err != nil {
		if saveErr := w.save(ctx, nil); saveErr != nil {
			w.report(saveErr)
		}
		return err
	}
	f.done = done
	return w.save(ctx, nil)
}

// counted notes what was handed over.
func (w *Follower) counted(c Chunk, took time.Duration) {
	behind := w.behind()
	w.count.add(func(p *Progress) {
		p.Records += int64(len(c.Records))
		p.Quarantined += int64(len(c.Quarantined))
		p.Gaps += int64(len(c.Gaps))
		for _, m := range c.Missing {
			p.Missing += m.To - m.From + 1
		}
		p.Behind = behind
		p.Handling += took
	})
	if behind > slowAt && !w.slow {
		w.report(fmt.Errorf("the log grows faster than it is handled: %d MB wait in %s", behind>>20, c.Path))
	}
	w.slow = behind > slowAt || w.slow && behind > 0
}

// slowAt is how many bytes that wait are worth a warning.
const slowAt = 64 << 20

// finish gives out what is left of a file, and says where what cannot be
// complete begins.
func (w *Follower) finish(ctx context.Context, f *file) (from int64, err error) {
	if err := w.deliver(ctx, f, f.decoder.Settle()); err != nil {
		return 0, err
	}
	from = f.decoder.Pending()
	return from, w.deliver(ctx, f, f.decoder.Flush())
}

// gap is what was lost of a file from an offset on.
func (f *file) gap(from int64, reason GapReason) Gap {
	return Gap{Path: f.path, FileID: f.id.ID, From: from, To: max(from, f.size), Reason: reason}
}

// lost tells of gaps. They are saved first, together with what the files have
// become: the files will not show it again.
func (w *Follower) lost(ctx context.Context, gaps ...Gap) error {
	w.owed = append(w.owed, gaps...)
	if err := w.save(ctx, nil); err != nil {
		return err
	}
	return w.tell(ctx)
}

// tell hands over the gaps that were not told yet.
func (w *Follower) tell(ctx context.Context) error {
	for len(w.owed) > 0 {
		g := w.owed[0]
		c := Chunk{Path: g.Path, FileID: g.FileID, Gaps: []Gap{g}}
		if err := w.handle(c); err != nil {
			return err
		}
		w.counted(c, 0)
		w.owed = w.owed[1:]
		if err := w.save(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}
