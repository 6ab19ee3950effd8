package baseline

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// format is the first line of an encoded schema.
type format struct {
	Format  string `json:"format"`
	Version int    `json:"server_version"` // server_version_num
	Objects int    `json:"objects"`
}

const formatName = "pgmend baseline 1"

// Encode writes a schema as one object a line, in order, so that a change of
// one object is a change of one line.
func Encode(s Schema) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	objects := s.declared()
	if err := e.Encode(format{formatName, s.Version, len(objects)}); err != nil {
		return nil, err
	}
	for _, o := range objects {
		if err := e.Encode(o); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// declared are the objects that a baseline has: not what could not be read.
func (s Schema) declared() []Object {
	out := make([]Object, 0, len(s.Objects))
	for _, o := range s.Objects {
		if o.Kind != KindLocked {
			out = append(out, o)
		}
	}
	return out
}

// longestLine bounds what one object may take.
const longestLine = 16 << 20

// Decode reads what Encode wrote.
func Decode(r io.Reader) (Schema, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	var head format
	if !lines.Scan() {
		return Schema{}, errors.Join(errors.New("the baseline is empty"), lines.Err())
	}
	if err := strict(lines.Bytes(), &head); err != nil || head.Format != formatName {
		return Schema{}, fmt.Errorf("it is not a baseline that this pgmend knows: the first line has to say %q", formatName)
	}
	s := Schema{Version: head.Version}
	for n := 2; lines.Scan(); n++ {
		var o Object
		if err := strict(lines.Bytes(), &o); err != nil {
			return Schema{}, fmt.Errorf("line %d of the baseline: %w", n, err)
		}
		if o.Kind.rank() < 1 {
			return Schema{}, fmt.Errorf("line %d of the baseline: the kind %q is not known", n, o.Kind)
		}
		s.Objects = append(s.Objects, o)
	}
	if err := lines.Err(); err != nil {
		return Schema{}, fmt.Errorf("read the baseline: %w", err)
	}
	if len(s.Objects) != head.Objects {
		return Schema{}, fmt.Errorf("the baseline has %d objects and should have %d: it was cut", len(s.Objects), head.Objects)
	}
	s.sort()
	return s, nil
}

func strict(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
