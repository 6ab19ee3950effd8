package tail

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Checkpoint is how far the following came. It is what the Store keeps.
type Checkpoint struct {
	Files []FileState `json:"files,omitempty"`
	// Seen is the time of the last write that was seen to any file. A file
	// that is in no list and was not written since was read: it rests, and was
	// dropped.
	Seen     time.Time `json:"seen,omitzero"`
	InFlight *InFlight `json:"in_flight,omitempty"`
	Past     []Past    `json:"past,omitempty"`
	Owed     []Gap     `json:"owed,omitempty"` // gaps that were not told yet
	Begun    bool      `json:"begun"`          // false: there was no run before
}

// FileState is how far one file was handled.
type FileState struct {
	Identity
	Path   string `json:"path"`
	Offset int64  `json:"offset"` // every byte before it was handled
	Size   int64  `json:"size"`   // as last seen
	// Packed says that the file is compressed; Offset counts what is in it.
	Packed bool `json:"packed,omitempty"`
	// Resting says that it was read to its end and went quiet.
	Resting bool      `json:"resting,omitempty"`
	Written time.Time `json:"written,omitzero"`
}

// Past is what a file was that is gone, was truncated or lost its name. It may
// still appear under another one, and so may a copy of it or its compressed
// predecessor.
type Past struct {
	Identity
	Offset int64 `json:"offset"` // how far it was read
}

// remembered is how many of the newest files a checkpoint keeps although they
// rest: a line may still be added to one, and a copy of one is no new file.
const remembered = 16

// InFlight is what is being handled.
type InFlight struct {
	FileID string `json:"file_id"`
	Start  int64  `json:"start"`
	End    int64  `json:"end"`
	// Single says that it is one record, alone since it was part of a chunk
	// in flight before.
	Single bool `json:"single"`
}

func (in *InFlight) covers(id string, offset int64) bool {
	return in != nil && in.FileID == id && offset >= in.Start && offset < in.End
}

func (w *Follower) load(ctx context.Context) error {
	if w.cfg.Store == nil {
		return nil
	}
	c, err := w.cfg.Store.Load(ctx)
	if err != nil {
		return fmt.Errorf("load the log's checkpoint: %w", err)
	}
	w.begun, w.suspect, w.seen = c.Begun, c.InFlight, c.Seen
	w.listed, w.owed, w.past = w.seen, c.Owed, c.Past
	for _, s := range c.Files {
		w.files = append(w.files, &file{
			path: s.Path, id: s.Identity, read: s.Offset, done: s.Offset, size: s.Size, packed: s.Packed,
			resting: s.Resting, written: s.Written, decoder: w.cfg.decoder(s.Path, s.Offset),
		})
	}
	return nil
}

// save writes the checkpoint, with what is in flight or nil.
func (w *Follower) save(ctx context.Context, in *InFlight) error {
	if w.cfg.Store == nil {
		return nil
	}
	if in == nil {
		in = w.suspect // until its range was passed, it stays suspect
	}
	c := Checkpoint{Begun: true, Seen: w.seen, InFlight: in, Owed: w.owed, Past: w.past}
	limit := w.forgotten()
	for _, f := range w.files {
		if f.resting && f.written.Before(limit) {
			continue
		}
		c.Files = append(c.Files, FileState{
			Identity: f.id, Path: f.path, Offset: f.done, Size: f.size, Packed: f.packed, Resting: f.resting, Written: f.written,
		})
	}
	// A stop of the process must not interrupt what says how far it came.
	if err := w.cfg.Store.Save(context.WithoutCancel(ctx), c); err != nil {
		return fmt.Errorf("save the log's checkpoint: %w", err)
	}
	return nil
}

// forgotten is the time from which on files that rest are remembered.
func (w *Follower) forgotten() time.Time {
	if len(w.files) <= remembered {
		return time.Time{}
	}
	times := make([]time.Time, len(w.files))
	for i, f := range w.files {
		times[i] = f.written
	}
	slices.SortFunc(times, time.Time.Compare)
	return times[len(times)-remembered]
}
