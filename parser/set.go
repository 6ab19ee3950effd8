package parser

// set keeps values in the order they came, each once. A few are looked
// through; of many, as hostile text has, there is an index.
type set[T comparable] struct {
	list  []T
	index map[T]bool
}

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
