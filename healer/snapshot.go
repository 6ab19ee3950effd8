package healer

import (
	"fmt"
	"maps"
	"slices"
)

// Diff says how the other snapshot differs: one line for each property, in
// the order of the names. The oid is not compared, because an object that was
// made again is the same to its users.
func (s Snapshot) Diff(o Snapshot) []string {
	var out []string
	differs := func(name, a, b string) {
		if a != b {
			out = append(out, fmt.Sprintf("%s was %s and is %s", name, shown(a), shown(b)))
		}
	}
	differs("kind", s.Kind, o.Kind)
	differs("owner", s.Owner, o.Owner)
	mine, theirs := s.properties(), o.properties()
	for _, p := range s.Properties {
		differs(p.Name, p.Value, theirs[p.Name])
	}
	for _, p := range o.Properties {
		if _, both := mine[p.Name]; !both {
			differs(p.Name, "", p.Value)
		}
	}
	return out
}

// Hash is the same for two snapshots between which Diff sees no difference, and
// another where it does.
func (s Snapshot) Hash() string {
	parts := []string{s.Kind, s.Owner}
	properties := s.properties()
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if v := properties[name]; v != "" {
			parts = append(parts, name, v)
		}
	}
	return digest(parts...)
}

func (s Snapshot) properties() map[string]string {
	out := make(map[string]string, len(s.Properties))
	for _, p := range s.Properties {
		out[p.Name] = p.Value
	}
	return out
}

func shown(s string) string {
	if s == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", s)
}
