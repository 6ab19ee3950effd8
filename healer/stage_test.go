package healer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

func TestMain(m *testing.M) { pgtest.Exit(m) }

// builtin are the built-in rules.
func builtin(t *testing.T) rules.Set {
	t.Helper()
	set, errs := rules.Builtin()
	for _, err := range errs {
		t.Fatal(err)
	}
	return set
}

// stage is a database under the roles of setup sql, after a script.
func stage(t *testing.T, source healer.RuleSource, script string) *rulestest.Stage {
	t.Helper()
	return stageOn(t, pgtest.One(t), source, script)
}

func stageOn(t *testing.T, s *pgtest.Server, source healer.RuleSource, script string) *rulestest.Stage {
	t.Helper()
	st, err := rulestest.NewStage(t.Context(), rulestest.StageConfig{Server: s, Version: s.Major * 10000, Rules: source})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	play(t, st, script)
	return st
}

func play(t *testing.T, st *rulestest.Stage, script string) {
	t.Helper()
	p, err := rulestest.ParseScript(script)
	if err == nil {
		err = st.Player.Play(t.Context(), p)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// person is a person who wants everything now.
func person(rule string) healer.Options {
	return healer.Options{
		Rules: []string{rule}, Person: true, Now: true, Actor: "tester",
		Sets: []string{"*.min_size=0", "*.min_rows=1000"},
	}
}

// found waits until a rule finds so many objects: the server's statistics come
// a moment after what they count.
func found(t *testing.T, st *rulestest.Stage, o healer.Options, n int) healer.Result {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		r, err := st.Find(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Findings) == n {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d findings, want %d: %+v", len(r.Findings), n, r.Findings)
		}
	}
}

// with returns another healer on the same stage.
func with(st *rulestest.Stage, change func(*healer.Config)) *healer.Healer {
	c := st.Config
	change(&c)
	return healer.New(c)
}

// source is rule files written in a test.
type source []*rules.File

// For implements healer.RuleSource.
func (s source) For(major int) []*rules.Rule {
	var out []*rules.Rule
	for _, f := range s {
		if r, ok := f.For(major); ok {
			out = append(out, r)
		}
	}
	return out
}

// rule reads a rule file that a test wrote; NAME stands for its id.
func rule(t *testing.T, id, sections string) *rules.File {
	t.Helper()
	head := "-- rule: " + id + `
-- title: of a test
-- scope: database
-- every: 1h
-- severity: info
-- risk: low
-- hazards: HAZARDS
-- reads: catalog
`
	hazards := "none"
	if strings.Contains(sections, "-- repair") {
		hazards = "analyze"
	}
	if strings.Contains(sections, "ALTER TABLE") {
		hazards = "reloptions"
	}
	if strings.Contains(sections, "CREATE INDEX") {
		hazards = "create_index"
	}
	if strings.Contains(sections, "REINDEX") {
		hazards = "reindex"
	}
	if strings.Contains(sections, "VACUUM") {
		hazards = "vacuum"
	}
	f, err := rules.Parse(id+".sql", []byte(strings.Replace(head, "HAZARDS", hazards, 1)+sections+"\n\n-- guidance\n-- None.\n"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const tables = `
-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_catalog.pg_get_userbyid(c.relowner) AS owner
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = 'app' AND c.relkind = 'r'
`

// only returns the one repair of a result.
func only(t *testing.T, r healer.Result, err error) healer.Attempt {
	t.Helper()
	if err != nil || len(r.Repairs) != 1 {
		t.Fatalf("%d repairs, %v; decisions %+v", len(r.Repairs), err, decisions(r))
	}
	return r.Repairs[0]
}

func decisions(r healer.Result) []healer.Decision {
	var out []healer.Decision
	for _, p := range r.Plans {
		out = append(out, p.Decision)
	}
	return out
}

// guarded makes sure that nothing was repaired and one guard said why.
func guarded(t *testing.T, r healer.Result, err error, guard string) healer.Decision {
	t.Helper()
	if err != nil || len(r.Repairs) != 0 || len(r.Plans) != 1 || r.Plans[0].Decision.Guard != guard {
		t.Fatalf("want guard %q: %d repairs, %+v, %v", guard, len(r.Repairs), decisions(r), err)
	}
	if d := r.Plans[0].Decision; d.Reason == "" || d.Verdict == healer.Proceed {
		t.Errorf("the refusal says no reason: %+v", d)
	}
	return r.Plans[0].Decision
}
