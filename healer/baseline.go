package healer

import (
	"context"
	"encoding/json"
	"fmt"
)

// baseline is what statements took before a repair and since: what a watch
// knows, over restarts.
type baseline struct {
	Scope
	Begun      bool    `json:"begun"` // something was read after the repair
	Statements []tally `json:"statements"`
}

func baselineKey(attempt string) string { return "watch/" + attempt }

func loadBaseline(ctx context.Context, s State, attempt string) (*baseline, error) {
	text, found, err := s.Get(ctx, baselineKey(attempt))
	if err != nil || !found || text == "" {
		return nil, err
	}
	b := new(baseline)
	if err := json.Unmarshal([]byte(text), b); err != nil {
		return nil, fmt.Errorf("read what statements took: %w", err)
	}
	return b, nil
}

func (b *baseline) save(ctx context.Context, s State, attempt string) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return s.Put(ctx, baselineKey(attempt), string(text))
}

// begin takes the counters before the repair.
func (b *baseline) begin(ctx context.Context, m Meter, p Plan) (missing []string, err error) {
	if b.Server = sets(p); !b.Server {
		if b.Relations, err = m.Relations(ctx, p.Finding.Object); err != nil {
			return nil, err
		}
	}
	list, missing, err := m.Readings(ctx, b.Scope)
	for _, r := range list {
		b.Statements = append(b.Statements, tally{
			Source: r.Source, Statement: r.Statement, Text: r.Text, Touches: r.Touches, Before: r.Usage, Last: r.Usage, Began: r.Began,
		})
	}
	return missing, err
}

// take adds what came since the counters were last read. The first time it
// only notes where they stand: what ran beside the repair is not of either
// side.
func (b *baseline) take(list []Reading) {
	now := make(map[string]Reading, len(list))
	for _, r := range list {
		now[r.Source+"\x00"+r.Statement] = r
	}
	for i := range b.Statements {
		t := &b.Statements[i]
		r, ok := now[t.Source+"\x00"+t.Statement]
		if !ok {
			continue
		}
		if b.Begun && r.Began == t.Began {
			t.After.Add(r.since(t.Last))
		}
		t.Last, t.Began = r.Usage, r.Began
	}
	b.Begun = true
}

// forget begins the time after the repair again.
func (b *baseline) forget() {
	b.Begun = false
	for i := range b.Statements {
		b.Statements[i].After = Usage{}
	}
}

// concerned says which statements the change concerns.
func (b *baseline) concerned() string {
	if b.Server {
		return "of the server"
	}
	return "that touched it"
}
