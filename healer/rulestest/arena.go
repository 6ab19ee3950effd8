package rulestest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Arena is the heal benchmark: one server with a database for each rule that
// repairs, in which its fixture has made its faults and its near misses. All of
// them are broken at the same time, and in each a table is held in ACCESS
// EXCLUSIVE throughout. Then a healer works, pgmend or another, and the arena
// looks for itself what became of it.
type Arena struct {
	Rounds  []*Round
	Missing []error // faults that could not be made on this server, and why

	major int
}

// Round is one database of the arena.
type Round struct {
	Rule     *rules.Rule
	Database string
	Faults   int // that have to be healed
	Reported int // that a guard has to refuse
	Undo     bool
	Result   Verdict

	proof  *proof
	healer *healer.Healer
	held   *pgconn.PgConn
}

// Verdict is what became of a round.
type Verdict struct {
	Found    int // before the healer worked
	Verified int // repairs that pgmend verified; another tool's are not known
	Healed   int // faults that are gone
	Touched  int // near misses that are not as they were
	Seconds  float64
	Problem  string
}

// ArenaConfig says where the arena is.
type ArenaConfig struct {
	Server  Server
	Version int       // server_version_num
	Rules   rules.Set // that pgmend heals with
	// Fixture returns a rule's fixture.
	Fixture func(*rules.File) (*Fixture, error)
	// Told is called as each round is made; nil: nobody.
	Told func(rule string)
}

// NewArena breaks everything. What is missing in it are rules that concern the
// whole server, which would get into each other's way.
func NewArena(ctx context.Context, c ArenaConfig) (*Arena, error) {
	a := &Arena{major: c.Version / 10000}
	for _, f := range c.Rules.Files() {
		rule, ok := f.For(a.major)
		if !ok || rule.Observes() || rule.Scope != rules.ScopeDatabase {
			continue
		}
		fixture, err := c.Fixture(f)
		if err != nil {
			return a, err
		}
		cases, err := fixture.For(a.major)
		if err != nil {
			return a, err
		}
		if fixture.Alone() || len(cases) == 0 || cases[0].Own != nil {
			continue
		}
		if c.Told != nil {
			c.Told(rule.ID)
		}
		r, err := breakIt(ctx, c, f, rule, cases[0])
		switch {
		case err == nil:
			a.Rounds = append(a.Rounds, r)
			continue
		case r != nil:
			err = errors.Join(err, r.close(ctx))
		}
		if ctx.Err() != nil {
			return a, ctx.Err()
		}
		a.Missing = append(a.Missing, fmt.Errorf("%s: %w", rule.ID, err))
	}
	return a, nil
}

// breakIt makes one round, and lets its rule find the faults.
func breakIt(ctx context.Context, c ArenaConfig, f *rules.File, rule *rules.Rule, story Case) (*Round, error) {
	stage, err := NewStage(ctx, StageConfig{Server: c.Server, Version: c.Version, Rules: only{f}})
	if err != nil {
		return nil, err
	}
	p := &proof{Stage: stage, story: story, rule: f, major: c.Version / 10000, settle: defaultSettle, plans: make(map[string]string)}
	r := &Round{Rule: rule, Database: stage.Name, Undo: rule.Undo.Action != nil, proof: p}
	repaired, left := p.wanted()
	r.Faults, r.Reported = len(repaired), len(left)
	if err := p.quiet(ctx); err != nil {
		return r, fmt.Errorf("near misses: %w", err)
	}
	if err := p.detect(ctx); err != nil {
		return r, fmt.Errorf("faults: %w", err)
	}
	all := stage.Config
	all.Rules = c.Rules
	for _, s := range p.options().Sets {
		setting, err := rules.ParseSetting(s)
		if err != nil {
			return r, err
		}
		all.Policy.Settings = append(all.Policy.Settings, setting)
	}
	all.Control = false
	r.healer = healer.New(all)
	if err := p.ownNearMisses(ctx, r.healer, rule.ID); err != nil {
		return r, err
	}
	// Only now: the fixture's own checks allow nothing that cannot be seen.
	return r, r.hold(ctx)
}

