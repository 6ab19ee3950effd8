package baseline

import (
	"slices"
	"strings"
)

// What says how an object differs from the baseline.
type What string

// The ways to differ.
const (
	Missing   What = "missing"
	Extra     What = "extra"
	Different What = "different"
)

// Difference is one thing that is not as the baseline has it, with what would
// bring it back. The parts of a missing object are brought back with it, and
// those of an extra one are not named again.
type Difference struct {
	Key

	What  What   `json:"what"`
	Owner string `json:"owner,omitempty"` // as whom its statements run
	Want  string `json:"want,omitempty"`  // the definition in the baseline
	Have  string `json:"have,omitempty"`  // and in the database

	// Statements bring the baseline back. In one transaction, or, with Apart,
	// each by itself, as CONCURRENTLY needs and as locks are held least.
	Statements []Statement `json:"statements"`
	Undo       []Statement `json:"undo,omitempty"`
	Apart      bool        `json:"apart,omitempty"`

	Hazards []string `json:"hazards"`            // locks, rewrites, loss of data, in words
	Manual  string   `json:"manual,omitempty"`   // why no repair runs them: what a person has to decide or do
	Loses   string   `json:"loses,omitempty"`    // what data do not come back
	Waits   *Key     `json:"waits,omitempty"`    // what has to be brought back before
	ToOwner string   `json:"to_owner,omitempty"` // whose it becomes
	Version string   `json:"version,omitempty"`  // of the extension that is made
	Renamed string   `json:"renamed,omitempty"`  // what is there and looks like it under another name
	With    []Key    `json:"with,omitempty"`     // parts that come back with it

	oid, table uint32
}

// Statement is one statement of a repair or of an undo.
type Statement struct {
	SQL    string `json:"sql"`
	Lock   string `json:"lock,omitempty"`   // the strongest it takes, and on what
	Assert string `json:"assert,omitempty"` // a row of this query forbids the statement
}

// Heals reports whether a repair may run the statements.
func (d Difference) Heals() bool { return d.Manual == "" && len(d.Statements) > 0 }

// Compare says what differs from the baseline, in the order in which it can be
// brought back. What somebody holds in the database is not judged.
func Compare(want, have Schema) []Difference {
	c := newComparison(want, have)
	list := []Difference{}
	for i := range want.Objects {
		list = append(list, c.lacks(&want.Objects[i])...)
	}
	for i := range have.Objects {
		if d, ok := c.extra(&have.Objects[i]); ok {
			list = append(list, d)
		}
	}
	c.renames(list)
	c.waits(list)
	return list
}

// comparison is one run of Compare.
type comparison struct {
	want, have map[Key]*Object
	referring  map[Key][]Key     // the foreign keys of other tables that refer to one, in the baseline
	parts      map[Key][]*Object // of tables, columns, functions …, in the baseline
	with       map[Key]Key       // what is brought back with what
	there      []Object          // what is in the database, in order
	locked     map[[2]string]bool
	missing    map[Key]bool // with all its parts, which are not named here
}

// newComparison notes what belongs to what, and what is missing as a whole.
func newComparison(want, have Schema) *comparison {
	c := &comparison{
		want: want.index(), have: have.index(), referring: make(map[Key][]Key), parts: make(map[Key][]*Object), with: make(map[Key]Key),
		locked: make(map[[2]string]bool), missing: make(map[Key]bool), there: have.Objects,
	}
	for _, o := range have.Objects {
		if o.Kind == KindLocked {
			c.locked[[2]string{o.Schema, o.Name}] = true
		}
	}
	for i := range want.Objects {
		o := &want.Objects[i]
		if top, ok := c.container(c.want, *o); ok {
			c.parts[top] = append(c.parts[top], o)
		}
		if parent := refersTo(o); parent != (Key{}) {
			c.referring[parent] = append(c.referring[parent], o.Key)
		}
	}
	for i := range want.Objects {
		o := &want.Objects[i]
		if o.Kind == KindLocked || c.have[o.Key] != nil || c.blind(o) {
			continue
		}
		if top, ok := c.gone(o); ok {
			c.with[o.Key] = top
		} else {
			c.missing[o.Key] = true
		}
	}
	return c
}

