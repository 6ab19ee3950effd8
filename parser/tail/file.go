package tail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/pgmend/pgmend/parser/pglog"
)

// readSize is how much is read, and at most handled, at once.
const readSize = 256 << 10

// file is one file that is followed.
type file struct {
	path    string
	id      Identity
	handle  *os.File // nil while it rests
	decoder *pglog.Decoder
	primed  *pglog.Decoder // the one that was told what stands before its beginning
	read    int64          // what the decoder was given
	done    int64          // what was handled
	size    int64          // as last seen
	written time.Time
	grew    time.Time // when we saw it grow
	moved   bool      // its name is gone, or another file's
	resting bool      // read to its end, and quiet
	rested  bool      // it was, until it was seen to change
	shrunk  int64     // the size it was cut to, its beginning being what it was; 0: none
	packed  bool      // compressed: read and done count what is in it, size the file itself
}

// open opens the file at its path; it says no if that is not it any more.
func (f *file) open() (bool, error) {
	if f.handle != nil {
		return true, nil
	}
	h, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open the log: %w (the account needs read access: log_file_mode = 0640 and its group)", err)
	}
	info, err := h.Stat()
	if err != nil || !inode(info).sameInode(f.id) {
		_ = h.Close() // only read
		return false, err
	}
	f.handle = h
	return true, nil
}

func (f *file) close() {
	if f.handle != nil {
		_ = f.handle.Close() // only read
		f.handle = nil
	}
}

// next reads the next bytes, up to limit of the file. It says intact: no
// when the file is not what it was: the bytes are then not of this file.
func (f *file) next(buf []byte, limit int64) (n int, intact bool, err error) {
	info, err := f.handle.Stat()
	if err != nil {
		return 0, false, fmt.Errorf("look at %s: %w", f.path, err)
	}
	f.shrunk = 0
	intact, err = f.id.check(f.handle)
	if err == nil && intact && info.Size() < f.read {
		f.shrunk, intact = info.Size(), false
	}
	if err != nil || !intact {
		return 0, false, err
	}
	f.size, f.written = info.Size(), info.ModTime()
	if want := min(limit, info.Size()) - f.read; want < int64(len(buf)) {
		buf = buf[:max(0, want)]
	}
	if len(buf) == 0 {
		return 0, true, nil
	}
	n, err = f.handle.ReadAt(buf, f.read)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, false, fmt.Errorf("read %s: %w", f.path, err)
	}
	// It may have been truncated, and grown again, while it was read.
	after, err := f.handle.Stat()
	if err != nil {
		return 0, false, fmt.Errorf("look at %s: %w", f.path, err)
	}
	if intact, err = f.id.check(f.handle); err != nil || !intact || after.Size() < f.read+int64(n) {
		return 0, false, err
	}
	return n, true, nil
}

// drain reads a file up to limit and delivers its records.
func (w *Follower) drain(ctx context.Context, f *file, limit int64) error {
	if f.packed {
		return w.drainPacked(ctx, f)
	}
	there, err := f.open()
	if err != nil || !there {
		return err
	}
	f.prime()
	grew, restarted := false, false
	for {
		n, intact, err := f.next(w.buf, limit)
		if err != nil {
			return err
		}
		if !intact {
			if restarted { // the other files have waited
				return nil
			}
			if err := w.restart(ctx, f); err != nil {
				return err
			}
			f.prime()
			limit, grew, restarted = max(limit, f.size), true, true
			continue
		}
		if n == 0 {
			break
		}
		f.read += int64(n)
		w.count.add(func(p *Progress) {
			p.Bytes += int64(n)
			if grew {
				p.Full++
			}
		})
		grew = true
		if err := w.deliver(ctx, f, f.decoder.Decode(w.buf[:n])); err != nil {
			return err
		}
	}
	if grew {
		f.grew, f.resting, f.rested = w.now(), false, false
		return nil
	}
	if w.now().Sub(f.grew) < min(quiet, w.cfg.Poll) {
		return nil
	}
	return w.deliver(ctx, f, f.decoder.Settle())
}

// prime tells a new decoder what stands before its beginning, by which it
// knows what a client can have forged. What cannot be read proves nothing.
func (f *file) prime() {
	if f.primed == f.decoder || f.handle == nil {
		return
	}
	f.primed = f.decoder
	before := make([]byte, min(f.read, headSize))
	if n, err := f.handle.ReadAt(before, f.read-int64(len(before))); err == nil && n > 0 {
		f.decoder.Before(before)
	}
}

// restart begins at the start of what a file has become.
func (w *Follower) restart(ctx context.Context, f *file) error {
	reason := Truncated
	name, copied := survivor(f.path, f.id)
	if copied {
		reason = CopyTruncated
		if err := w.recover(ctx, f, name); err != nil {
			return err
		}
	}
	from, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	// Where it was read to its end and had gone quiet, nothing is lost: the
	// server reuses its oldest name. Otherwise nobody knows what was written
	// between the last look and the truncation.
	var gaps []Gap
	if f.size > f.read || !f.rested {
		gaps = append(gaps, f.gap(from, reason))
	}
	if err := w.become(f, name, copied, from); err != nil {
		return err
	}
	info, err := f.handle.Stat()
	if err != nil {
		return fmt.Errorf("look at %s: %w", f.path, err)
	}
	f.size = info.Size()
	if f.shrunk > 0 { // what is before its new end was handled
		f.id.name(info)
		f.read = f.shrunk
	} else {
		if f.id, err = identify(f.handle, info); err != nil {
			return err
		}
		f.read = 0
		w.alike(f)
	}
	f.done, f.decoder, f.rested = f.read, w.cfg.decoder(f.path, f.read), false
	return w.lost(ctx, gaps...)
}

// alike gives a file the name of another one that begins as it does: that is
// its copy, and was met first.
func (w *Follower) alike(f *file) {
	for _, o := range w.files {
		if o != f && f.id.HeadSize > 0 && o.id.HeadSize == f.id.HeadSize && o.id.HeadHash == f.id.HeadHash {
			f.id.ID = o.id.ID
		}
	}
}

// lastLine is where the last line that is not complete begins.
func lastLine(f io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, min(size, readSize))
	if _, err := f.ReadAt(buf, size-int64(len(buf))); err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read the log's end: %w", err)
	}
	if i := bytes.LastIndexByte(buf, '\n'); i >= 0 {
		return size - int64(len(buf)) + int64(i) + 1, nil
	}
	return size, nil
}
