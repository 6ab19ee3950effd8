package rulestest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Config says what to prove and where.
type Config struct {
	Server    Server
	Exclusive *Exclusive // for cases that concern a whole server
	Version   int        // server_version_num
	Superuser bool
	Rule      *rules.File
	Fixture   *Fixture
	Settle    time.Duration // how long statistics may take to show what was done; 0: 15 s
}

// Outcome is what a fixture came to.
type Outcome struct {
	Plans   map[string]string // as planned, by the cases' names, for the golden
	Elapsed time.Duration
	Err     error // nil: it passed
}

const defaultSettle = 15 * time.Second

// Run proves one rule on one server, case by case.
func Run(ctx context.Context, c Config) Outcome {
	if c.Settle <= 0 {
		c.Settle = defaultSettle
	}
	begun := time.Now()
	out := Outcome{Plans: make(map[string]string)}
	cases, err := c.Fixture.For(c.Version / 10000)
	if err == nil && len(cases) == 0 {
		err = fmt.Errorf("the fixture has no case for PostgreSQL %d", c.Version/10000)
	}
	for _, one := range cases {
		if failed := c.prove(ctx, one, out.Plans); failed != nil {
			err = errors.Join(err, fmt.Errorf("%s%w", prefix(one.Name), failed))
		}
	}
	out.Err, out.Elapsed = err, time.Since(begun)
	return out
}

func (c Config) prove(ctx context.Context, one Case, plans map[string]string) (err error) {
	if one.Own != nil {
		if c.Exclusive == nil {
			return errors.New("it needs a server of its own, and there is none")
		}
		if c.Server, err = c.Exclusive.take(ctx, one.Own); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.Exclusive.give(context.WithoutCancel(ctx))) }()
	}
	stage, err := NewStage(ctx, StageConfig{
		Server: c.Server, Version: c.Version, Rules: only{c.Rule}, Superuser: c.Superuser, With: one.With,
	})
	if err != nil {
		return err
	}
	for i := range one.Want {
		if one.Want[i].Rights && c.Superuser {
			one.Want[i].Refused = ""
		}
	}
	p := proof{Stage: stage, story: one, rule: c.Rule, major: c.Version / 10000, settle: c.Settle, plans: plans}
	return errors.Join(p.prove(ctx), stage.Close(context.WithoutCancel(ctx)))
}

// only is one rule as a source of rules.
type only struct{ *rules.File }

func (o only) For(major int) []*rules.Rule {
	if r, ok := o.File.For(major); ok {
		return []*rules.Rule{r}
	}
	return nil
}

type proof struct {
	*Stage
	story  Case
	rule   *rules.File
	major  int
	settle time.Duration
	plans  map[string]string

	near             []string // near misses, which nothing may touch
	broken, repaired world
}

// prove goes through the steps of the package's comment.
func (p *proof) prove(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"quiet", p.quiet}, {"detect", p.detect}, {"log", p.heard}, {"plan", p.plan}, {"repair", p.repair},
		{"again", p.nothingLeft}, {"undo", p.undo},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func (p *proof) options() healer.Options {
	o := healer.Options{Person: true, Ceiling: rules.High, Now: true, Yes: true, Actor: "rulestest"}
	for _, s := range p.story.Sets {
		o.Sets = append(o.Sets, p.rule.ID+"."+s)
	}
	return o
}

func (p *proof) quiet(ctx context.Context) error {
	if err := p.Player.Play(ctx, p.story.Quiet); err != nil {
		return err
	}
	p.count(p.story.Heard)
	if rule, ok := p.rule.For(p.major); ok && rule.Detect.Uses(rules.DriftName) {
		// The near misses are the baseline, and what breaks it comes after.
		if err := p.Declare(ctx); err != nil {
			return err
		}
	}
	r, err := p.Find(ctx, p.options())
	if err != nil {
		return err
	}
	if err := errors.Join(skipped(r), p.expect("findings among the near misses", objects(r.Findings), nil)); err != nil {
		return err
	}
	p.broken, err = p.look(ctx)
	return err
}

// skipped makes an error of what could not be judged: a fixture sees all.
func skipped(r healer.Result) error {
	var errs []error
	for _, s := range r.Skips {
		errs = append(errs, fmt.Errorf("skipped %s %s: %s; %s", s.Reason, s.Object, s.Message, s.Hint))
	}
	return errors.Join(errs...)
}

