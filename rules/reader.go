package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// reader collects the sections of a file and what is wrong with it.
type reader struct {
	file     *File
	origins  []origin // of the lines of the file with its fragments
	mistakes Mistakes
}

// section is one part of a file, as written.
type section struct {
	kind  string // detect, capture, prove, guard, measure, repair, verify, seal, undo, guidance
	key   string // tells guards apart: their reason
	arg   string // behind the colon
	major int    // of a version variant, 0: for all
	line  int    // of the section's own line, fragments counted
	body  []string
}

var (
	sectionForm = regexp.MustCompile(`^-- (detect|capture|prove|guard|measure|repair|verify|seal|undo|guidance)(?: \((\d+)\))?(?::\s*(.*?))?\s*$`)
	headerForm  = regexp.MustCompile(`^-- ([a-z_]+)(?: ([a-z_][a-z0-9_]*))?:\s*(.*?)\s*$`)
)

// kinds are the sections a file may have.
var kinds = []string{"detect", "capture", "prove", "guard", "measure", "repair", "verify", "seal", "undo", "guidance"}

func (r *reader) mistake(line int, message, hint string) {
	r.mistakeAt(r.origin(line), message, hint)
}

func (r *reader) mistakeAt(o origin, message, hint string) {
	if o.by > 0 {
		message += fmt.Sprintf(" (included by %s:%d)", r.file.Path, o.by)
	}
	r.mistakes = append(r.mistakes, Mistake{File: o.file, Line: o.line, Message: message, Hint: hint})
}

func (r *reader) mistakef(line int, format string, args ...any) {
	r.mistake(line, fmt.Sprintf(format, args...), "")
}

// wrong records an error that may carry its own line.
func (r *reader) wrong(line int, err error) {
	var at *lineError
	if errors.As(err, &at) {
		r.mistake(at.line, at.message, "")
		return
	}
	r.mistake(line, err.Error(), "")
}

func (r *reader) read(lines []string) {
	seen := make(map[string]int)
	for i, text := range lines {
		line := i + 1
		if m := sectionForm.FindStringSubmatch(text); m != nil && !r.inGuidance(m) {
			r.begin(m, line)
			continue
		}
		if n := len(r.file.sections); n > 0 {
			r.file.sections[n-1].body = append(r.file.sections[n-1].body, text)
			continue
		}
		if strings.TrimSpace(text) != "" {
			r.header(text, line, seen)
		}
	}
	r.required(seen)
}

// inGuidance keeps a line of prose that begins with a section's word, such
// as "-- repair: …" in a list, part of the guidance.
func (r *reader) inGuidance(m []string) bool {
	n := len(r.file.sections)
	return n > 0 && r.file.sections[n-1].kind == "guidance" && (m[3] != "" || m[1] == "guidance" && m[2] == "")
}

func (r *reader) begin(m []string, line int) {
	s := section{kind: m[1], arg: m[3], line: line}
	if m[2] != "" {
		s.major, _ = strconv.Atoi(m[2])
		if s.major < MinMajor || s.major > 99 {
			r.mistakef(line, "the variant (%s) is not a supported major version", m[2])
		}
	}
	if s.kind == "guard" {
		s.key = s.arg
		if s.arg == "" {
			r.mistake(line, "a guard needs its reason", "-- guard: no index build is running on the table")
		}
	}
	for _, o := range r.file.sections {
		if o.kind == s.kind && o.key == s.key && o.major == s.major {
			r.mistakef(line, "the section %s is already there, in %s", s.kind, r.where(o.line))
		}
	}
	r.file.sections = append(r.file.sections, s)
}

func (r *reader) header(text string, line int, seen map[string]int) {
	if r.origin(line).by > 0 {
		r.mistake(line, "a fragment has no headers, and nothing before its first section here", "what a rule is and may do stands in its own file")
		return
	}
	m := headerForm.FindStringSubmatch(text)
	if m == nil {
		if bare := strings.TrimPrefix(text, "-- "); bare != text {
			word, _, _ := strings.Cut(bare, " ")
			r.mistake(line, fmt.Sprintf("%q is neither a header nor a section", shorten(bare)), didYouMean(word, append(kinds[:len(kinds):len(kinds)], headers...)))
		} else {
			r.mistake(line, "SQL stands before the first section", "a section begins with a line such as -- detect")
		}
		return
	}
	key, name, value := m[1], m[2], m[3]
	if key == "param" {
		r.param(name, value, line)
		return
	}
	if name != "" || !slices.Contains(headers, key) {
		r.mistake(line, fmt.Sprintf("unknown header %q", key), didYouMean(key, append(kinds[:len(kinds):len(kinds)], headers...)))
		return
	}
	if before, twice := seen[key]; twice {
		r.mistakef(line, "the header %s is already there, in %s", key, r.where(before))
	}
	seen[key] = line
	r.set(key, value, line)
}
