package tail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// recover reads from a survivor what was not read of a file that is gone or
// truncated. The records keep the names they would have had.
func (w *Follower) recover(ctx context.Context, f *file, name string) error {
	from := f.read
	err := w.pour(ctx, f, name)
	w.count.add(func(p *Progress) { p.Recovered += f.read - from })
	return err
}

// drainPacked reads a compressed file to its end.
func (w *Follower) drainPacked(ctx context.Context, f *file) error {
	if f.resting {
		return nil
	}
	info, err := os.Stat(f.path)
	if err != nil {
		return nil //nolint:nilerr // it is gone; the next look says so
	}
	err = w.pour(ctx, f, f.path)
	if errors.Is(err, errDamaged) {
		if w.now().Sub(info.ModTime()) < w.cfg.Linger {
			return nil // it may still be written
		}
		w.report(fmt.Errorf("%s: %w", f.path, err))
		f.size = f.read
		err = w.lost(ctx, f.gap(f.read, Damaged))
	}
	if err != nil {
		return err
	}
	if err := w.deliver(ctx, f, f.decoder.Flush()); err != nil {
		return err
	}
	f.size, f.written, f.done = info.Size(), info.ModTime(), f.read
	w.retire(f)
	return w.save(ctx, nil)
}

// errDamaged says that a compressed file ends before its end.
var errDamaged = errors.New("the compressed file is cut or damaged")

// pour gives the decoder what stands in a file behind what it was given.
func (w *Follower) pour(ctx context.Context, f *file, name string) error {
	t, err := openText(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { _ = t.Close() }() // only read
	damaged := func(err error) error {
		if !t.packed {
			return fmt.Errorf("read %s: %w", name, err)
		}
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	if _, err := io.CopyN(io.Discard, t, f.read); err != nil {
		if errors.Is(err, io.EOF) {
			return nil // it was copied before what we read was written
		}
		return damaged(err)
	}
	for {
		n, err := fill(t, w.buf)
		if n > 0 {
			f.read += int64(n)
			w.count.add(func(p *Progress) { p.Bytes += int64(n) })
			if err := w.deliver(ctx, f, f.decoder.Decode(w.buf[:n])); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return damaged(err)
		}
	}
}

// become ends what a file was. Its copy or compressed predecessor, where there
// is one, is kept as a file that was read as far; otherwise the past is kept,
// because one may still appear, with what is whole before from. Neither is ever taken for a new file.
func (w *Follower) become(f *file, name string, survives bool, from int64) error {
	if survives {
		if t, err := openText(name); err == nil {
			defer func() { _ = t.Close() }() // only read
			info, err := t.file.Stat()
			if err != nil {
				return fmt.Errorf("look at %s: %w", name, err)
			}
			twin := &file{
				path: name, id: f.id, read: f.read, done: f.read, size: info.Size(), written: info.ModTime(),
				grew: w.now(), packed: t.packed, decoder: w.cfg.decoder(name, f.read),
			}
			now := inode(info)
			twin.id.Device, twin.id.Inode = now.Device, now.Inode
			w.retire(twin)
			w.files = slices.DeleteFunc(w.files, func(o *file) bool { return o.id.sameInode(twin.id) })
			w.files = slices.Insert(w.files, 0, twin)
			return nil
		}
	}
	w.remember(f.id, from)
	return nil
}

// remember keeps what a file was that is followed no more.
func (w *Follower) remember(id Identity, offset int64) {
	if id.HeadSize > 0 {
		w.past = append(w.past, Past{id, offset})
		w.past = w.past[max(0, len(w.past)-remembered):]
	}
}
