package workload

// group counts things by a key, up to a cap; what comes beyond it is counted
// as other.
type group[K comparable, V any] struct {
	cap   int
	of    map[K]*V
	other int64
}

// groupCap is the cap where none is given.
const groupCap = 1000

// at is the thing of a key, made by new when it is the first; nil beyond the
// cap.
func (g *group[K, V]) at(k K, first func() (K, *V)) *V {
	if v := g.of[k]; v != nil {
		return v
	}
	limit := g.cap
	if limit == 0 {
		limit = groupCap
	}
	if len(g.of) >= limit {
		g.other++
		return nil
	}
	if g.of == nil {
		g.of = map[K]*V{}
	}
	own, v := first()
	g.of[own] = v
	return v
}

// mergeable is a thing that adds up.
type mergeable[V any] interface {
	*V
	merge(o *V)
}

// mergeGroups adds another group.
func mergeGroups[K comparable, V any, P mergeable[V]](g, o *group[K, V]) {
	g.other += o.other
	for k, v := range o.of {
		if mine := g.at(k, func() (K, *V) { return k, v }); mine != nil && mine != v {
			P(mine).merge(v)
		}
	}
}
