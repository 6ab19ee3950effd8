package healer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/pgmend/pgmend/rules"
	"github.com/pgmend/pgmend/rules/logic"
)

// candidate judges one row of detect: it captures the facts and makes a
// finding of them, or says why it cannot. Neither means: no fault after all. The
// facts may have been captured ahead.
func (r *run) candidate(ctx context.Context, rule *rules.Rule, base rules.Values, row rules.Row, ahead Answer) (*Finding, *Skip) {
	refuse := func(reason Reason, message, hint string) (*Finding, *Skip) {
		s := r.skip(rule, name(row), reason, message, hint)
		return nil, &s
	}
	for _, column := range [...]string{"oid", "schema", "name"} {
		if v, ok := row.Get(column); !ok || v.Null {
			return refuse(Invalid, "detect returned no "+column, "the columns oid, schema and name are required")
		}
	}
	if kind := ObjectKind(row.Text("kind")); !kind.known() {
		return refuse(Invalid, fmt.Sprintf("detect returned the kind %q, which there is not", kind), "")
	}
	if held := row.Text("locked"); held != "" {
		return refuse(Locked, held, "")
	}
	if grant := row.Text("blind"); grant != "" {
		return refuse(Blind, "the role may not see what decides this", grant)
	}
	table := number(row.Text("table_oid"))
	if table == 0 {
		table = number(row.Text("oid"))
	}
	if rule.Opens && r.locked[table] {
		return refuse(Locked, "its table was found locked a moment ago", "")
	}
	facts := row
	if rule.Capture != nil {
		captured, err := ahead.Rows, error(nil)
		if !ahead.Given {
			captured, err = r.capture(ctx, rule, base.Merge(row.Values("")))
		}
		switch {
		case err != nil:
			s := r.skipped(rule, name(row), err)
			r.locked[table] = r.locked[table] || s.Reason == Locked
			return nil, &s
		case len(captured) == 0:
			return nil, nil
		case len(captured) > 1:
			return refuse(Invalid, fmt.Sprintf("capture returned %d rows, one is allowed", len(captured)), "")
		}
		if grant := captured[0].Text("blind"); grant != "" {
			return refuse(Blind, "the role may not see what decides this", grant)
		}
		facts = slices.Concat(row, captured[0])
	}
	facts, err := reason(rule, base, facts)
	switch {
	case err != nil:
		return refuse(Invalid, "the rule's logic: "+err.Error(), "")
	case facts == nil:
		return nil, nil
	case rule.Prove == nil:
		return r.finding(rule, table, row, facts), nil
	}
	proof, err := r.question(ctx, rule, *rule.Prove, base.Merge(facts.Values("")))
	switch {
	case err != nil:
		s := r.skipped(rule, name(row), err)
		return nil, &s
	case len(proof) == 0:
		return nil, nil
	case len(proof) > 1:
		return refuse(Invalid, fmt.Sprintf("prove returned %d rows, one is allowed", len(proof)), "")
	}
	return r.finding(rule, table, row, slices.Concat(facts, proof[0])), nil
}

// capture reads the facts of one candidate. An error that the rule names is the
// proof itself, as what amcheck says of a damaged index; it has the code of a
// damaged heap, and the rule's guard tells the two apart.
func (r *run) capture(ctx context.Context, rule *rules.Rule, values rules.Values) ([]rules.Row, error) {
	rows, err := r.question(ctx, rule, *rule.Capture, values)
	if db := databaseError(err); db != nil && slices.Contains(rule.Proof, db.SQLState) {
		return []rules.Row{{{Name: rules.Damage, Value: rules.Text(db.Message)}}}, nil
	}
	r.suspect(err, false)
	return rows, err
}

// reason lets the rule's own function turn facts into more facts: no facts at
// all where there is no fault.
func reason(rule *rules.Rule, base rules.Values, facts rules.Row) (rules.Row, error) {
	if rule.Logic == nil {
		return facts, nil
	}
	known := make(logic.Facts)
	for name, v := range base.Merge(facts.Values("")) {
		if !v.Null {
			known[name] = v.Text
		}
	}
	given, err := rule.Logic.Do(known)
	if err != nil || given == nil {
		return nil, err
	}
	facts = slices.DeleteFunc(slices.Clone(facts), func(c rules.Column) bool { return slices.Contains(rule.Logic.Takes, c.Name) })
	for _, name := range slices.Concat(rule.Logic.Gives, rule.Logic.SQL) {
		facts = append(facts, rules.Column{Name: name, Value: rules.Text(given[name])})
	}
	return facts, nil
}

func (r *run) finding(rule *rules.Rule, table uint32, row, facts rules.Row) *Finding {
	now := r.now()
	values := facts.Values("")
	f := &Finding{
		Rule: rule.ID, Title: rule.Title, Database: r.cfg.Database,
		Severity: rule.Severity, Risk: rule.Risk, Status: Open,
		Object: Object{
			Kind: ObjectKind(row.Text("kind")), Schema: row.Text("schema"), Name: row.Text("name"),
			OID: number(row.Text("oid")), TableOID: table,
			Owner: values["owner"].Text,
		},
		Facts: values, BlockedBy: values["blocked_by"].Text,
		FirstSeen: now, LastSeen: now,
	}
	if d := values["definition"]; d.Text != "" {
		sum := sha256.Sum256([]byte(d.Text))
		f.Object.Definition = hex.EncodeToString(sum[:])
	}
	// A row of detect may only raise the risk.
	if risk := rules.Risk(values["risk"].Text); risk.Rank() > f.Risk.Rank() && risk != "" {
		f.Risk = risk
	}
	query := rule.Detect.Text
	if rule.Capture != nil {
		query = rule.Capture.Text
	}
	if rule.Prove != nil {
		query = rule.Prove.Text
	}
	f.Evidence = []Evidence{{Query: query, Row: facts, At: now}}
	f.Identify(r.server, rule.Scope)
	return f
}

// name is how messages name a candidate; report escapes and quotes it.
func name(row rules.Row) string {
	return Object{Kind: ObjectKind(row.Text("kind")), Schema: row.Text("schema"), Name: row.Text("name")}.String()
}

func number(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
