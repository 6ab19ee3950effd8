package healer

import (
	"context"
	"encoding/json"
	"time"
)

// What only an application_name says is believed for a while every day, as by
// the doctrine, and no user can stop repairs for longer with it.
const (
	// claimDelay is how long claims may delay a repair, in claimSpan.
	claimDelay = time.Hour
	claimSpan  = 24 * time.Hour
	// claimLook is when the daemon looks again at one that delays. Each that
	// comes anew counts for that at least, so that nobody gets by with being
	// there only at the moments that count.
	claimLook = 10 * time.Minute
	// claimBreak between two looks may hide that it was gone meanwhile.
	claimBreak = 3 * claimLook
	// claimAlways is how long it may be there at every look, however seldom
	// those are: a window may be as short as a dump.
	claimAlways = 72 * time.Hour
	// claimSpans bounds what is remembered; so many count for more than
	// claimDelay.
	claimSpans = int(2 * claimDelay / claimLook)
)

// claims is what is remembered of those that delayed a repair.
type claims struct {
	Spans  []claimed `json:"spans"`
	Always time.Time `json:"always,omitzero"` // since when every look saw one; zero: the last saw none
	Passed time.Time `json:"passed,omitzero"` // since when they are not believed
}

// claimed is a time in which every look saw a claim.
type claimed struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// seen notes a claim at a look.
func (c *claims) seen(now time.Time) {
	c.forget(now)
	last := len(c.Spans) - 1
	if last >= 0 && !c.Always.IsZero() && now.Sub(c.Spans[last].To) <= claimBreak {
		c.Spans[last].To = now
	} else {
		c.Spans = append(c.Spans, claimed{now, now})
	}
	if c.Always.IsZero() {
		c.Always = now
	}
	if more := len(c.Spans) - claimSpans; more > 0 {
		c.Spans = c.Spans[more:]
	}
}

// gone notes a look that saw none: the next one begins anew.
func (c *claims) gone() { c.Always = time.Time{} }

// forget drops what is too old to count, and what a clock that was set back
// has put into the future.
func (c *claims) forget(now time.Time) {
	var kept []claimed
	for _, s := range c.Spans {
		if s.To.After(now.Add(-claimSpan)) && !s.To.After(now) {
			kept = append(kept, s)
		}
	}
	c.Spans = kept
	if c.Always.After(now) {
		c.Always = time.Time{}
	}
}

// left is how much longer a claim is believed that is there now.
func (c *claims) left(now time.Time) time.Duration {
	left := claimDelay
	for _, s := range c.Spans {
		if begin := now.Add(-claimSpan); s.From.Before(begin) {
			s.From = begin
		}
		left -= max(s.To.Sub(s.From), claimLook)
	}
	return min(left, c.Always.Add(claimAlways).Sub(now))
}

// guardClaim waits for what is only claimed; nil is a look that saw no claim.
func (r *run) guardClaim(ctx context.Context, p Plan, in *Inhibitor) *Decision {
	key, now := "claim/"+p.Finding.Fingerprint, r.now()
	var c claims
	text, _, err := r.cfg.State.Get(ctx, key)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &c)
	}
	if in == nil {
		if err == nil && !c.Always.IsZero() {
			c.gone()
			// What is not noted makes the next claim count for more, no less.
			_ = r.keepClaims(ctx, key, c)
		}
		return nil
	}
	c.seen(now)
	left := c.left(now)
	switch {
	case left > 0:
		c.Passed = time.Time{}
	case c.Passed.IsZero():
		c.Passed = now
		r.tell(ctx, Transition{Action: ClaimIgnored, Plan: &p, Message: in.Reason + ", for too long to be believed"})
	}
	if err == nil {
		err = r.keepClaims(ctx, key, c)
	}
	switch {
	case err != nil:
		return wait(in.Guard, time.Time{}, "%s; and how long that has delayed it is unknown: %v", in.Reason, err)
	case left > 0:
		return wait(in.Guard, now.Add(min(left, claimLook)), "%s", in.Reason)
	}
	return nil
}

func (r *run) keepClaims(ctx context.Context, key string, c claims) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return r.cfg.State.Put(ctx, key, string(body))
}
