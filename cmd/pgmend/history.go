package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/rules"
)

// history is what the ledger says now, for commands that only read.
type history struct{ healer.History }

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
	h.History, err = healer.Recall(ctx, l, a.clock())
	return h, err
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
