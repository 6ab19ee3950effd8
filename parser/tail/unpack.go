package tail

import (
	"io"

	"github.com/pgmend/pgmend/parser/pglog"
)

// unpack reads what is in a file, by its first bytes and not by its name. Of
// a compressed file that cannot be opened, because it is still being written,
// the text is an error.
func unpack(r io.Reader) (text io.Reader, packed bool) {
	text, how, err := pglog.Unpack(r)
	if err != nil {
		return broken{err}, true
	}
	return text, len(how) > 0
}

// broken is a text that cannot be read.
type broken struct{ err error }

// Read implements io.Reader.
func (b broken) Read([]byte) (int, error) { return 0, b.err }