// ownNearMisses leaves out of the near misses what another rule finds: there
// it is a fault, and healing it is no harm. An invalid unique index is no
// fault of index/invalid, and one of index/invalid-unique.
func (p *proof) ownNearMisses(ctx context.Context, all *healer.Healer, own string) error {
	found, err := all.Find(ctx, healer.Options{Person: true})
	if err != nil {
		return err
	}
	for _, f := range found.Findings {
		if f.Rule == own {
			continue
		}
		p.near = slices.DeleteFunc(p.near, func(name string) bool {
			oid := p.broken[name].OID
			return name == f.Object.Schema+"."+f.Object.Name || oid != 0 && (oid == f.Object.OID || oid == f.Object.TableOID)
		})
	}
	return nil
}

// hold takes a table in a transaction that does not end, anew where it has it.
func (r *Round) hold(ctx context.Context) error {
	err := r.release(ctx)
	if err != nil {
		return err
	}
	if r.held, err = pgconn.Connect(ctx, r.proof.Player.Owner); err != nil {
		return err
	}
	for _, sql := range []string{
		"CREATE TABLE IF NOT EXISTS app.held_throughout (id serial PRIMARY KEY, v int CHECK (v > 0))",
		"BEGIN", "LOCK TABLE app.held_throughout IN ACCESS EXCLUSIVE MODE",
	} {
		if err := run(ctx, r.held, sql); err != nil {
			return err
		}
	}
	return nil
}

// Heal lets pgmend heal, all databases in one go: what is of low and medium
// risk first, and after that, as an approval, the rest.
func (a *Arena) Heal(ctx context.Context) error {
	for _, ceiling := range []rules.Risk{rules.Medium, rules.High} {
		for _, r := range a.Rounds {
			// Beside a transaction older than a minute no concurrent statement is begun, and
			// this one is as old as all that came before.
			if err := r.hold(ctx); err != nil {
				return err
			}
			begun := time.Now()
			result, err := r.healer.Heal(ctx, healer.Options{Person: true, Yes: true, Now: true, Ceiling: ceiling, Actor: "arena"})
			if err != nil {
				return fmt.Errorf("%s: %w", r.Rule.ID, err)
			}
			r.Result.Seconds += time.Since(begun).Seconds()
			r.Result.Problem = ""
			for _, p := range result.Plans {
				if p.Plan.Finding.Rule == r.Rule.ID && p.Decision.Verdict != healer.Proceed {
					r.Result.Problem = p.Decision.Guard + ": " + p.Decision.Reason
				}
			}
			for _, attempt := range result.Repairs {
				if attempt.Plan.Finding.Rule != r.Rule.ID {
					continue
				}
				if attempt.Verified {
					r.Result.Verified++
				} else {
					r.Result.Problem = attempt.Err
				}
			}
		}
	}
	return nil
}

// Judge looks what became of the faults and of the near misses. It asks the
// rule itself whether the fault is still there, and the catalog whether a near
// miss is as it was.
func (a *Arena) Judge(ctx context.Context) error {
	for _, r := range a.Rounds {
		// The healer is done; looking at the catalog would wait for the table.
		if err := r.release(ctx); err != nil {
			return err
		}
		r.Result.Found = r.Faults + r.Reported
		left := 0
		err := r.proof.eventually(ctx, func() error {
			found, err := r.proof.Find(ctx, r.proof.options())
			left = len(found.Findings)
			if err == nil && left > r.Reported {
				err = fmt.Errorf("%d findings are left", left)
			}
			return err
		})
		if err != nil && r.Result.Problem == "" {
			r.Result.Problem = err.Error()
		}
		r.Result.Healed = max(0, r.Faults+r.Reported-max(left, r.Reported))
		if r.Result.Healed >= r.Faults {
			r.Result.Problem = "" // what was refused is what had to be
		}
		now, err := r.proof.look(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Rule.ID, err)
		}
		for _, name := range r.proof.near {
			if err := r.proof.broken.unchanged(now, []string{name}); err != nil {
				r.Result.Touched++
				r.Result.Problem = err.Error()
			}
		}
	}
	return nil
}

// release lets go of the table that is held.
func (r *Round) release(ctx context.Context) error {
	if r.held == nil {
		return nil
	}
	c := r.held
	r.held = nil
	return c.Close(ctx)
}

func (r *Round) close(ctx context.Context) error {
	return errors.Join(r.release(ctx), r.proof.Close(ctx))
}

// Close takes the arena down.
func (a *Arena) Close(ctx context.Context) error {
	var err error
	for _, r := range a.Rounds {
		err = errors.Join(err, r.close(ctx))
	}
	return err
}