// blind reports whether an object belongs to what somebody holds.
func (c *comparison) blind(o *Object) bool {
	name := o.Table
	if name == "" {
		name = o.Name
	}
	if c.locked[[2]string{o.Schema, name}] {
		return true
	}
	// What reads a held relation was not read either.
	return slices.ContainsFunc(o.Needs, func(k Key) bool {
		return c.locked[[2]string{k.Schema, k.Name}] || k.Table != "" && c.locked[[2]string{k.Schema, k.Table}]
	})
}

// container is the object that another is a part of.
func (c *comparison) container(index map[Key]*Object, o Object) (Key, bool) {
	switch o.Kind {
	case KindDefault, KindNotNull:
		return Key{KindColumn, o.Schema, o.Table, o.Name}, true
	case KindColumnGrant:
		return Key{KindColumn, o.Schema, o.Table, o.Detail["column"]}, true
	case KindSequenceOwner:
		return Key{KindSequence, o.Schema, "", o.Name}, true
	case KindSequence:
		// The sequence of a serial column goes and comes with its table.
		if by := index[Key{KindSequenceOwner, o.Schema, "", o.Name}]; by != nil {
			return Key{KindTable, by.Detail["schema"], "", by.Detail["table"]}, true
		}
		return Key{}, false
	case KindComment:
		if o.Name != "" && o.Detail["on"] == "column" {
			if k := (Key{KindColumn, o.Schema, o.Table, o.Name}); index[k] != nil {
				return k, true
			}
		}
	case KindSchemaGrant:
		return Key{KindSchema, o.Schema, "", o.Schema}, true
	}
	if o.Table == "" {
		return Key{}, false
	}
	if strings.Contains(o.Table, "(") || o.Kind == KindFunctionGrant {
		for _, kind := range [...]Kind{KindFunction, KindProcedure, KindAggregate} {
			if k := (Key{kind, o.Schema, "", o.Table}); index[k] != nil {
				return k, true
			}
		}
	}
	if r := relation(index, o.Schema, o.Table); r != nil {
		return r.Key, true
	}
	return Key{}, false
}

// gone reports whether the object's container, or that one's, is missing too.
func (c *comparison) gone(o *Object) (Key, bool) {
	top, ok := c.container(c.want, *o)
	if !ok || c.want[top] == nil {
		return Key{}, false
	}
	if above, ok := c.gone(c.want[top]); ok {
		return above, true
	}
	if c.have[top] == nil && !c.blind(c.want[top]) {
		return top, true
	}
	return Key{}, false
}

// lacks says what of an object of the baseline is not there, or not so.
func (c *comparison) lacks(o *Object) []Difference {
	if o.Kind == KindLocked || c.blind(o) {
		return nil
	}
	now := c.have[o.Key]
	if now != nil {
		return c.differs(o, now)
	}
	if !c.missing[o.Key] {
		return nil // it comes back with what it is a part of
	}
	d := Difference{Key: o.Key, What: Missing, Owner: c.owner(o), Want: o.Definition, table: c.tableOf(o)}
	c.heal(&d, o, nil)
	return []Difference{d}
}

// differs compares an object that is there. A grant is judged by each
// privilege: what is missing can be granted, and what is too much is a person's
// to revoke.
func (c *comparison) differs(o, now *Object) []Difference {
	var out []Difference
	add := func(d Difference) {
		d.Key, d.oid, d.table = o.Key, now.oid, now.table
		out = append(out, d)
	}
	if o.Owner != "" && now.Owner != o.Owner && o.Table == "" && o.Kind != KindSequenceOwner && o.Kind != KindExtension && !c.owned(now) {
		d := Difference{What: Different, Owner: now.Owner, Want: "owner " + o.Owner, Have: "owner " + now.Owner}
		d.Key = o.Key
		c.ownership(&d, o, now)
		d.locks()
		add(d)
	}
	if strings.HasSuffix(string(o.Kind), " grant") {
		for _, d := range c.privileges(o, now) {
			add(d)
		}
		return out
	}
	if o.Definition == now.Definition && slices.EqualFunc(o.details(), now.details(), func(a, b string) bool {
		return a == b && o.Detail[a] == now.Detail[b]
	}) {
		return out
	}
	d := Difference{Key: o.Key, What: Different, Owner: now.Owner, Want: shown(o), Have: shown(now), table: now.table}
	c.heal(&d, o, now)
	add(d)
	return out
}

