package tail

import (
	"context"
	"fmt"
	"time"
)

// Checkpoint is how far the following came. It is what the Store keeps.
type Checkpoint struct {
	Files []FileState `json:"files,omitempty"`
	// Before is the time of the last write to the files that are no longer
	// listed, because they were read to their end and rest.
	Before   time.Time `json:"before,omitzero"`
	InFlight *InFlight `json:"in_flight,omitempty"`
	Begun    bool      `json:"begun"` // false: there was no run before
}

// FileState is how far one file was handled.
type FileState struct {
	Identity
	Path   string `json:"path"`
	Offset int64  `json:"offset"` // every byte before it was handled
	Size   int64  `json:"size"`   // as last seen
}

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
	w.begun, w.suspect, w.before = c.Begun, c.InFlight, c.Before
	for _, s := range c.Files {
		w.files = append(w.files, &file{
			path: s.Path, id: s.Identity, read: s.Offset, done: s.Offset, size: s.Size, decoder: w.cfg.decoder(s.Path, s.Offset),
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
	c := Checkpoint{Begun: true, Before: w.before, InFlight: in}
	for i, f := range w.files {
		if f.resting && i < len(w.files)-1 {
			continue
		}
		c.Files = append(c.Files, FileState{Identity: f.id, Path: f.path, Offset: f.done, Size: f.size})
	}
	// A stop of the process must not interrupt what says how far it came.
	if err := w.cfg.Store.Save(context.WithoutCancel(ctx), c); err != nil {
		return fmt.Errorf("save the log's checkpoint: %w", err)
	}
	return nil
}
