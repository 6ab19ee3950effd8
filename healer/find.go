package healer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// defaultRuleTime bounds one rule's detect and captures together, so that a
// slow rule cannot hold the others up.
const defaultRuleTime = 2 * time.Minute

// find runs the rules and collects what they found. A rule that fails,
// panics or times out is a skip; the others go on.
func (r *run) find(ctx context.Context, list []*rules.Rule) {
	r.passed = nil
	clear(r.locked)
	for _, rule := range list {
		if ctx.Err() != nil {
			return
		}
		p := r.findRule(ctx, rule, "")
		for i := range p.skips {
			r.tell(ctx, Transition{Action: RuleSkipped, Skip: &p.skips[i]})
		}
		r.passed = append(r.passed, p)
		r.result.replace(rule.ID, p)
	}
}

// replace puts what a rule found now in the place of what it found before.
func (res *Result) replace(rule string, p passed) {
	res.Findings = slices.DeleteFunc(res.Findings, func(f Finding) bool { return f.Rule == rule })
	res.Skips = slices.DeleteFunc(res.Skips, func(s Skip) bool { return s.Rule == rule })
	res.Findings = append(res.Findings, p.findings...)
	res.Skips = append(res.Skips, p.skips...)
}

// findRule runs one rule. With a fingerprint it stops at the finding that
// has it.
func (r *run) findRule(ctx context.Context, rule *rules.Rule, fingerprint string) (p passed) {
	p.rule = rule
	defer func() {
		if v := recover(); v != nil {
			p.skips = append(p.skips, r.skip(rule, "", Broken,
				fmt.Sprintf("panic: %v", v), firstLines(string(debug.Stack()), 12)))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, r.cfg.RuleTime)
	defer cancel()
	r.pulse.expect(r.cfg.RuleTime)
	if len(rule.Counts) > 0 {
		return r.counted(rule, fingerprint)
	}

	base := r.base(rule)
	values, err := r.knowing(ctx, rule.Detect, base)
	var rows []rules.Row
	if err == nil {
		rows, err = r.cfg.Reader.Read(ctx, Read{Application: "pgmend/" + rule.ID, Query: rule.Detect.Template, Values: values})
	}
	if err != nil {
		p.skips = append(p.skips, r.skipped(rule, "", err))
		return p
	}
	ahead := r.ahead(ctx, rule, base, rows)
	for i, row := range rows {
		f, skip := r.candidate(ctx, rule, base, row, ahead[i])
		if skip != nil {
			p.skips = append(p.skips, *skip)
			continue
		}
		if f == nil {
			continue
		}
		if fingerprint == "" {
			p.findings = append(p.findings, *f)
		} else if f.Fingerprint == fingerprint {
			p.findings = []Finding{*f}
			return p
		}
	}
	return p
}

// skip says why something was not judged.
func (r *run) skip(rule *rules.Rule, object string, reason Reason, message, hint string) Skip {
	return Skip{
		Rule: rule.ID, Database: r.cfg.Database, Object: object,
		Reason: reason, Message: message, Hint: hint,
	}
}

// skipped turns a query's error into a skip.
func (r *run) skipped(rule *rules.Rule, object string, err error) Skip {
	s := r.skip(rule, object, Broken, err.Error(), "")
	r.suspect(err, false)
	var gaveWay *Yield
	if errors.As(err, &gaveWay) {
		s.Reason = Locked
	}
	switch sqlState(err) {
	case "55P03": // lock_not_available
		s.Reason = Locked
		s.Message = "somebody holds it in ACCESS EXCLUSIVE; not waited for"
	case "42501": // insufficient_privilege
		s.Reason = Blind
	case "42P01", "42704", "XX000": // it was dropped between two queries
		s.Reason = Vanish
	}
	if db := databaseError(err); db != nil && db.Hint != "" {
		// It has a place of its own.
		s.Hint = db.Hint
		s.Message = strings.TrimSuffix(s.Message, "; hint: "+db.Hint)
	}
	return s
}

func firstLines(s string, n int) string {
	for i, c := range s {
		if c == '\n' {
			if n--; n == 0 {
				return s[:i]
			}
		}
	}
	return s
}
