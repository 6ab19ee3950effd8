package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/rules"
)

// history is what the ledger says now, for commands that only read.
type history struct {
	healer.History
	decisions map[string]healer.Decision // by plan, of those that did not run
}

// recall reads the ledger, also while a daemon writes to it. Where there is
// none yet, nothing has happened.
func (a *app) recall(ctx context.Context) (h history, err error) {
	c, err := a.configure()
	if err != nil {
		return h, err
	}
	l, err := ledger.OpenReadOnly(c.State)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return h, fmt.Errorf("state directory %s: %w", c.State, err)
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return recall(ctx, l, a.clock())
}

// recall reads an open ledger.
func recall(ctx context.Context, l *ledger.Ledger, now time.Time) (h history, err error) {
	if h.History, err = healer.Recall(ctx, l, now); err != nil {
		return h, err
	}
	h.decisions = make(map[string]healer.Decision)
	for _, p := range h.Proposals {
		d, found, err := healer.Decided(ctx, l, p.Plan.ID)
		if err != nil {
			return h, err
		}
		if found {
			h.decisions[p.Plan.ID] = d
		}
	}
	return h, nil
}

// held are the plans of open findings that did not run yet, with what held
// them back; of each finding the newest.
func (h history) held(now time.Time) []healer.Planned {
	open := make(map[string]bool)
	for _, f := range h.Findings {
		open[f.ID] = f.Status == healer.Open
	}
	var out []healer.Planned
	taken := make(map[string]bool)
	for _, p := range slices.Backward(h.Proposals) {
		d, held := h.decisions[p.Plan.ID]
		id := p.Plan.Finding.ID
		if held && open[id] && !taken[id] && now.Before(p.Plan.Expires) {
			taken[id] = true
			out = append(out, healer.Planned{Plan: p.Plan, Decision: d})
		}
	}
	slices.Reverse(out)
	return out
}

// earlier are the repairs of the same finding before this one.
func (h history) earlier(x healer.Attempt) []healer.Attempt {
	var out []healer.Attempt
	for _, o := range h.Attempts {
		if o.Plan.Finding.Fingerprint == x.Plan.Finding.Fingerprint && o.Started.Before(x.Started) {
			out = append(out, o)
		}
	}
	return out
}

// attempt returns the attempt a person names: by id, by the head of one, or
// "last".
func (h history) attempt(id string) (healer.Attempt, error) {
	if id == "last" && len(h.Attempts) > 0 {
		return h.Attempts[len(h.Attempts)-1], nil
	}
	var found []healer.Attempt
	for _, x := range h.Attempts {
		if x.ID == id {
			return x, nil
		}
		if strings.HasPrefix(x.ID, strings.ToUpper(id)) {
			found = append(found, x)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return healer.Attempt{}, fmt.Errorf("repair %s: %w; pgmend repairs lists them", id, healer.ErrNotFound)
	}
	return healer.Attempt{}, usagef("%d repairs begin with %s; write more of the id", len(found), id)
}

// chosen reports whether the --rule flags let a rule through.
func (a *app) chosen(rule string) bool {
	return len(a.flags.rules) == 0 || slices.ContainsFunc(a.flags.rules, func(glob string) bool { return rules.MatchGlob(glob, rule) })
}

func (a *app) completePlans(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	h, err := a.recall(c.Context())
	var out []string
	for _, p := range h.Proposals {
		if err == nil && p.Approval == nil && a.clock().Before(p.Plan.Expires) {
			out = append(out, p.Plan.ID+"\t"+p.Plan.Finding.Rule)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) completeRepairs(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	h, err := a.recall(c.Context())
	var out []string
	for _, x := range slices.Backward(h.Attempts) {
		if err == nil {
			out = append(out, x.ID+"\t"+x.Plan.Finding.Rule+" "+string(x.State))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
