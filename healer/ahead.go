package healer

import (
	"context"
	"maps"
	"slices"

	"github.com/pgmend/pgmend/rules"
)

// worthwhile is from how many candidates of one owner on their rows are read
// together.
const worthwhile = 4

// ahead captures the facts of many candidates together, where the rule allows
// that: those of one owner, but for what says that it locks too much (the
// column apart). Only what went well is answered; everything else is captured
// by itself later, which then says what is wrong.
func (r *run) ahead(ctx context.Context, rule *rules.Rule, base rules.Values, rows []rules.Row) map[int]Answer {
	if rule.Batch == 0 || len(rows) < worthwhile {
		return nil
	}
	owners := make(map[string][]int)
	for i, row := range rows {
		owner := row.Text("owner")
		if owner != "" && row.Text("blind") == "" && row.Text("apart") != "t" {
			owners[owner] = append(owners[owner], i)
		}
	}
	out := make(map[int]Answer)
	for _, owner := range slices.Sorted(maps.Keys(owners)) {
		list := owners[owner]
		if len(list) < worthwhile {
			continue
		}
		values := make([]rules.Values, len(list))
		for i, at := range list {
			values[i] = base.Merge(rows[at].Values(""))
		}
		answers, err := r.cfg.Reader.ReadEach(ctx, Read{
			Application: "pgmend/" + rule.ID, Query: rule.Capture.Template, Role: owner,
		}, values, rule.Batch)
		r.suspect(err, false)
		for i, a := range answers {
			if a.Given {
				out[list[i]] = a
			}
		}
		r.pulse.expect(r.cfg.RuleTime)
	}
	return out
}
