package tail

import (
	"context"

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
	if err := w.handle(c); err != nil {
		if saveErr := w.save(ctx, nil); saveErr != nil {
			w.report(saveErr)
		}
		return err
	}
	f.done = done
	return w.save(ctx, nil)
}

// lost tells of a gap.
func (w *Follower) lost(ctx context.Context, f *file, to int64, reason GapReason) error {
	g := Gap{Path: f.path, FileID: f.id.ID, From: f.read, To: max(to, f.read), Reason: reason}
	return w.handOver(ctx, f, Chunk{Path: f.path, FileID: f.id.ID, Gaps: []Gap{g}}, nil, f.done)
}