func (p *proof) detect(ctx context.Context) error {
	if err := p.Player.Play(ctx, p.story.Setup); err != nil {
		return err
	}
	if rule, ok := p.rule.For(p.major); ok && len(rule.Counts) > 0 {
		p.count(p.story.Log)
	}
	before := p.broken
	var err error
	if p.broken, err = p.look(ctx); err != nil {
		return err
	}
	for name := range before {
		if before.unchanged(p.broken, []string{name}) == nil {
			p.near = append(p.near, name)
		}
	}
	var want []string
	for _, w := range p.story.Want {
		want = append(want, w.Object)
	}
	return p.eventually(ctx, func() error {
		r, err := p.Find(ctx, p.options())
		if err != nil {
			return err
		}
		return errors.Join(skipped(r), p.expect("findings", objects(r.Findings), want))
	})
}

func (p *proof) plan(ctx context.Context) error {
	r, err := p.Plan(ctx, p.options())
	if err != nil {
		return err
	}
	var sql, refused, reasons []string
	for _, d := range r.Plans {
		if d.Decision.Verdict != healer.Proceed {
			refused = append(refused, name(d.Plan.Finding)+" refused: "+d.Decision.Guard)
			reasons = append(reasons, d.Decision.Reason)
		}
		for _, s := range d.Plan.Steps {
			sql = append(sql, oneLine(s.SQL))
		}
	}
	var want []string
	for _, w := range p.story.Want {
		if guard := w.Refused + w.Waits; guard != "" {
			want = append(want, w.Object+" refused: "+guard)
		}
	}
	planned := p.write(strings.Join(sql, "\n"))
	p.plans[p.story.Name] = planned
	if planned != p.story.Plan {
		err = fmt.Errorf("the plan is\n%s\nand should be\n%s", planned, p.story.Plan)
	}
	if unlike := p.expect("refusals", refused, want); unlike != nil {
		err = errors.Join(err, fmt.Errorf("%w; reasons: %q", unlike, reasons))
	}
	return err
}

// oneLine keeps a statement on one line of the golden.
func oneLine(sql string) string { return strings.Join(strings.Split(sql, "\n"), `\n`) }

// wanted tells what has to be repaired from what stays: what a guard refuses,
// and all that a rule finds which only observes.
func (p *proof) wanted() (repaired, left []string) {
	rule, ok := p.rule.For(p.major)
	for _, w := range p.story.Want {
		if w.Refused != "" || !ok || rule.Observes() {
			left = append(left, w.Object)
		} else {
			repaired = append(repaired, w.Object)
		}
	}
	return repaired, left
}

func (p *proof) repair(ctx context.Context) error {
	want, _ := p.wanted()
	if err := p.heal(ctx, want); err != nil {
		return err
	}
	var err error
	if p.repaired, err = p.look(ctx); err != nil {
		return err
	}
	if err := p.broken.unchanged(p.repaired, p.near); err != nil {
		return fmt.Errorf("it touched a near miss: %w", err)
	}
	return nil
}

// heal repairs exactly what is wanted.
func (p *proof) heal(ctx context.Context, want []string) error {
	r, err := p.Heal(ctx, p.options())
	if err != nil {
		return err
	}
	var verified []string
	for _, a := range r.Repairs {
		if !a.Verified {
			err = errors.Join(err, fmt.Errorf("the repair of %s is %s: %s", name(a.Plan.Finding), a.State, a.Err))
		}
		verified = append(verified, name(a.Plan.Finding))
	}
	for _, d := range r.Plans {
		if d.Decision.Verdict != healer.Proceed {
			err = errors.Join(err, p.unwanted(d))
		}
	}
	return errors.Join(err, p.expect("repairs", verified, want))
}

func (p *proof) unwanted(d healer.Planned) error {
	for _, w := range p.story.Want {
		if w.Object == p.write(name(d.Plan.Finding)) && w.Refused == d.Decision.Guard {
			return nil
		}
	}
	return fmt.Errorf("%s was %s by %s: %s", name(d.Plan.Finding), d.Decision.Verdict, d.Decision.Guard, d.Decision.Reason)
}

// nothingLeft makes sure that what was repaired is not found, and that a
// second run does nothing.
func (p *proof) nothingLeft(ctx context.Context) error {
	_, left := p.wanted()
	err := p.eventually(ctx, func() error {
		r, err := p.Find(ctx, p.options())
		return errors.Join(err, p.expect("findings after the repair", objects(r.Findings), left))
	})
	if err != nil {
		return err
	}
	r, err := p.Heal(ctx, p.options())
	if len(r.Repairs) > 0 {
		err = errors.Join(err, fmt.Errorf("a second run repaired %s again", name(r.Repairs[0].Plan.Finding)))
	}
	return err
}

// eventually tries until something holds; statistics come late.
func (p *proof) eventually(ctx context.Context, check func() error) error {
	deadline := time.Now().Add(p.settle)
	for {
		err := check()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
