package tail

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"math"
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
	sizes, gone := w.claim(found)
	w.begun = true
	for _, f := range gone {
		if err := w.mourn(ctx, f); err != nil {
			return err
		}
	}
	if first { // from now on everything counts, also what comes while we are down
		if err := w.save(ctx, nil); err != nil {
			return err
		}
	}
	if err := w.read(ctx, sizes); err != nil {
		return err
	}
	behind := w.behind()
	w.count.add(func(p *Progress) { p.Behind = behind })
	return nil
}

// mourn looks after a file that is gone. What was not read of it may be in
// its compressed predecessor; what is not there either is lost.
func (w *Follower) mourn(ctx context.Context, f *file) error {
	unread := !f.packed && (f.size > f.read || !f.resting)
	name, ok := survivor(f.path, f.id)
	if ok && unread {
		if err := w.recover(ctx, f, name); err != nil && !errors.Is(err, errDamaged) {
			return err
		}
	}
	from, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	var gaps []Gap
	switch {
	case !unread:
	case !ok || f.size > f.read:
		gaps = append(gaps, f.gap(from, Deleted))
	default: // what came after the copying, if it was copied and truncated, is gone
		gaps = append(gaps, f.gap(from, CopyTruncated))
	}
	if err := w.become(f, name, ok, from); err != nil {
		return err
	}
	return w.lost(ctx, gaps...)
}

// read reads what each file has beyond what was read of it.
func (w *Follower) read(ctx context.Context, sizes map[*file]int64) error {
	files := slices.Clone(w.files) // reading may find a copy and put it before them
	for i, f := range files {
		newest := i == len(files)-1
		if f.resting && f.handle == nil && sizes[f] == f.size && !f.moved {
			continue
		}
		limit := int64(math.MaxInt64)
		if newest && !f.moved {
			limit = sizes[f]
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
// their sizes, and the files that are gone.
func (w *Follower) claim(found []stat) (sizes map[*file]int64, gone []*file) {
	known := make(map[inodeKey]int, len(w.files))
	for i, f := range w.files {
		known[f.id.key()] = i
	}
	sortByAge(found, known)
	claimed := map[inodeKey]*file{}
	sizes = map[*file]int64{}
	var named []*file
	newest := w.listed
	for _, s := range found {
		k := inode(s.info).key()
		if claimed[k] != nil { // a link to the same file
			continue
		}
		var f *file
		if i, ok := known[k]; ok && w.files[i].at(s.path) {
			f = w.files[i]
			if f.resting && (f.size != s.info.Size() || !f.written.Equal(s.info.ModTime())) {
				f.resting, f.rested = false, true
			}
		} else {
			var err error
			if f, err = w.meet(s); err != nil {
				w.report(err)
			}
			if f == nil {
				continue
			}
			w.files = append(w.files, f) // the next may be its copy
		}
		if t := s.info.ModTime(); t.After(newest) {
			newest = t
		}
		f.path, f.moved = s.path, false
		claimed[k], sizes[f] = f, s.info.Size()
		named = append(named, f)
	}
	// A file may have changed its name while we listed them and be in no list:
	// so what counts as seen is what the look before found.
	w.seen, w.listed = w.listed, newest
	var nameless []*file
	for _, f := range w.files {
		switch {
		case claimed[f.id.key()] == f:
		case w.holds(f):
			if !f.moved { // the server writes to it until it opens the next
				f.moved, f.grew = true, w.now()
			}
			nameless = append(nameless, f)
			sizes[f] = f.size
		default:
			gone = append(gone, f)
		}
	}
	w.files = slices.Concat(nameless, named)
	return sizes, gone
}

// sortByAge orders by the last write. A file system's clock is coarse: of two
// files with the same time the one we did not know is the newer, and no
// predecessor.
func sortByAge(found []stat, known map[inodeKey]int) {
	age := func(s stat) int {
		if i, ok := known[inode(s.info).key()]; ok {
			return i
		}
		return len(known)
	}
	later := func(a, b stat) int {
		switch {
		case a.predecessor == b.predecessor:
			return 0
		case a.predecessor:
			return -1
		}
		return 1
	}
	slices.SortStableFunc(found, func(a, b stat) int {
		return cmp.Or(a.info.ModTime().Compare(b.info.ModTime()), cmp.Compare(age(a), age(b)), later(a, b))
	})
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
	if f.packed || newest && !f.moved || f.read < f.size || w.now().Sub(f.grew) < w.cfg.Linger {
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
		w.remember(f.id, f.done) // it may have a name that no list had
	}
	return w.save(ctx, nil)
}

// retire marks a file as read to its end.
func (w *Follower) retire(f *file) { f.resting = true }
