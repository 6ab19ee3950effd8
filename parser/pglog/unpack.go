package pglog

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"golang.org/x/text/encoding/unicode"
)

// packings are known by their first bytes, never by a file's name.
var packings = [...]struct {
	name, magic string
	open        func(io.Reader) (io.Reader, error)
}{
	{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"bzip2", "BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
	{"xz", "\xfd7zXZ\x00", func(r io.Reader) (io.Reader, error) { return xz.NewReader(r) }},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"lz4", "\x04\x22\x4d\x18", func(r io.Reader) (io.Reader, error) { return lz4.NewReader(r), nil }},
	{"utf-16", "\xff\xfe", openUTF16},
	{"utf-16", "\xfe\xff", openUTF16},
	{"utf-8", "\xef\xbb\xbf", func(r io.Reader) (io.Reader, error) { _, err := io.CopyN(io.Discard, r, 3); return r, err }},
}

// maxUnpacked is the largest window that a zstd file may ask memory for.
const maxUnpacked = 64 << 20

func openZstd(r io.Reader) (io.Reader, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderMaxWindow(maxUnpacked))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// openUTF16 reads what Windows' tools write: the byte order mark tells which
// of the two it is.
func openUTF16(r io.Reader) (io.Reader, error) {
	return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(r), nil
}

// Unpack returns a log's text: of gzip, bzip2, xz, zstd and lz4, also within
// each other, of UTF-16, or as it is. How says what was undone, the outermost
// first. A packed log that is cut gives what it has and then an error.
func Unpack(r io.Reader) (text io.Reader, how []string, err error) {
	for len(how) < 3 {
		in := bufio.NewReaderSize(r, 64<<10)
		head, err := in.Peek(6)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, how, fmt.Errorf("read the log: %w", err)
		}
		found := false
		for _, p := range packings {
			if !bytes.HasPrefix(head, []byte(p.magic)) {
				continue
			}
			if r, err = p.open(in); err != nil {
				return nil, how, fmt.Errorf("open the log, which begins as %s does: %w", p.name, err)
			}
			how, found = append(how, p.name), true
			break
		}
		if !found {
			return in, how, nil
		}
	}
	return r, how, nil
}
