package parsertest

import (
	"bufio"
	"compress/gzip"
	"os"
	"testing"
)

// Lines calls each with the lines of a gzipped file.
func Lines(t *testing.T, name string, each func(line []byte)) {
	t.Helper()
	f, err := os.Open(name) //nolint:gosec // a file that who runs the test names
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		each(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
