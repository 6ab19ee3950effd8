package tail

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// rotated is what logrotate and its like append to a name: a number or a
// date, and the compressor's suffix.
var rotated = regexp.MustCompile(`^([.-][0-9][0-9_.T:-]*)?(\.(gz|bz2|xz|zst|lz4))?$`)

// predecessors are the files whose names are those of followed files with
// such an appendix.
func predecessors(pattern string) ([]string, error) {
	paths, err := filepath.Glob(pattern + `[.\-]*`)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return slices.DeleteFunc(paths, func(path string) bool {
		for i := len(path) - 1; i > 0 && path[i] != filepath.Separator; i-- {
			if (path[i] != '.' && path[i] != '-') || !rotated.MatchString(path[i:]) {
				continue
			}
			if ok, err := filepath.Match(pattern, path[:i]); err == nil && ok {
				return false
			}
		}
		return true
	}), nil
}

// survivor looks for a file that begins as another one did and is not that
// one: its copy, or its compressed predecessor. It returns the name.
func survivor(path string, id Identity) (string, bool) {
	if id.HeadSize == 0 {
		return "", false
	}
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", false
	}
	base := filepath.Base(path)
	alike := func(e fs.DirEntry) int { // the names that begin alike first
		n := 0
		for n < min(len(base), len(e.Name())) && base[n] == e.Name()[n] {
			n++
		}
		return -n
	}
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return alike(a) - alike(b) })
	for _, e := range entries {
		if info, err := e.Info(); err != nil || inode(info).sameInode(id) {
			continue
		}
		name := filepath.Join(dir, e.Name())
		if begin, _, err := beginning(name); err == nil && id.startsAs(begin) {
			return name, true
		}
	}
	return "", false
}

// beginning is what a file begins with, up to 1 KiB.
func beginning(path string) (text []byte, packed bool, err error) {
	t, err := openText(path)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = t.Close() }() // only read
	return begins(t.Reader, t.packed)
}

// begins reads what a text begins with; packed is passed through.
func begins(t io.Reader, packed bool) ([]byte, bool, error) {
	text := make([]byte, headSize)
	n, err := fill(t, text)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return text[:n], packed, err
}

// fill reads until the buffer is full. Other than io.ReadFull it says io.EOF
// at the end, so that a compressed stream that is cut, io.ErrUnexpectedEOF, is
// told from a text that is short.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	if n == len(buf) {
		err = nil
	}
	return n, err
}

// text is what is in a file, compressed or not.
type text struct {
	io.Reader
	file   *os.File
	packed bool
}

// Close closes the file.
func (t *text) Close() error { return t.file.Close() }

// errIrregular says that a name is no file.
var errIrregular = errors.New("not a regular file")

// openText opens a file to be read from its beginning.
func openText(path string) (*text, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errIrregular
	}
	if err != nil {
		_ = f.Close() // only read
		return nil, err
	}
	t := &text{file: f}
	t.Reader, t.packed = unpack(f)
	return t, nil
}
