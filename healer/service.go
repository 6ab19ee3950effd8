package healer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Service answers persons, over all configured databases: what the command
// line and the control socket ask for.
type Service struct {
	Healers []*Healer
	// Changed is told the rule that is worth another look, after an
	// approval or an unmute; nil where no loop runs.
	Changed func(rule string)
}

// Find detects once in every chosen database and writes nothing.
func (s *Service) Find(ctx context.Context, o Options, obs Observer) (Result, error) {
	return s.each(o, func(h *Healer) (Result, error) { return h.With(obs).Find(ctx, o) })
}

// Plan says what would run.
func (s *Service) Plan(ctx context.Context, o Options, obs Observer) (Result, error) {
	return s.each(o, func(h *Healer) (Result, error) { return h.With(obs).Plan(ctx, o) })
}

// Heal heals once what policy allows.
func (s *Service) Heal(ctx context.Context, o Options, obs Observer) (Result, error) {
	return s.each(o, func(h *Healer) (Result, error) { return h.With(obs).Heal(ctx, o) })
}

// each runs in every chosen database, one after the other. A database that
// fails does not stop the others; its error comes with their results.
func (s *Service) each(o Options, run func(*Healer) (Result, error)) (Result, error) {
	var all Result
	var failed []error
	known := false
	for _, h := range s.Healers {
		if len(o.Databases) > 0 && !slices.Contains(o.Databases, h.Database()) {
			continue
		}
		known = true
		result, err := run(h)
		if err != nil {
			failed = append(failed, fmt.Errorf("database %s: %w", h.Database(), err))
		}
		all.Merge(result)
	}
	if !known {
		return all, fmt.Errorf("database %v: %w", o.Databases, ErrNotFound)
	}
	return all, errors.Join(failed...)
}

// Undo takes a repair back, in the database it ran in.
func (s *Service) Undo(ctx context.Context, attemptID string, o Options, obs Observer) (Attempt, error) {
	h, err := s.owner(ctx, attemptID)
	if err != nil {
		return Attempt{}, err
	}
	return h.With(obs).Undo(ctx, attemptID, o)
}

// owner returns the Healer of the database a repair ran in.
func (s *Service) owner(ctx context.Context, attemptID string) (*Healer, error) {
	m, err := s.any().recall(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range m.attempts {
		if a.ID != attemptID {
			continue
		}
		for _, h := range s.Healers {
			if h.Database() == a.Plan.Finding.Database {
				return h, nil
			}
		}
		return nil, fmt.Errorf("repair %s ran in database %s, which is not configured: %w",
			a.ID, a.Plan.Finding.Database, ErrNotFound)
	}
	return nil, fmt.Errorf("repair %s: %w", attemptID, ErrNotFound)
}

// any returns one Healer, where all of them share what is asked for.
func (s *Service) any() *Healer { return s.Healers[0] }

// Answer records a person's yes or no to a plan.
func (s *Service) Answer(ctx context.Context, planID string, yes bool, actor string) (Approval, error) {
	h := s.any()
	a, err := h.answer(ctx, planID, actor, yes)
	if err == nil && yes {
		m, err := h.recall(ctx)
		if err != nil {
			return a, err
		}
		s.changed(m.plans[planID].Plan.Finding.Rule)
	}
	return a, err
}

// Mute stops or, with off, lets act on a finding again.
func (s *Service) Mute(ctx context.Context, findingID string, off bool, actor string) error {
	if !off {
		return s.any().Mute(ctx, findingID, actor)
	}
	if err := s.any().Unmute(ctx, findingID, actor); err != nil {
		return err
	}
	f, err := s.any().remembered(ctx, findingID)
	if err == nil {
		s.changed(f.Rule)
	}
	return err
}

// Pause stops all repairs, for a length or, with 0, until Resume.
func (s *Service) Pause(ctx context.Context, length time.Duration, actor string) (Control, error) {
	return s.any().Pause(ctx, length, actor)
}

// Resume lets repairs run again.
func (s *Service) Resume(ctx context.Context, actor string) (Control, error) {
	return s.any().Resume(ctx, actor)
}

func (s *Service) changed(rule string) {
	if s.Changed != nil {
		s.Changed(rule)
	}
}
