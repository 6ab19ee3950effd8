package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// fragmentSuffix ends the names of the files that hold what several rules have
// in common.
const fragmentSuffix = "_part.sql"

// maxText bounds a rule with all its fragments: a small file could name a
// large one many times.
const maxText = 1 << 20

var (
	includeForm = regexp.MustCompile(`^-- include: ([a-z0-9-]+/[a-z0-9-]+)\s*$`)
	// What somebody means as an include and is none would be a comment, and a
	// guard would be missing unnoticed.
	likeInclude = regexp.MustCompile(`(?i)^\s*--\s*include\s*:`)
)

// origin is where a line of a rule was written.
type origin struct {
	file string
	line int
	by   int // the line of the rule's own file that names the fragment; 0: it is the rule's own
}

// origin finds where a line of the whole text was written.
func (r *reader) origin(line int) origin {
	if line < 1 || line > len(r.origins) {
		return origin{file: r.file.Path, line: line}
	}
	return r.origins[line-1]
}

// where names that line, for one who reads another one's mistake.
func (r *reader) where(line int) string {
	o := r.origin(line)
	if o.by > 0 {
		return fmt.Sprintf("line %d of %s", o.line, o.file)
	}
	return fmt.Sprintf("line %d", o.line)
}

// expand puts each fragment in the place of the line that names it, and keeps
// where every line comes from.
func (r *reader) expand(src string, fragments fs.FS) []string {
	var out []string
	size := 0
	add := func(text string, o origin) {
		out, r.origins, size = append(out, text), append(r.origins, o), size+len(text)+1
	}
	own := origin{file: r.file.Path}
	for i, text := range r.lines(src, origin{file: r.file.Path, line: 1}) {
		own.line = i + 1
		if !likeInclude.MatchString(text) {
			add(text, own)
			continue
		}
		for j, more := range r.fragment(text, own, fragments) {
			add(more, origin{file: r.included(text), line: j + 1, by: own.line})
		}
		if size > maxText {
			r.mistakeAt(own, fmt.Sprintf("with its fragments the rule is longer than %d bytes", maxText), "")
			break
		}
	}
	return out
}

// included is the file that an include names; "" where it names none.
func (r *reader) included(text string) string {
	if m := includeForm.FindStringSubmatch(text); m != nil {
		return m[1] + fragmentSuffix
	}
	return ""
}

// fragment reads what a line includes. A fragment includes nothing, so that
// none can include itself, and who reads a rule has one place more to look.
func (r *reader) fragment(text string, own origin, fragments fs.FS) []string {
	name := r.included(text)
	if name == "" {
		r.mistakeAt(own, fmt.Sprintf("%q includes nothing", shorten(strings.TrimSpace(text))), "-- include: AREA/NAME is a line of its own, and stands for the file AREA/NAME"+fragmentSuffix)
		return nil
	}
	src, err := fs.ReadFile(fragments, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.mistakeAt(own, fmt.Sprintf("there is no fragment %s", name), didYouMean(name, fragmentNames(fragments)))
		return nil
	case err != nil:
		r.mistakeAt(own, fmt.Sprintf("the fragment cannot be read: %v", err), "")
		return nil
	}
	at := origin{file: name, line: 1, by: own.line}
	lines := r.lines(strings.TrimRight(string(src), "\r\n"), at)
	if lines != nil && strings.TrimSpace(strings.Join(lines, "")) == "" {
		r.mistakeAt(at, "the fragment is empty", "")
	}
	for i, line := range lines {
		if at.line = i + 1; likeInclude.MatchString(line) {
			r.mistakeAt(at, "a fragment includes nothing", "include both in the rule")
		}
	}
	return lines
}

// none is a folder without a file.
type none struct{}

// Open implements fs.FS.
func (none) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func fragmentNames(fragments fs.FS) []string {
	names, err := fs.Glob(fragments, "*/*"+fragmentSuffix)
	if err != nil {
		return nil
	}
	return names
}

// lines splits a file, whatever its line ends are.
func (r *reader) lines(src string, first origin) []string {
	if strings.ContainsRune(src, 0) {
		r.mistakeAt(first, "the file holds a NUL byte", "")
		return nil
	}
	return strings.Split(strings.ReplaceAll(strings.TrimPrefix(src, "\ufeff"), "\r\n", "\n"), "\n")
}
