package pglog_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"golang.org/x/text/encoding/unicode"
)

// pack compresses; bzip2 has no writer in Go, so its bytes are those of
// `printf 'ERROR:  x\n' | bzip2 | base64`.
func pack(t *testing.T, how string, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch how {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "xz":
		w, err = xz.NewWriter(&out)
	case "zstd":
		w, err = zstd.NewWriter(&out)
	case "lz4":
		w = lz4.NewWriter(&out)
	case "utf-16":
		b, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestUnpack(t *testing.T) {
	text := sample(t, pglog.JSON)
	want := decode(pglog.JSON, text)
	for _, how := range [][]string{nil, {"gzip"}, {"xz"}, {"zstd"}, {"lz4"}, {"utf-16"}, {"gzip", "zstd"}, {"zstd", "utf-16"}} {
		packed := text
		for i := len(how) - 1; i >= 0; i-- {
			packed = pack(t, how[i], packed)
		}
		r, got, err := pglog.Unpack(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(how, got); diff != "" {
			t.Error(diff)
		}
		_, records := scan(t, pglog.Scan{}, r)
		if diff := cmp.Diff(want, records); diff != "" {
			t.Errorf("%v:\n%.1000s", how, diff)
		}
		if len(how) != 1 || how[0] == "utf-16" {
			continue
		}
		// Two files one after the other, as after a rotation's append.
		if r, _, err = pglog.Unpack(bytes.NewReader(append(packed[:len(packed):len(packed)], packed...))); err != nil {
			t.Fatal(err)
		}
		if _, records = scan(t, pglog.Scan{}, r); len(records) != 2*len(want) {
			t.Errorf("%v twice: %d records, want %d", how, len(records), 2*len(want))
		}
	}
	r, how, err := pglog.Unpack(base64.NewDecoder(base64.StdEncoding, strings.NewReader(bzipped)))
	if err != nil || len(how) != 1 {
		t.Fatal(how, err)
	}
	if out, err := io.ReadAll(r); err != nil || string(out) != "ERROR:  x\n" {
		t.Errorf("%q %v", out, err)
	}
}

// TestCutPacked: what a cut file still has is read, and then the error told.
func TestCutPacked(t *testing.T) {
	text := bytes.Repeat(sample(t, pglog.JSON), 10)
	for _, how := range []string{"gzip", "zstd", "xz", "lz4"} {
		packed := pack(t, how, text)
		r, _, err := pglog.Unpack(bytes.NewReader(packed[:len(packed)-5]))
		if err != nil {
			t.Fatal(err)
		}
		found, err := pglog.Scan{}.Run(t.Context(), r, func(b *pglog.Block) error {
			for range b.Records() { //nolint:revive // they are counted
			}
			return nil
		}, nil)
		if err == nil || found.Records < 100 {
			t.Errorf("%s: %d records, error %v", how, found.Records, err)
		}
	}
	for _, head := range []string{"\x1f\x8b", "\xfd7zXZ\x00", "\xff\xfe", "BZh", "\x04\x22\x4d\x18", "\x28\xb5\x2f\xfd"} {
		r, _, err := pglog.Unpack(strings.NewReader(head))
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if err == nil && head != "\xff\xfe" {
			t.Errorf("%q is no error", head)
		}
	}
}

const bzipped = `QlpoOTFBWSZTWW0pYlQAAAJegAAQQAAAEAIAkAAAQCAAMQwBDTGoNkQieLuSKcKEg2lLEqA=`
