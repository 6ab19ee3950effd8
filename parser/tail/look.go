package tail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
)

// look looks at all files once and delivers what is new.
//
// The sizes are read before the files are, the newest file is read up to its
// size then, and the older ones to their end: so what a writer put into the
// old file before it turned to the new one comes before the new one's lines.
func (w *Follower) look(ctx context.Context) error {
	found, err := w.cfg.look()
	if err != nil {
		w.report(err)
		return nil
	}
	first := !w.begun
	limits, gone := w.claim(found)
	w.begun = true
	for _, f := range gone {
		if err := w.lost(ctx, f, f.size, Deleted); err != nil {
			return err
		}
	}
	if first { // from now on everything counts, also what comes while we are down
		if err := w.save(ctx, nil); err != nil {
			return err
		}
	}
	if err := w.read(ctx, limits); err != nil {
		return err
	}
	w.newest = nil
	if n := len(w.files); n > 0 {
		w.newest = w.files[n-1]
	}
	return nil
}

// read reads what each file has beyond what was read of it.
func (w *Follower) read(ctx context.Context, limits []int64) error {
	for i, f := range slices.Clone(w.files) {
		newest := i == len(limits)-1
		if f.resting && f.handle == nil && limits[i] == f.size && !f.moved {
			continue
		}
		limit := int64(math.MaxInt64)
		if newest && !f.moved {
			limit = limits[i]
		}
		if err := w.drain(ctx, f, limit); err != nil {
			if errors.Is(err, fs.ErrPermission) {
				w.report(err)
				continue
			}
			return err
		}
		if err := w.rest(ctx, f, newest); err != nil {
			return err
		}
	}
	return nil
}

// inodeKey finds files by what the kernel calls them.
type inodeKey struct{ device, inode uint64 }

func (id Identity) key() inodeKey { return inodeKey{id.Device, id.Inode} }

// claim pairs what was found with the files that are known, by inode, and
// orders them: those that lost their name first, the newest last. It returns
// their sizes, and the files that are gone with bytes that were not read.
func (w *Follower) claim(found []stat) (limits []int64, gone []*file) {
	known := make(map[inodeKey]int, len(w.files))
	for i, f := range w.files {
		known[f.id.key()] = i
	}
	sortByAge(found, known)
	claimed := map[inodeKey]*file{}
	sizes := map[*file]int64{}
	var named []*file
	for _, s := range found {
		k := inode(s.info).key()
		if claimed[k] != nil { // a link to the same file
			continue
		}
		var f *file
		if i, ok := known[k]; ok {
			f = w.files[i]
			f.resting = f.resting && f.size == s.info.Size() && f.written.Equal(s.info.ModTime())
		} else {
			var err error
			if f, err = w.meet(s); err != nil {
				w.report(err)
				continue
			}
		}
		f.path, f.moved = s.path, false
		claimed[k], sizes[f] = f, s.info.Size()
		named = append(named, f)
	}
	var nameless []*file
	for _, f := range w.files {
		switch {
		case claimed[f.id.key()] != nil:
		case w.holds(f):
			f.moved = true
			nameless = append(nameless, f)
			sizes[f] = f.size
		case f.size > f.read:
			gone = append(gone, f)
		}
	}
	w.files = slices.Concat(nameless, named)
	for _, f := range w.files {
		limits = append(limits, sizes[f])
	}
	return limits, gone
}

// sortByAge orders by the last write. A file system's clock is coarse: of two
// files with the same time the one we did not know is the newer.
func sortByAge(found []stat, known map[inodeKey]int) {
	age := func(s stat) int {
		if i, ok := known[inode(s.info).key()]; ok {
			return i
		}
		return len(known)
	}
	slices.SortStableFunc(found, func(a, b stat) int {
		return cmp.Or(a.info.ModTime().Compare(b.info.ModTime()), cmp.Compare(age(a), age(b)))
	})
}

// meet makes a file of one that was not there before.
func (w *Follower) meet(s stat) (*file, error) {
	h, err := os.Open(s.path)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w (the account needs read access: log_file_mode = 0640 and its group)", err)
	}
	info, err := h.Stat()
	if err != nil {
		_ = h.Close() // only read
		return nil, fmt.Errorf("look at %s: %w", s.path, err)
	}
	f := &file{path: s.path, handle: h, written: info.ModTime(), size: info.Size(), grew: w.now()}
	if f.id, err = identify(h, info); err != nil {
		f.close()
		return nil, err
	}
	old := !w.begun && !w.cfg.FromStart || w.begun && !w.before.IsZero() && !info.ModTime().After(w.before)
	if old {
		if f.read, err = lastLine(h, info.Size()); err != nil {
			f.close()
			return nil, err
		}
		f.done = f.read
		if w.now().Sub(f.written) > w.cfg.Linger { // there may be a year of them
			f.close()
			w.retire(f)
		}
	}
	f.decoder = w.cfg.decoder(f.path, f.read)
	return f, nil
}

// holds says whether a file that lost its name can still be read: it is
// open, or it has another name.
func (w *Follower) holds(f *file) bool {
	if f.handle != nil {
		return true
	}
	if f.moved && f.resting {
		return false
	}
	name, ok := renamed(f.path, f.id)
	if ok {
		f.path, f.grew = name, w.now()
	}
	return ok
}

// rest closes a file that was quiet for a while. Its last record will not
// get another line, unless it is the newest.
func (w *Follower) rest(ctx context.Context, f *file, newest bool) error {
	if newest && !f.moved || f.read < f.size || w.now().Sub(f.grew) < w.cfg.Linger {
		return nil
	}
	if err := w.deliver(ctx, f, f.decoder.Flush()); err != nil {
		return err
	}
	f.close()
	f.done = f.read
	w.retire(f)
	if f.moved {
		w.files = slices.DeleteFunc(w.files, func(o *file) bool { return o == f })
	}
	return w.save(ctx, nil)
}

// retire marks a file as read to its end.
func (w *Follower) retire(f *file) {
	f.resting = true
	if f.written.After(w.before) {
		w.before = f.written
	}
}
