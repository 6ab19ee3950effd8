package baseline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Watch says how one database differs from its baseline: healer.Declared. It may
// be used from any goroutine.
type Watch struct {
	Reader healer.Reader
	Store  Store
	// Dropped says who was seen to drop a relation, or a part of one, and when;
	// nil: nobody listens.
	Dropped func(ctx context.Context, database, schema, name string, part bool) (Drop, bool)

	mu   sync.Mutex
	file string // of want
	want Schema // as it was read last
}

var _ healer.Declared = (*Watch)(nil)

// Drop is a statement in the log that dropped something.
type Drop struct {
	User string    `json:"user"`
	At   time.Time `json:"at"`
	App  string    `json:"app,omitempty"`
}

// entry is a difference as a rule reads it.
type entry struct {
	ID         string `json:"id"` // the same as long as it is the same difference
	OID        uint32 `json:"oid"`
	TableOID   uint32 `json:"table_oid"`
	Schema     string `json:"schema"`
	Name       string `json:"name"` // of the finding
	Relation   string `json:"relation"`
	Column     string `json:"column,omitempty"`
	Function   string `json:"function,omitempty"` // its plain name
	Owner      string `json:"owner"`
	What       string `json:"what"`
	Object     string `json:"object"` // in words
	Want       string `json:"want,omitempty"`
	Have       string `json:"have,omitempty"`
	Statements string `json:"statements"` // JSON in text, as it is offered
	Undo       string `json:"undo"`
	Mode       string `json:"mode"`
	UndoMode   string `json:"undo_mode"`
	Hazards    string `json:"hazards,omitempty"`
	Manual     string `json:"manual,omitempty"`
	Makes      bool   `json:"makes"` // something of its own in the schema
	ToOwner    string `json:"to_owner,omitempty"`
	Version    string `json:"version,omitempty"` // of an extension
	Loses      string `json:"loses,omitempty"`
	BlockedBy  string `json:"blocked_by,omitempty"`
	Renamed    string `json:"renamed,omitempty"`
	Dropped    string `json:"dropped,omitempty"`
	Locked     string `json:"locked,omitempty"` // it could not be judged: why
	Typo       string `json:"typo,omitempty"`   // the name that a statement asked for in vain
	Called     string `json:"called,omitempty"` // the function that it called in vain, and what is there
}

// Drift compares the database with what was approved.
func (w *Watch) Drift(ctx context.Context, event rules.Values) (healer.Drift, error) {
	id, err := w.Reader.Identify(ctx)
	if err != nil {
		return healer.Drift{}, err
	}
	want, mark, err := w.approved(ctx, id)
	if errors.Is(err, ErrNone) {
		return healer.Drift{}, nil
	}
	if err != nil {
		return healer.Drift{}, err
	}
	if mark.Version/10000 != id.Major() {
		return healer.Drift{}, fmt.Errorf("the baseline was captured on PostgreSQL %d, which prints definitions otherwise than %d; capture and approve it again",
			mark.Version/10000, id.Major())
	}
	have, err := Read(ctx, w.Reader)
	if err != nil {
		return healer.Drift{}, err
	}
	var out healer.Drift
	list := []entry{}
	all := Compare(want, have)
	if err := w.emptied(ctx, all, want, have); err != nil {
		return healer.Drift{}, err
	}
	for _, d := range all {
		if d.What == Extra {
			continue // nothing is ever dropped
		}
		e := w.entry(ctx, d, id.Database, mark.At)
		out.Offers = append(out.Offers, e.Statements, e.Undo)
		list = append(list, e)
	}
	list = append(list, locked(want, have)...)
	if e, ok := mistyped(event, have, list); ok {
		list = append(list, e)
	}
	if e, ok, err := w.called(ctx, event, list); err != nil {
		return healer.Drift{}, err
	} else if ok {
		list = append(list, e)
	}
	text, err := json.Marshal(list)
	out.Text = string(text)
	return out, err
}

