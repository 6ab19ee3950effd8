package tail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// at says that a file with this one's inode is this one: it has the name it
// had, where a change of what is in it is looked at when it is read, or it is
// open, or it begins as it did; of an empty one nothing was read.
func (f *file) at(path string) bool {
	if f.handle != nil || f.path == path || f.id.HeadSize == 0 {
		return true
	}
	begin, packed, err := beginning(path)
	return err == nil && packed == f.packed && f.id.startsAs(begin)
}

// meet makes a file of one that was not there before. It makes none of an
// empty one, which is nobody yet, of a copy of one that is known, and of a
// predecessor that was there before.
func (w *Follower) meet(s stat) (*file, error) {
	if s.info.Size() == 0 || s.predecessor && (!w.begun || s.info.ModTime().Before(w.seen)) {
		return nil, nil
	}
	if t, ok := w.twins[inode(s.info).key()]; ok && t.Equal(s.info.ModTime()) {
		return nil, nil
	}
	h, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // it was renamed since it was listed; the next look finds it
	}
	if err != nil {
		return nil, fmt.Errorf("open the log: %w (the account needs read access: log_file_mode = 0640 and its group)", err)
	}
	f, err := w.take(h, s)
	if f == nil || f.handle == nil {
		_ = h.Close() // only read
	}
	return f, err
}

// take makes a file of an open one. The file has no handle where it rests.
func (w *Follower) take(h *os.File, s stat) (*file, error) {
	info, err := h.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", s.path, err)
	}
	if !inode(info).sameInode(inode(s.info)) {
		// The name is another file's since it was listed. That one would be
		// known by this one's inode, and be there twice; the next look finds both.
		return nil, nil
	}
	twin, past := w.twin(h, s)
	if twin {
		return nil, nil
	}
	f := &file{path: s.path, handle: h, written: info.ModTime(), size: info.Size(), grew: w.now()}
	f.id, f.packed, err = introduce(h, info)
	if err != nil || f.id.HeadSize == 0 {
		return nil, err
	}
	if f.packed {
		f.handle = nil
	}
	if past != nil {
		f.id.ID, f.read, f.done = past.ID, past.Offset, past.Offset
	}
	old := !w.begun && !w.cfg.FromStart || w.begun && info.ModTime().Before(w.seen)
	switch {
	case past != nil:
	case old && f.packed:
		w.retire(f)
	case old:
		if f.read, err = lastLine(h, info.Size()); err != nil {
			return nil, err
		}
		f.done = f.read
		if w.now().Sub(f.written) > w.cfg.Linger { // there may be a year of them
			f.handle = nil
			w.retire(f)
		}
	}
	f.decoder = w.cfg.decoder(f.path, f.read)
	return f, nil
}

// introduce identifies a file, a compressed one by what is in it.
func introduce(h *os.File, info os.FileInfo) (id Identity, packed bool, err error) {
	text, packed := unpack(io.NewSectionReader(h, 0, info.Size()))
	if !packed {
		id, err = identify(h, info)
		return id, false, err
	}
	id = inode(info)
	if id.HeadSize, id.HeadHash, err = headOf(text); err != nil {
		return Identity{}, true, nil //nolint:nilerr // it is still being written
	}
	id.name(info)
	return id, true, nil
}

// twin says that a file that was not there before holds what a known one
// holds: it is a copy in the making or made, or the compressed predecessor. A
// file that is too short yet to tell counts as one. If it holds what a file
// held that is gone, that past is returned: it goes on where that ended.
func (w *Follower) twin(h *os.File, s stat) (bool, *Past) {
	key := inode(s.info).key()
	delete(w.twins, key)
	begin, packed, err := begins(unpack(io.NewSectionReader(h, 0, s.info.Size())))
	if err != nil && !packed {
		return false, nil // take tells
	}
	if err != nil || len(begin) == 0 {
		return true, nil // nothing to be seen yet
	}
	for _, f := range w.files {
		if f.id.startsAs(begin) {
			w.twins[key] = s.info.ModTime()
			return true, nil
		}
		if n := int64(len(begin)); n < f.id.HeadSize && f.handle != nil {
			now := make([]byte, n)
			if m, _ := f.handle.ReadAt(now, 0); m == len(now) && bytes.Equal(now, begin) {
				return true, nil
			}
		}
	}
	for i := len(w.past) - 1; i >= 0; i-- {
		if w.past[i].startsAs(begin) {
			return false, &w.past[i]
		}
	}
	return false, nil
}
