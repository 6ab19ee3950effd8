package baseline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Kind is what an object is.
type Kind string

// The kinds, in the order in which they can be made.
const (
	KindLocked           Kind = "locked" // somebody holds it, so it was not read
	KindSchema           Kind = "schema"
	KindExtension        Kind = "extension"
	KindType             Kind = "type"
	KindSequence         Kind = "sequence"
	KindFunction         Kind = "function"
	KindProcedure        Kind = "procedure"
	KindAggregate        Kind = "aggregate"
	KindTable            Kind = "table"
	KindForeignTable     Kind = "foreign table"
	KindColumn           Kind = "column"
	KindDefault          Kind = "default"
	KindNotNull          Kind = "not null"
	KindSequenceOwner    Kind = "sequence owner"
	KindConstraint       Kind = "constraint"
	KindIndex            Kind = "index"
	KindStatistics       Kind = "statistics"
	KindView             Kind = "view"
	KindMaterializedView Kind = "materialized view"
	KindTrigger          Kind = "trigger"
	KindPolicy           Kind = "policy"
	KindRowSecurity      Kind = "row security"
	KindComment          Kind = "comment"
	KindSchemaGrant      Kind = "schema grant"
	KindTableGrant       Kind = "table grant"
	KindColumnGrant      Kind = "column grant"
	KindSequenceGrant    Kind = "sequence grant"
	KindFunctionGrant    Kind = "function grant"
)

// kinds lists them, for their order.
func kinds() []Kind {
	return []Kind{
		KindLocked, KindSchema, KindExtension, KindType, KindSequence, KindFunction, KindProcedure, KindAggregate, KindTable, KindForeignTable,
		KindColumn, KindDefault, KindNotNull, KindSequenceOwner, KindConstraint, KindIndex, KindStatistics, KindView, KindMaterializedView,
		KindTrigger, KindPolicy, KindRowSecurity, KindComment,
		KindSchemaGrant, KindTableGrant, KindColumnGrant, KindSequenceGrant, KindFunctionGrant,
	}
}

// Key says which object it is. A part of a relation or of a function has its
// name in Table; a function's name has its types, f(integer, text).
type Key struct {
	Kind   Kind   `json:"kind"`
	Schema string `json:"schema,omitempty"`
	Table  string `json:"table,omitempty"`
	Name   string `json:"name,omitempty"`
}

// String names the object in a message.
func (k Key) String() string {
	parts := slices.DeleteFunc([]string{k.Schema, k.Table, k.Name}, func(s string) bool { return s == "" })
	switch k.Kind {
	case KindSchema:
		parts = []string{k.Name}
	case KindIndex, KindStatistics, KindRowSecurity:
		return fmt.Sprintf("%s %s.%s", k.Kind, k.Schema, k.Name)
	case KindSchemaGrant, KindTableGrant, KindSequenceGrant, KindFunctionGrant:
		on := strings.TrimSuffix(string(k.Kind), " grant")
		return fmt.Sprintf("grant on %s %s to %s", on, strings.Join(parts[:len(parts)-1], "."), k.Name)
	}
	return string(k.Kind) + " " + strings.Join(parts, ".")
}

// compare orders keys as objects can be made, so that what is written of a
// schema is the same each time.
func (k Key) compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Kind.rank(), o.Kind.rank()), cmp.Compare(k.Schema, o.Schema),
		cmp.Compare(k.Table, o.Table), cmp.Compare(k.Name, o.Name))
}

func (k Kind) rank() int { return slices.Index(kinds(), k) }

// Object is one thing of a schema.
type Object struct {
	Key

	Owner      string            `json:"owner,omitempty"` // "": not declared
	Definition string            `json:"definition,omitempty"`
	Detail     map[string]string `json:"detail,omitempty"` // what its statements need beside the definition
	Needs      []Key             `json:"needs,omitempty"`  // relations, columns, functions and types

	oid, table uint32 // in the database that was read; no part of a baseline
}

// Schema is what one database has, in the order in which it can be made.
type Schema struct {
	Database string   `json:"database"`
	Server   string   `json:"server"`  // its system identifier
	Version  int      `json:"version"` // server_version_num
	Objects  []Object `json:"objects"`
}

// sort puts the objects and what they need into order.
func (s *Schema) sort() {
	for i := range s.Objects {
		slices.SortFunc(s.Objects[i].Needs, Key.compare)
		s.Objects[i].Needs = slices.Compact(s.Objects[i].Needs)
	}
	slices.SortFunc(s.Objects, func(a, b Object) int { return a.compare(b.Key) })
}

// Hash is the same for two schemas that have the same objects, wherever they
// are. It is what an approval is bound to.
func (s Schema) Hash() string {
	h := sha256.New()
	part := func(text string) { fmt.Fprintf(h, "%d:%s", len(text), text) }
	for _, o := range s.Objects {
		if o.Kind == KindLocked {
			continue
		}
		for _, text := range []string{string(o.Kind), o.Schema, o.Table, o.Name, o.Owner, o.Definition} {
			part(text)
		}
		for _, name := range o.details() {
			part(name)
			part(o.Detail[name])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Locked lists what somebody held, so that it was not read.
func (s Schema) Locked() []string {
	var out []string
	for _, o := range s.Objects {
		if o.Kind == KindLocked {
			out = append(out, o.Schema+"."+o.Name)
		}
	}
	return out
}

// Counts says how many objects there are of each kind, in order.
func (s Schema) Counts() []Count {
	n := make(map[Kind]int)
	for _, o := range s.Objects {
		n[o.Kind]++
	}
	var out []Count
	for _, k := range kinds() {
		if n[k] > 0 && k != KindLocked {
			out = append(out, Count{k, n[k]})
		}
	}
	return out
}

// Count is how many objects there are of a kind.
type Count struct {
	Kind  Kind `json:"kind"`
	Count int  `json:"count"`
}

// index finds objects by their keys.
func (s Schema) index() map[Key]*Object {
	out := make(map[Key]*Object, len(s.Objects))
	for i := range s.Objects {
		out[s.Objects[i].Key] = &s.Objects[i]
	}
	return out
}

// details are the names of the details that matter, sorted. Where a column
// stands does not: one that is added again stands at the end. The columns of a
// view follow from its definition.
func (o Object) details() []string {
	var out []string
	for name := range o.Detail {
		if name != "position" && name != "columns" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
