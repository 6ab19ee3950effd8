package report

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// Index leads to the digests beside it.
type Index struct{ Digests []DigestFile }

// DigestFile is one digest.
type DigestFile struct {
	Name string
	Kind string // daily, weekly
	At   time.Time
}

// Write writes the index.
func (i Index) Write(w io.Writer, o Options) error {
	all := slices.Clone(i.Digests)
	slices.SortFunc(all, func(a, b DigestFile) int { return b.At.Compare(a.At) })
	d := document{title: "pgmend: digests", heading: "Digests", lead: fmt.Sprintf("%d digests, the newest first.", len(all))}
	l := &grid{list{name: "digests", columns: []string{"digest", "period", "written"}, linked: "digest", beside: true}}
	for _, f := range all {
		l.add(nil, plain, f.Name, f.Kind, stamp(f.At))
	}
	d.add("", l)
	return d.write(w, o)
}
