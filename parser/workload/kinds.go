package workload

import (
	"cmp"
	"slices"

	"github.com/pgmend/pgmend/parser/pglog"
)

// kinds counts events. There are few kinds in a log, and nearly all records
// are of the first of them: a list is faster than a map.
type kinds []kindCount

type kindCount struct {
	kind  pglog.Kind
	count int64
}

func (k *kinds) add(kind pglog.Kind, n int64) {
	for i := range *k {
		if x := &(*k)[i]; x.kind == kind {
			x.count += n
			return
		}
	}
	*k = append(*k, kindCount{kind, n})
}

func (k *kinds) sorted() []kindCount {
	return slices.SortedFunc(slices.Values(*k), func(a, b kindCount) int { return cmp.Compare(a.kind, b.kind) })
}