// shown is a definition with the details that are not in it.
func shown(o *Object) string {
	out := o.Definition
	switch {
	case o.Kind == KindConstraint && o.Detail["invalid"] != "":
		out += " NOT VALID"
	case o.Kind == KindTrigger:
		out += ", " + enabled(o.Detail["enabled"])
	case o.Kind == KindView && o.Detail["options"] != "":
		out = "WITH (" + o.Detail["options"] + ") AS " + out
	}
	return out
}

func enabled(state string) string {
	switch state {
	case "D":
		return "disabled"
	case "R":
		return "enabled for replication only"
	case "A":
		return "enabled always"
	}
	return "enabled"
}

// extra names what the baseline does not have. Nothing is ever dropped: a
// person drops it, or approves another baseline.
func (c *comparison) extra(o *Object) (Difference, bool) {
	if o.Kind == KindLocked || c.want[o.Key] != nil || c.blind(o) {
		return Difference{}, false
	}
	if o.Kind == KindSchema && o.Name == "public" {
		return Difference{}, false // every database has it from the start
	}
	for top, ok := c.container(c.have, *o); ok; top, ok = c.container(c.have, *c.have[top]) {
		if c.have[top] == nil {
			break
		}
		if c.want[top] == nil {
			return Difference{}, false // it goes with that
		}
	}
	d := Difference{Key: o.Key, What: Extra, Owner: o.Owner, Have: o.Definition, oid: o.oid, table: o.table}
	c.surplus(&d, o)
	return d, true
}

// owner is as whom something is made: as the baseline has it or, where that
// does not say, as the owner of what it is a part of.
func (c *comparison) owner(o *Object) string {
	if o.Table != "" {
		if top, ok := c.container(c.have, *o); ok && c.have[top] != nil && c.have[top].Owner != "" {
			return c.have[top].Owner
		}
	}
	if o.Owner != "" {
		return o.Owner
	}
	if s := c.have[Key{KindSchema, o.Schema, "", o.Schema}]; s != nil {
		return s.Owner
	}
	return ""
}

// tableOf is the oid of the relation that something missing is a part of.
func (c *comparison) tableOf(o *Object) uint32 {
	if o.Table == "" {
		return 0
	}
	if r := relation(c.have, o.Schema, o.Table); r != nil {
		return r.oid
	}
	return 0
}

// waits says of each difference what has to be brought back first. Two that
// wait for each other do not wait: their foreign keys come later.
func (c *comparison) waits(list []Difference) {
	for i := range list {
		if list[i].What == Extra {
			continue
		}
		for _, k := range c.requires(list[i].Key) {
			if c.missing[k] && !c.reaches(k, list[i].Key, nil) {
				list[i].Waits = &k
				break
			}
		}
	}
}

// requires lists what has to be there before an object, or its parts, can be.
func (c *comparison) requires(k Key) []Key {
	var out []Key
	add := func(need Key) {
		if top, ok := c.with[need]; ok {
			need = top
		}
		if need != k && !slices.Contains(out, need) {
			out = append(out, need)
		}
	}
	for _, o := range c.all(k) {
		for _, need := range o.Needs {
			add(need)
		}
		switch o.Kind {
		case KindSequenceOwner:
			add(Key{KindTable, o.Detail["schema"], "", o.Detail["table"]})
			add(Key{KindColumn, o.Detail["schema"], o.Detail["table"], o.Detail["column"]})
		case KindConstraint:
			if o.Detail["type"] == "p" && o.Key == k {
				// A primary key would look for nulls under its lock.
				for _, name := range keyColumns(o.Definition) {
					add(Key{KindNotNull, o.Schema, o.Table, name})
				}
			}
		}
	}
	return out
}

// all is an object with all that is brought back with it.
func (c *comparison) all(k Key) []*Object {
	o := c.want[k]
	if o == nil {
		return nil
	}
	out := []*Object{o}
	if c.have[k] != nil {
		return out
	}
	for _, part := range c.parts[k] {
		out = append(out, c.all(part.Key)...)
	}
	return out
}

// reaches reports whether an object needs another, through others.
func (c *comparison) reaches(from, to Key, seen map[Key]bool) bool {
	if seen == nil {
		seen = make(map[Key]bool)
	}
	seen[from] = true
	for _, k := range c.requires(from) {
		if k == to {
			return true
		}
		if c.missing[k] && !seen[k] && c.reaches(k, to, seen) {
			return true
		}
	}
	return false
}
