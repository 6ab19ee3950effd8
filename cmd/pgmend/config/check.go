package config

import (
	"slices"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// perRule is one thing that a file says of rules, and where.
type perRule struct {
	glob  string
	param string // "" of a mode or a schedule
	value string
	at    place
}

// NamesRules reports whether CheckRules has anything to check.
func (c *Config) NamesRules() bool { return len(c.perRules) > 0 }

// CheckRules says what the configuration wants of rules that there are not,
// of parameters that they do not have, or as values that these cannot be.
func (c *Config) CheckRules(all []*rules.Rule) Mistakes {
	r := &reader{}
	for _, p := range c.perRules {
		r.check(p, all)
	}
	return r.mistakes
}

func (r *reader) check(p perRule, all []*rules.Rule) {
	var ids, params []string
	used := false
	for _, rule := range all {
		ids = append(ids, rule.ID)
		if !rules.MatchGlob(p.glob, rule.ID) {
			continue
		}
		used = used || p.param == ""
		for _, x := range rule.Params {
			if !slices.Contains(params, x.Name) {
				params = append(params, x.Name)
			}
			used = used || x.Name == p.param
		}
		if p.param == "" {
			continue
		}
		if _, _, err := rule.Settings([]rules.Setting{{Glob: p.glob, Param: p.param, Value: p.value}}); err != nil {
			r.mistakef(p.at, "rules: %v", err)
			return
		}
		used = used || p.param == "enabled"
	}
	switch {
	case used:
	case p.param == "" || len(params) == 0 && !strings.ContainsAny(p.glob, "*?"):
		r.mistakef(p.at, "rules: no rule is called %q%s", p.glob, nearest(p.glob, ids))
	default:
		r.mistakef(p.at, "rules: no rule of %q has a parameter %q%s", p.glob, p.param, nearest(p.param, append(params, "enabled", "every", "mode")))
	}
}

// Spell replaces what is said of rules by glob with what that comes to for
// each rule.
func (c *Config) Spell(all []*rules.Rule) {
	policy := c.Policy()
	var wills []healer.PerRule
	var every []healer.Every
	var settings []rules.Setting
	for _, rule := range all {
		wills = append(wills, healer.PerRule{Glob: rule.ID, Will: policy.For(rule.ID)})
		when := rule.Every
		for _, e := range c.Every {
			if rules.MatchGlob(e.Glob, rule.ID) {
				when = e.Every
			}
		}
		every = append(every, healer.Every{Glob: rule.ID, Every: when})
		for _, p := range rule.Params {
			value := p.Default
			for _, s := range c.Settings {
				if s.Param == p.Name && rules.MatchGlob(s.Glob, rule.ID) {
					value = s.Value
				}
			}
			settings = append(settings, rules.Setting{Glob: rule.ID, Param: p.Name, Value: value})
		}
	}
	c.Rules, c.Every, c.Settings = wills, every, settings
}
