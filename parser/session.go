package parser

import "slices"

// Session remembers what a session of the server prepared, so that EXECUTE
// says what it touches. The zero value is a session that has begun. It is for
// one goroutine.
type Session struct {
	prepared map[string]Statement
	order    []string // the names, the oldest first
}

// maxPrepared bounds what a session remembers. Beyond it the oldest goes.
const maxPrepared = 1000

// Resolve takes in the statements of a session in their order, and returns
// them with what EXECUTE runs in place. Those it is given are not changed. What
// was prepared before the session was followed stays unknown.
func (s *Session) Resolve(list []Statement) []Statement {
	copied := false
	for i, one := range list {
		switch {
		case one.Kind == "prepare" && one.Prepares != "":
			s.remember(one)
		case one.Kind == "deallocate":
			s.forget(one.Prepares)
		case one.Kind == "discard":
			s.prepared, s.order = nil, nil
		}
		known, ok := s.prepared[one.Executes]
		if one.Executes == "" || !ok {
			continue
		}
		if !copied {
			list, copied = slices.Clone(list), true
		}
		list[i] = merged(one, known)
	}
	return list
}

func (s *Session) remember(one Statement) {
	if s.prepared == nil {
		s.prepared = make(map[string]Statement)
	}
	s.forgetOne(one.Prepares)
	if len(s.order) == maxPrepared {
		s.forgetOne(s.order[0])
	}
	s.prepared[one.Prepares] = one
	s.order = append(s.order, one.Prepares)
}

// forget takes away one name, or with "" all, as DEALLOCATE does.
func (s *Session) forget(name string) {
	if name == "" {
		s.prepared, s.order = nil, nil
		return
	}
	s.forgetOne(name)
}

func (s *Session) forgetOne(name string) {
	if _, ok := s.prepared[name]; ok {
		delete(s.prepared, name)
		s.order = slices.DeleteFunc(s.order, func(n string) bool { return n == name })
	}
}

// merged is a statement with what it executes.
func merged(one, prepared Statement) Statement {
	e := extractor{
		tables: set[Table]{list: slices.Clone(one.Tables)}, columns: set[Column]{list: slices.Clone(one.Columns)},
		ctes: set[string]{list: slices.Clone(one.CTEs)},
	}
	e.noteAll(prepared.Tables)
	for _, c := range prepared.Columns {
		e.add(c)
	}
	for _, c := range prepared.CTEs {
		e.ctes.add(c)
	}
	in := e.result()
	one.Tables, one.Columns, one.CTEs = in.Tables, in.Columns, in.CTEs
	one.Inserted, one.Listed = prepared.Inserted, prepared.Listed
	return one
}
