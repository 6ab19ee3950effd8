package tail

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"time"
)

// handled is one event that was handed over.
type handled struct {
	file   string
	offset int64
}

// source is a file as the reader named it.
type source struct{ id, path string }

// gaps are those that were told so far.
func (w *torturer) gaps() (out []Gap) {
	text, err := os.ReadFile(w.outputPath())
	w.must(err)
	for line := range strings.Lines(string(text)) {
		var g Gap
		if body, ok := strings.CutPrefix(line, "gap "); ok && json.Unmarshal([]byte(body), &g) == nil {
			out = append(out, g)
		}
	}
	return out
}

// handedOver reads the output: every event with each place it was named by,
// and the ids of the lives that were read under their own name.
// A line that a kill cut has no end and does not count.
func (w *torturer) handedOver() (got [][]handled, originals map[int]string) {
	text, err := os.ReadFile(w.outputPath())
	w.must(err)
	got, originals = make([][]handled, len(w.places)), make(map[int]string)
	var from source
	for line := range strings.Lines(string(text)) {
		line, whole := strings.CutSuffix(line, ".\n")
		if id, ok := strings.CutPrefix(line, "file "); ok {
			from = source{}
			if whole {
				from.id, from.path, _ = strings.Cut(id, " ")
			}
			continue
		}
		start, number, ok := strings.Cut(line, " .")
		n, err := strconv.Atoi(number)
		offset, err2 := strconv.ParseInt(start, 10, 64)
		if whole && ok && err == nil && err2 == nil && n < len(got) && from.id != "" {
			got[n] = append(got[n], handled{from.id, offset})
			if l := w.places[n].life; w.lives[l].path == from.path {
				originals[l] = from.id
			}
		}
	}
	return got, originals
}

// judge waits until all that can be read is handed over, and holds what was handed over against what
// was written.
func (w *torturer) judge() {
	w.write(1) // it is never destroyed
	var got [][]handled
	var names map[int]string
	left := func() (n int) {
		for i, list := range got {
			if p := w.places[i]; len(list) == 0 && (w.lives[p.life].destroyed < 0 || p.offset < w.lives[p.life].destroyed) {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if got, names = w.handedOver(); left() == 0 || time.Now().After(deadline) {
			break
		}
	}
	w.kill()
	got, names = w.handedOver()
	gaps := w.gaps()
	covered := func(p place) bool {
		file, known := names[p.life]
		for _, g := range gaps {
			if g.FileID == file && g.From <= p.offset {
				return true
			}
		}
		return !known // it came and went unseen, but for a copy: nobody can know
	}
	seen := make(map[handled]int)
	lost, twice, dark := 0, 0, 0
	wrong := func(format string, args ...any) {
		if w.t.Failed() { // one tells enough
			return
		}
		w.t.Errorf(format+"\n%s", append(args, w.story())...)
	}
	for n, list := range got {
		p := w.places[n]
		l := w.lives[p.life]
		destroyed := l.destroyed >= 0 && p.offset >= l.destroyed
		switch {
		case len(list) == 0 && !destroyed:
			wrong("event %d of life %d, offset %d, was lost: %+v", n, p.life, p.offset, l)
		case len(list) == 0 && !covered(p):
			wrong("event %d of life %d, offset %d, was destroyed, and no gap says so: %+v", n, p.life, p.offset, l)
		case len(list) == 0:
			lost++
			if names[p.life] == "" {
				dark++
			}
		}
		for _, h := range list {
			if h != list[0] {
				wrong("event %d has two names: %v and %v", n, list[0], h)
			}
			if other, ok := seen[h]; ok && other != n {
				wrong("events %d and %d have one name: %v", n, other, h)
			}
			seen[h] = n
		}
		twice += max(0, len(list)-1)
	}
	w.t.Logf("%d events, %d files, %d destroyed before they were read (%d of them in files that came and went unseen), %d gaps, %d handed over twice",
		len(w.places), len(w.lives), lost, dark, len(gaps), twice)
}
