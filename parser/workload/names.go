package workload

import (
	"cmp"
	"slices"
	"strings"
)

// namesCap is how many different names one list counts.
const namesCap = 64

// names counts a few names; the last one that was seen is found first,
// because records come in runs.
type names struct {
	list  []Name
	last  int
	other int64
}

// Name is how often a name was seen.
type Name struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// add counts a name. The text is kept only as a copy.
func (n *names) add(name string, count int64) {
	if name == "" {
		return
	}
	if n.last < len(n.list) && n.list[n.last].Name == name {
		n.list[n.last].Count += count
		return
	}
	for i := range n.list {
		if n.list[i].Name == name {
			n.list[i].Count += count
			n.last = i
			return
		}
	}
	if len(n.list) == namesCap {
		n.other += count
		return
	}
	n.list = append(n.list, Name{strings.Clone(name), count})
	n.last = len(n.list) - 1
}

func (n *names) merge(o *names) {
	for _, x := range o.list {
		n.add(x.Name, x.Count)
	}
	n.other += o.other
}

// sorted is the list, the most frequent first.
func (n *names) sorted() []Name {
	out := slices.Clone(n.list)
	slices.SortFunc(out, func(a, b Name) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	if n.other > 0 {
		out = append(out, Name{Other, n.other})
	}
	return out
}

// Other is the name of what came beyond a cap.
const Other = "(other)"
