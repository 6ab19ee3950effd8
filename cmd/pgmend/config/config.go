package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Config is the whole configuration. Its zero value, with defaults, observes.
type Config struct {
	Mode           string         // observe, heal
	Connection     Connection     // of all databases
	Databases      []string       // none: all that take connections
	Location       *time.Location // nil: the host's
	Window         *healer.Window // nil: medium risk waits
	Watch          healer.WatchPolicy
	Rules          []healer.PerRule
	Settings       []rules.Setting // of rules' parameters
	RulesDir       string          // of the site's rules; "": none
	Logs           []Log
	State          string // the state directory; "": the caller's default
	Control        Control
	Page           Page
	Reports        Reports
	Logging        Logging
	Guidance       Guidance
	Metrics        Metrics
	AllowSuperuser bool
	EventTriggers  []string       // patterns of those that may run with a repair
	Budgets        healer.Limits  // of what a repair may cost
	Every          []healer.Every // schedules that are not the rule's own

	perRules []perRule // what Rules, Every and Settings were read from
	timezone string
	window   *windowText
	sources  []string
	sum      [32]byte
}

// Connection says how the server is reached and as whom.
type Connection struct {
	Conninfo  string // libpq conninfo or URI; the keys below come over it
	Host      string
	Port      string
	SSLMode   string
	Service   string
	Patroni   string // the address of its REST API; "": it is not asked
	Observer  Login
	Healer    Login
	Signaller Login
}

// Login is a role, and the file its password is in.
type Login struct {
	User         string
	PasswordFile string
}

// Log is one source of log lines.
type Log struct {
	Path   string // a file, a folder or a glob
	Format string // auto, stderr, csv, json
	Prefix string // log_line_prefix, for stderr
}

// Control is the daemon's socket.
type Control struct {
	Socket string
	Group  string
}

// Metrics is where they can be scraped.
type Metrics struct {
	Listen string // a port of the loopback, or unix: and a path; "": nowhere
}

// Logging is what the daemon says about itself.
type Logging struct {
	Level  string // debug, info, warn, error
	Format string // auto, json, text
}

// The modes of the daemon.
const (
	Observe = "observe"
	Heal    = "heal"
)

// Default is the configuration of an empty file.
func Default() *Config {
	return &Config{
		Mode:          Observe,
		Control:       Control{Socket: "/run/pgmend/control.sock", Group: "pgmend"},
		Logging:       Logging{Level: "info", Format: "auto"},
		Reports:       defaultReports(),
		Watch:         defaultWatch(),
		EventTriggers: defaultEventTriggers(),
		Budgets:       healer.DefaultLimits(),
		Guidance:      Guidance{AI: AI{Budget: defaultBudget}},
	}
}

// Policy is what the site allows, for the healer.
func (c *Config) Policy() healer.Policy {
	return healer.Policy{
		Heal: c.Mode == Heal, Window: c.Window, Rules: c.Rules, Settings: c.Settings,
		AllowSuperuser: c.AllowSuperuser, AllowEventTriggers: c.EventTriggers, Watch: c.Watch, Limits: c.Budgets,
	}
}

// Sources are the files it was read from, in order.
func (c *Config) Sources() []string { return c.sources }

// Hash is the SHA-256 of all that was read, hex: the provenance in reports.
func (c *Config) Hash() string { return hex.EncodeToString(c.sum[:]) }

func (c *Config) digest(src []byte) {
	c.sum = sha256.Sum256(append(c.sum[:], src...))
}

// Mistake is one thing wrong in the configuration.
type Mistake struct {
	File    string // or "environment"
	Line    int    // 1-based; 0: no place in a file
	Column  int
	Message string
}

// Error implements error.
func (m Mistake) Error() string {
	if m.Line == 0 {
		return m.File + ": " + m.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Message)
}

// Mistakes are all that is wrong.
type Mistakes []Mistake

// Error implements error.
func (list Mistakes) Error() string {
	s := ""
	for i, m := range list {
		if i > 0 {
			s += "\n"
		}
		s += m.Error()
	}
	return s
}
