package rulestest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// refusal is how a guard is seen refusing. First the rule's own fixture plays, of
// which everything is decided as the fixture says; then this brings the guard about.
type refusal struct {
	rule, guard string
	objects     []string // that are refused; none: all that proceeded
	made        bool     // none of those, but what the script makes
	since       int      // the first major version with it
	sets        []string // param=value: with a script they count before it too
	repaired    bool     // what the fixture broke is repaired first
	script      string   // that brings it about
	back        string   // that takes it back
	event       rules.Values
	with        func(*healer.Config)
	// otherwise is the guard that refuses on this server because of how it was started,
	// where the fixture has a server on which the object proceeds.
	otherwise string
}

// provoked are grouped by their rule: a stage plays for all of a group.
func provoked() []refusal {
	return slices.Concat(inDatabases(), ofSessions(), ofServers())
}

// TestEveryGuardRefuses brings guards about that no fixture has.
func TestEveryGuardRefuses(t *testing.T) {
	s := pgtest.One(t)
	groups, order := make(map[string][]refusal), []string(nil)
	for _, r := range provoked() {
		if r.since > s.Major {
			continue
		}
		if groups[r.rule] == nil {
			order = append(order, r.rule)
		}
		groups[r.rule] = append(groups[r.rule], r)
	}
	set := builtin(t)
	var alone []*rules.File
	for _, id := range order {
		file := set.Files()[slices.IndexFunc(set.Files(), func(f *rules.File) bool { return f.ID == id })]
		if apart(t, file, s.Major, groups[id]) {
			alone = append(alone, file)
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			refuses(t, s.Server, file, groups[id])
		})
	}
	t.Run("on a server of their own", func(t *testing.T) {
		t.Parallel()
		// What is on the command line cannot be set, which is itself one of the guards.
		x, err := disposable.Start(t.Context(), disposable.Options{Binaries: s.Binaries, Settings: map[string]string{
			"autovacuum": "off", "max_slot_wal_keep_size": "-1",
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := x.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
		own := &pgtest.Server{Server: x}
		for _, file := range alone {
			if err := rulestest.Configure(t.Context(), x, first(t, read(t, file), s.Major).Own); err != nil {
				t.Fatal(err)
			}
			t.Run(file.ID, func(t *testing.T) { refuses(t, x, file, groups[file.ID]) })
			own.Exec(t, "postgres", "postgres", "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")
		}
	})
}

// apart reports whether the others on a server would notice.
func apart(t *testing.T, file *rules.File, major int, list []refusal) bool {
	t.Helper()
	rule, _ := file.For(major)
	f := read(t, file)
	return rule.Scope != rules.ScopeDatabase || f.Alone() || first(t, f, major).Own != nil ||
		slices.ContainsFunc(list, func(r refusal) bool { return strings.Contains(r.script, "ALTER SYSTEM") })
}

// first is the first case of a fixture.
func first(t *testing.T, f *rulestest.Fixture, major int) rulestest.Case {
	t.Helper()
	cases, err := f.For(major)
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	return cases[0]
}

// lone is one rule as a source of rules.
type lone struct{ *rules.File }

func (l lone) For(major int) []*rules.Rule {
	if r, ok := l.File.For(major); ok {
		return []*rules.Rule{r}
	}
	return nil
}

// guarded is a stage on which a fixture has played.
type guarded struct {
	*rulestest.Stage
	t     *testing.T
	rule  string
	story rulestest.Case
}

func refuses(t *testing.T, s *disposable.Server, file *rules.File, list []refusal) {
	story := first(t, read(t, file), s.Major)
	st, err := rulestest.NewStage(t.Context(), rulestest.StageConfig{Server: s, Version: s.Major * 10000, Rules: lone{file}, With: story.With})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	g := &guarded{st, t, file.ID, story}
	if err := st.Player.Play(t.Context(), story.Quiet); err != nil {
		t.Fatal(err)
	}
	if rule, _ := file.For(s.Major); rule.Detect.Uses(rules.DriftName) {
		if err := st.Declare(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Player.Play(t.Context(), story.Setup); err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		g.refuses(r)
	}
}

// refuses proves one guard.
func (g *guarded) refuses(r refusal) {
	g.t.Helper()
	play := func(text string) {
		g.t.Helper()
		script, err := rulestest.ParseScript(text)
		if err == nil {
			err = g.Player.Play(g.t.Context(), script)
		}
		if err != nil {
			g.t.Fatalf("%s: %v", r.guard, err)
		}
	}
	plain := r
	plain.event, plain.with = nil, nil
	if r.script == "" {
		plain.sets = nil
	}
	var before map[string]healer.Decision
	g.until(plain, func(now map[string]healer.Decision) error {
		before = now
		return g.asTheFixtureSays(r, now)
	})
	if r.repaired {
		if done, err := g.Heal(g.t.Context(), g.options(plain)); err != nil || len(done.Repairs) == 0 {
			g.t.Fatalf("%s: %d repairs, %v", r.guard, len(done.Repairs), err)
		}
	}
	play(r.script)
	g.until(r, func(now map[string]healer.Decision) error { return r.judge(before, now) })
	play(r.back)
}

// asTheFixtureSays holds the decisions against what the fixture wants. A session's
// object has another name each time, so only the guards are compared.
func (g *guarded) asTheFixtureSays(r refusal, now map[string]healer.Decision) error {
	var want, have []string
	for _, w := range g.story.Want {
		if w.Refused == "" {
			w.Refused = r.otherwise
		}
		want = append(want, w.Refused+w.Waits)
	}
	for _, d := range now {
		have = append(have, d.Guard)
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		return fmt.Errorf("before it the guards are %q, and the fixture says %q", have, want)
	}
	if r.guard != r.otherwise && slices.Contains(have, r.guard) {
		return errors.New("it refuses without having been brought about")
	}
	return nil
}

// proceeds reports whether nothing refuses but what the server was started with.
func (r refusal) proceeds(d healer.Decision) bool {
	return d.Verdict == healer.Proceed || d.Guard == r.otherwise
}

// judge makes sure that the guard refuses what it has to, with a reason.
func (r refusal) judge(before, now map[string]healer.Decision) error {
	objects := r.objects
	for name, d := range before {
		if len(r.objects) == 0 && !r.made && r.proceeds(d) {
			objects = append(objects, name)
		}
	}
	for name := range now {
		if _, there := before[name]; r.made && !there {
			objects = append(objects, name)
		}
	}
	if len(objects) == 0 {
		return errors.New("there is nothing that it could refuse")
	}
	for _, name := range objects {
		if was, there := before[name]; !r.made && (!there || !r.proceeds(was)) {
			return fmt.Errorf("before it %s is %+v", name, was)
		}
		if d := now[name]; d.Verdict != healer.Refuse || d.Guard != r.guard || d.Reason == "" || strings.HasPrefix(d.Reason, "the guard could not be asked") {
			return fmt.Errorf("%s is %+v", name, d)
		}
	}
	return nil
}

func (g *guarded) options(r refusal) healer.Options {
	o := yes()
	o.Event = r.event
	for _, s := range slices.Concat(g.story.Sets, r.sets) {
		o.Sets = append(o.Sets, g.rule+"."+s)
	}
	return o
}

// until plans until the decisions are as they have to be: statistics come late,
// and so does what a session is seen doing.
func (g *guarded) until(r refusal, check func(map[string]healer.Decision) error) {
	g.t.Helper()
	h := g.Healer
	if r.with != nil {
		config := g.Config
		r.with(&config)
		h = healer.New(config)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		result, err := h.Plan(g.t.Context(), g.options(r))
		if err != nil {
			g.t.Fatalf("%s: %v", r.guard, err)
		}
		now := make(map[string]healer.Decision)
		for _, p := range result.Plans {
			now[strings.TrimPrefix(p.Plan.Finding.Object.Schema+"."+p.Plan.Finding.Object.Name, ".")] = p.Decision
		}
		if err = check(now); err == nil {
			return
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("%s: %v; skipped: %+v", r.guard, err, result.Skips)
		}
	}
}