// approved reads the baseline, once for each that was approved.
func (w *Watch) approved(ctx context.Context, id healer.Identity) (Schema, healer.Captured, error) {
	b, err := w.Store.find(ctx, id.SystemIdentifier, id.Database)
	if err == nil && b.Approved.Hash == "" {
		err = ErrNone
	}
	if err != nil {
		return Schema{}, b.Approved, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == b.Approved.File {
		return w.want, b.Approved, nil
	}
	if w.want, err = w.Store.open(b.Approved); err != nil {
		w.file = ""
		return Schema{}, b.Approved, err
	}
	w.file = b.Approved.File
	return w.want, b.Approved, nil
}

func (w *Watch) entry(ctx context.Context, d Difference, database string, since time.Time) entry {
	e := entry{
		Schema: d.Schema, Relation: d.relation(), Owner: d.Owner, What: string(d.What), Object: d.String(), OID: d.oidOf(), TableOID: d.table,
		Name: d.finding(), Want: d.Want, Have: d.Have, Statements: "[]", Undo: "[]", Mode: mode(d.Apart), UndoMode: mode(d.Apart && d.Kind != KindConstraint),
		Hazards: strings.Join(d.Hazards, "; "), Manual: d.Manual, Loses: d.Loses, Renamed: d.Renamed,
		ToOwner: d.ToOwner, Version: d.Version, Makes: d.ToOwner == "" && d.Kind != KindExtension && (d.table == 0 || d.Kind == KindView),
	}
	if d.Table != "" && d.Kind != KindIndex {
		e.Column = d.column()
	}
	if callable(d.Key) {
		e.Function = plainOf(d.Key)
	}
	e.ID = digest([]byte(strings.Join([]string{string(d.Kind), d.Schema, d.Table, d.Name, string(d.What), d.Want, d.Have}, "\x00")))[:16]
	if d.Heals() {
		e.Statements, e.Undo = offered(d.Statements), offered(d.Undo)
	}
	if d.Waits != nil {
		e.BlockedBy = "schema/drift " + d.Waits.String()
	}
	if w.Dropped != nil && d.What == Missing {
		if by, ok := w.Dropped(ctx, database, d.Schema, e.dropped(d), d.Table != "" && d.Kind != KindIndex); ok && by.At.After(since) {
			e.Dropped = fmt.Sprintf("%s dropped it at %s, after the baseline was approved; if it has to come back, approve the baseline again", by.User, by.At.UTC().Format(time.RFC3339))
		}
	}
	return e
}

// dropped is the name by which a DROP knows it.
func (e entry) dropped(d Difference) string {
	if d.Kind == KindIndex {
		return d.Name
	}
	return e.Relation
}

func mode(apart bool) string {
	if apart {
		return string(rules.Session)
	}
	return string(rules.Transaction)
}

// offered writes statements as the healer reads them.
func offered(list []Statement) string {
	out := make([]healer.DeclaredStatement, len(list))
	for i, s := range list {
		out[i] = healer.DeclaredStatement(s)
	}
	text, err := json.Marshal(out)
	if err != nil {
		return "[]"
	}
	return string(text)
}

// relation is the table, view or sequence, or else the name itself.
func (d Difference) relation() string {
	if d.Table != "" && !strings.Contains(d.Table, "(") {
		return d.Table
	}
	return plainOf(d.Key)
}

// column is that of a difference that is about one.
func (d Difference) column() string {
	switch d.Kind {
	case KindColumn, KindDefault, KindNotNull:
		return d.Name
	}
	return ""
}

// oidOf is the relation by which a finding is found again: of a part, its table.
// Something missing that has a name of its own is found by that.
func (d Difference) oidOf() uint32 {
	if d.Table != "" && d.Kind != KindIndex || d.What != Missing {
		return d.table
	}
	return 0
}

// finding is how the finding is called, in its schema.
func (d Difference) finding() string {
	switch d.Kind {
	case KindColumn, KindDefault, KindNotNull:
		return d.Table + "." + d.Name
	case KindTableGrant, KindSequenceGrant, KindColumnGrant, KindFunctionGrant:
		return d.Table
	case KindComment:
		return strings.TrimSuffix(d.Table+"."+d.Name, ".")
	}
	return d.Name
}

// locked are the relations of the baseline that somebody holds.
func locked(want, have Schema) []entry {
	index := want.index()
	var out []entry
	for _, o := range have.Objects {
		if o.Kind == KindLocked && relation(index, o.Schema, o.Name) != nil {
			out = append(out, entry{
				ID: "locked", OID: o.oid, TableOID: o.oid, Schema: o.Schema, Name: o.Name, Relation: o.Name, Owner: o.Owner, Statements: "[]", Undo: "[]",
				Mode: mode(false), UndoMode: mode(false), Locked: "somebody holds it in ACCESS EXCLUSIVE, so it cannot be compared with the baseline; not waited for",
			})
		}
	}
	return out
}

// mistyped is a name that a statement asked for in vain, and that is a near one
// of something that is there. Nothing is made of it; it is only said.
func mistyped(event rules.Values, have Schema, list []entry) (entry, bool) {
	table, column := event["event.table"].Text, event["event.column"].Text
	if table == "" {
		return entry{}, false
	}
	for _, e := range list {
		if e.What == string(Missing) && e.Relation == table && e.Column == column {
			return entry{}, false // the baseline has it, and the database does not
		}
	}
	schema := event["event.schema"].Text
	for _, o := range have.Objects {
		if schema != "" && o.Schema != schema {
			continue
		}
		asked := ""
		switch {
		case column == "" && (o.Kind == KindTable || o.Kind == KindView || o.Kind == KindMaterializedView) && Near(o.Name, table):
			asked = table
		case column != "" && o.Kind == KindColumn && o.Table == table && Near(o.Name, column):
			asked = table + "." + column
		}
		if asked == "" || relation(have.index(), o.Schema, table) != nil && column == "" {
			continue
		}
		d := Difference{Key: o.Key, oid: o.oid, table: o.table, What: Different}
		return entry{
			// What was asked for, so that a rule which the event narrows does not leave it out.
			Relation: table, Column: column,
			ID: "typo", OID: o.table, TableOID: o.table, Schema: o.Schema, Name: d.finding(), Owner: o.Owner,
			What: "asked for in vain", Object: o.String(), Statements: "[]", Undo: "[]", Mode: mode(false), UndoMode: mode(false),
			Typo: fmt.Sprintf("%s is not there, and is a near name of %s", asked, o.String()), Manual: "a statement has a wrong name",
		}, true
	}
	return entry{}, false
}
