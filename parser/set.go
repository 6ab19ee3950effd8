package parser

// set keeps values in the order they came, each once. A few are looked
// through; of many, as hostile text has, there is an index.
type set[T comparable] struct {
	list  []T
	index map[T]bool
}

// most bounds what a statement may touch. Hostile text names a million tables;
// no statement of people or programs names so many.
const most = 10_000

// full reports whether a set of what a statement touches takes no more.
func (s *set[T]) full() bool { return len(s.list) >= most }

// few is how many are looked through.
const few = 16

func (s *set[T]) has(v T) bool {
	if s.index != nil {
		return s.index[v]
	}
	for i := range s.list {
		if s.list[i] == v {
			return true
		}
	}
	return false
}

func (s *set[T]) add(v T) {
	if s.has(v) {
		return
	}
	s.list = append(s.list, v)
	switch {
	case s.index != nil:
		s.index[v] = true
	case len(s.list) > few:
		s.index = make(map[T]bool, 2*few)
		for _, x := range s.list {
			s.index[x] = true
		}
	}
}
