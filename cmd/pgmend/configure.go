package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

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
	if dir := a.env("CONFIGURATION_DIRECTORY"); path == "" && dir != "" {
		// The unit's: /etc/pgmend, or a folder below it for one of many clusters.
		if _, err := os.Stat(filepath.Join(dir, config.FileName)); err == nil {
			path = filepath.Join(dir, config.FileName)
		}
	}
	c, err := config.Load(path, a.env)
	var wrong config.Mistakes
	if errors.As(err, &wrong) {
		// Those about rules are said with the others, in one run.
		if c.NamesRules() {
			if set, _, err := load(c.RulesDir); err == nil {
				wrong = append(wrong, c.CheckRules(everyRule(set))...)
			}
		}
		err = wrong
	}
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
	if dir := a.env("STATE_DIRECTORY"); c.State == "" && dir != "" {
		c.State = dir
	}
	if dir := a.env("RUNTIME_DIRECTORY"); dir != "" && c.Control.Socket == config.Default().Control.Socket {
		c.Control.Socket = filepath.Join(dir, filepath.Base(c.Control.Socket))
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

// defaultState is the daemon's directory for root and for the daemon's user,
// and the XDG place for everybody else.
func (a *app) defaultState() string {
	if os.Geteuid() == 0 || owns(systemState) {
		return systemState
	}
	base := a.env("XDG_STATE_HOME")
	if base == "" {
		base = filepath.Join(a.env("HOME"), ".local", "state")
	}
	return filepath.Join(base, "pgmend")
}

// owns reports whether a folder is this user's.
func owns(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Uid) == os.Geteuid()
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
	set, refused, err := load(c.RulesDir)
	for _, err := range refused {
		a.warn("rule refused: %v", err)
	}
	return set, err
}

// load loads the built-in rules and those of a folder; "" is the usual one,
// where it exists. It also returns why rules were refused.
func load(dir string) (set rules.Set, refused []error, err error) {
	set, refused = rules.Builtin()
	if dir == "" {
		if _, err := os.Stat(siteRules); err == nil {
			dir = siteRules
		}
	}
	if dir == "" {
		return set, refused, nil
	}
	site, more := rules.Load(dir)
	if len(more) == 1 && errors.Is(more[0], fs.ErrNotExist) {
		return set, refused, fmt.Errorf("rules_dir: %w", more[0])
	}
	refused = append(refused, more...)
	set, more = set.Merge(site)
	return set, append(refused, more...), nil
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
	if wrong := c.CheckRules(everyRule(set)); len(wrong) > 0 {
		return healer.Policy{}, &exitError{code: exitError1, err: wrong}
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
