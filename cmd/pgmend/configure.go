package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// configure reads the configuration, once. Flags come over it.
func (a *app) configure() (*config.Config, error) {
	if a.conf != nil {
		return a.conf, nil
	}
	path := a.flags.config
	if path == "" {
		path = a.env("PGMEND_CONFIG")
	}
	c, err := config.Load(path, a.env)
	if err != nil {
		return nil, &exitError{code: exitError1, err: err}
	}
	if a.flags.allowSuperuser {
		c.AllowSuperuser = true
	}
	if a.flags.state != "" {
		if c.State, err = filepath.Abs(a.flags.state); err != nil {
			return nil, err
		}
	}
	if c.State == "" {
		c.State = a.defaultState()
		a.ownState = true
	}
	a.conf = c
	return c, nil
}

// systemState is the daemon's directory, as its unit makes it.
const systemState = "/var/lib/pgmend"

// defaultState is the daemon's directory for root, and the XDG place for
// everybody else.
func (a *app) defaultState() string {
	if os.Geteuid() == 0 {
		return systemState
	}
	base := a.env("XDG_STATE_HOME")
	if base == "" {
		base = filepath.Join(a.env("HOME"), ".local", "state")
	}
	return filepath.Join(base, "pgmend")
}

// siteRules is where a site's own rules are, unless it is configured.
const siteRules = "/etc/pgmend/rules.d"

// ruleSet loads the built-in rules and the site's. A bad rule is reported and
// never stops the others.
func (a *app) ruleSet() (rules.Set, error) {
	c, err := a.configure()
	if err != nil {
		return rules.Set{}, err
	}
	set, errs := rules.Builtin()
	dir := c.RulesDir
	if dir == "" {
		if _, err := os.Stat(siteRules); err == nil {
			dir = siteRules
		}
	}
	if dir != "" {
		site, more := rules.Load(dir)
		if len(more) == 1 && errors.Is(more[0], fs.ErrNotExist) {
			return set, fmt.Errorf("rules_dir: %w", more[0])
		}
		errs = append(errs, more...)
		set, more = set.Merge(site)
		errs = append(errs, more...)
	}
	for _, err := range errs {
		a.warn("rule refused: %v", err)
	}
	return set, nil
}

// everyRule returns each rule as the newest version has it, for messages.
func everyRule(set rules.Set) []*rules.Rule {
	return set.For(rules.MaxMajor)
}

// policy is what the site allows, with settings that rules know.
func (a *app) policy(set rules.Set) (healer.Policy, error) {
	c, err := a.configure()
	if err != nil {
		return healer.Policy{}, err
	}
	if err := rules.CheckSettings(c.Settings, everyRule(set)); err != nil {
		return healer.Policy{}, usagef("configuration: %v", err)
	}
	for _, text := range a.flags.sets {
		s, err := rules.ParseSetting(text)
		if err == nil {
			err = rules.CheckSettings([]rules.Setting{s}, everyRule(set))
		}
		if err != nil {
			return healer.Policy{}, usagef("--set: %v", err)
		}
	}
	for _, glob := range a.flags.rules {
		if !matches(glob, set) {
			return healer.Policy{}, usagef("--rule %s matches no rule; pgmend rules ls lists them", glob)
		}
	}
	return c.Policy(), nil
}

func matches(glob string, set rules.Set) bool {
	for _, f := range set.Files() {
		if rules.MatchGlob(glob, f.ID) {
			return true
		}
	}
	return false
}
