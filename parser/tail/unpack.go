package tail

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"io"
)

// unpack reads what is in a file, by its first bytes and not by its name.
func unpack(r io.Reader) (text io.Reader, packed bool, err error) {
	b := bufio.NewReaderSize(r, readSize)
	magic, err := b.Peek(4)
	if err != nil && len(magic) == 0 {
		return b, false, nil // what is empty is empty text
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(b)
		return z, true, err
	case bytes.HasPrefix(magic, []byte("BZh")):
		return bzip2.NewReader(b), true, nil
	}
	return b, false, nil
}
