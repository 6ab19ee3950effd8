package healer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Declared knows the approved schema of a database.
type Declared interface {
	// Drift compares it with what there is now. An event narrows nothing; it only
	// says which name a statement asked for in vain. The zero Drift says that
	// nothing was approved.
	Drift(ctx context.Context, event rules.Values) (Drift, error)
}

// Drift is how a database differs from what was approved.
type Drift struct {
	Text   string   // JSON, an array, as a rule reads it in @drift
	Offers []string // every list of statements in it, as text; nothing else is run
}

// DeclaredStatement is one statement of such a list.
type DeclaredStatement struct {
	SQL    string `json:"sql"`
	Lock   string `json:"lock,omitempty"`
	Assert string `json:"assert,omitempty"` // a row of this query forbids the statement
}

// knowing adds how the database differs to the values of a query that asks for
// it, read afresh: what is approved or repaired meanwhile counts at once.
func (r *run) knowing(ctx context.Context, q rules.Query, v rules.Values) (rules.Values, error) {
	if !q.Uses(rules.DriftName) {
		return v, nil
	}
	if r.cfg.Declared == nil {
		return v.Merge(rules.Values{rules.DriftName: rules.Null()}), nil
	}
	d, err := r.cfg.Declared.Drift(ctx, r.opts.Event)
	if err != nil {
		return nil, err
	}
	r.offered = make(map[string]bool)
	for _, list := range d.Offers {
		r.offered[digest(list)] = true
	}
	drift := rules.Null()
	if d.Text != "" {
		drift = rules.Text(d.Text)
	}
	return v.Merge(rules.Values{rules.DriftName: drift}), nil
}

// modeOf is how an action runs: as its rule says or, where the baseline gives
// its statements, as those need it.
func modeOf(a *rules.Action, values rules.Values, fact string) (rules.Mode, error) {
	if a.Mode != rules.Declared {
		return a.Mode, nil
	}
	switch m := rules.Mode(values[fact].Text); m {
	case rules.Session, rules.Transaction:
		return m, nil
	default:
		return "", fmt.Errorf("%s is %q, neither session nor transaction", fact, m)
	}
}

// declared plans the statements that the approved baseline gives. They have to
// be what it gave in this very run, whatever the rule's queries made of them.
func (r *run) declared(rule *rules.Rule, mode rules.Mode, i int, step rules.Step, values rules.Values) ([]PlannedStep, error) {
	text := values[step.Gives].Text
	if text == "" || text == "[]" {
		return nil, nil // nothing that may run: the rule's guard says why
	}
	if !r.offered[digest(text)] {
		return nil, fmt.Errorf("the statements in %s are not what the approved baseline gives", step.Gives)
	}
	var list []DeclaredStatement
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read the statements of the baseline: %w", err)
	}
	texts := make([]string, len(list))
	for j, s := range list {
		texts[j] = s.SQL
	}
	classes, err := rules.CheckDeclared(rule, mode, texts)
	if err != nil {
		return nil, err
	}
	role := values["owner"].Text
	if role == "" {
		return nil, errors.New("nobody is known to own it, so nobody can make it")
	}
	out := make([]PlannedStep, len(list))
	for j, s := range list {
		out[j] = PlannedStep{
			SQL: s.SQL, Class: classes[j], Role: role, Index: i, Lock: s.Lock, Assert: s.Assert,
			Alone: mode == rules.Session && !concurrent(classes[j]),
		}
	}
	return out, nil
}

// concurrent reports whether statements of a class run outside of a transaction.
func concurrent(class string) bool { return class == "create_index" || class == "drop_index" }

// Baseline is what the ledger says of the declared schema of a database: what
// was captured, and what of that a person approved.
type Baseline struct {
	Server   string   `json:"server"` // its system identifier
	Database string   `json:"database"`
	Captured Captured `json:"captured"`
	Approved Captured `json:"approved,omitzero"`
}

// Captured is one schema, as it was read at one time. An approval is of exactly
// these bytes.
type Captured struct {
	Hash    string    `json:"hash"`   // of the objects, wherever they were read
	File    string    `json:"file"`   // SHA-256 of the file that holds them
	Source  string    `json:"source"` // "database", or the folder of SQL
	Version int       `json:"version"`
	Objects int       `json:"objects"`
	Actor   string    `json:"actor"`
	At      time.Time `json:"at"`
}
