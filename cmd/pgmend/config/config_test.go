package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

const whole = `mode: heal
timezone: Europe/Berlin
rules_dir: /etc/pgmend/rules.d
state: /var/lib/pgmend
allow_superuser: false
allow_event_triggers: [audit_*, "odd, name"]
databases: [shop, "odd name"]
connection:
  host: /run/postgresql
  port: 5433
  sslmode: verify-full
  patroni: http://127.0.0.1:8008
  observer: {user: pgmend_observer}
  healer:
    user: pgmend_healer
    password_file: /etc/pgmend/healer.password
budgets: {disk_reserve: 1GB, unknown_disk: true, replica_lag: 1536kB, slot_backlog: 2 TB}
watch: {length: 2h, factor: 2.5, calls: 20, least: 5ms}
window:
  weekday: [sat, Sunday]
  start: "02:00"
  length: 4h
rules:
  index/*:
    mode: approve
    min_size: 64MB
    every: 1h
  vacuum/dead-tuples: off
logs:
  - path: /var/log/postgresql/*.json
    format: json
  - /var/log/postgresql/postgresql.log
control: {socket: /run/pgmend/control.sock, group: dba}
logging: {level: debug, format: json}
`

func TestWhole(t *testing.T) {
	c, err := config.Parse("c.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := healer.Policy{
		Heal: true, AllowEventTriggers: []string{"audit_*", "odd, name"}, Watch: healer.WatchPolicy{Length: 2 * time.Hour, Factor: 2.5, Calls: 20, Least: 5 * time.Millisecond},
		Limits: healer.Limits{DiskReserve: 1 << 30, ReplicaLag: 1536 << 10, SlotBacklog: 2 << 40, Unarchived: 1 << 30, UnknownDisk: true},
		Rules: []healer.PerRule{
			{Glob: "index/*", Will: healer.WillApprove}, {Glob: "vacuum/dead-tuples", Will: healer.WillOff},
		},
		Settings: []rules.Setting{{Glob: "index/*", Param: "min_size", Value: "64MB"}},
		Window: &healer.Window{
			Days: []time.Weekday{time.Saturday, time.Sunday}, Start: 2 * time.Hour, Length: 4 * time.Hour, Location: berlin,
		},
	}
	if diff := cmp.Diff(want, c.Policy(), cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
		t.Error(diff)
	}
	if c.Connection.Port != "5433" || c.Connection.Patroni != "http://127.0.0.1:8008" || c.Connection.Healer.PasswordFile != "/etc/pgmend/healer.password" ||
		len(c.Logs) != 2 || c.Logs[1].Format != "auto" || c.Every[0].Every != "1h" || c.Databases[1] != "odd name" {
		t.Errorf("%+v", c)
	}
	// What is shown can be read again and says the same.
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := config.Parse("c.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	second, err := again.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(second)); diff != "" {
		t.Error(diff)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":    {"mood: heal\n", `c.yaml:1:1: unknown key "mood"; did you mean "mode"?`},
		"unknown value":  {"mode: fix\n", `c.yaml:1:7: "fix" is not one of observe, heal`},
		"all at once":    {"mode: fix\nstate: here\n", "c.yaml:1:7: \"fix\" is not one of observe, heal\nc.yaml:2:8: \"here\" is not an absolute path"},
		"nested":         {"connection:\n  hots: x\n", `c.yaml:2:3: connection: unknown key "hots"; did you mean "host"?`},
		"port":           {"connection:\n  port: 99999\n", `c.yaml:2:9: connection: "99999" is no port`},
		"password":       {"connection:\n  healer:\n    password: secret\n", `c.yaml:3:15: healer: a password does not belong here; use password_file, or .pgpass`},
		"conninfo":       {"connection: {conninfo: \"host=a password=b\"}\n", `c.yaml:1:24: connection: a password does not belong here; use password_file, or .pgpass`},
		"uri":            {"connection: {conninfo: \"postgres://u:p@h/d\"}\n", `c.yaml:1:24: connection: a password does not belong here; use password_file, or .pgpass`},
		"patroni":        {"connection: {patroni: 'db1:8008'}\n", `c.yaml:1:23: connection: patroni: "db1:8008" is no address such as http://127.0.0.1:8008`},
		"a login there":  {"connection: {patroni: 'http://u:p@db1:8008'}\n", `c.yaml:1:23: connection: patroni: a password does not belong here, and Patroni asks for none to be read`},
		"budget":         {"budgets: {replica_lag: lots}\n", `c.yaml:1:24: budgets: replica_lag needs a size from 1MB to 1024TB, such as 1GB; "lots" is none`},
		"no budget":      {"budgets:\n  disk_reserve: 0\n", `c.yaml:2:17: budgets: disk_reserve needs a size from 16MB to 1024TB, such as 1GB; "0" is none`},
		"unknown disk":   {"budgets: {unknown_disk: maybe}\n", `c.yaml:1:25: "maybe" is neither true nor false`},
		"another budget": {"budgets: {wal: 1GB}\n", `c.yaml:1:11: budgets: unknown key "wal"; it can be disk_reserve, replica_lag, slot_backlog, unarchived, unknown_disk`},
		"weekday":        {"window: {weekday: funday, start: \"02:00\", length: 1h}\n", `c.yaml:1:19: window: "funday" is no weekday; did you mean "sunday"?`},
		"window length":  {"window:\n  start: \"02:00\"\n", `c.yaml:2:3: window needs a length such as 4h, at most 24h`},
		"window start":   {"window:\n  start: noon\n  length: 4h\n", `c.yaml:2:3: window needs a start such as "02:00"`},
		"zone":           {"timezone: Mars/Olympus\n", `c.yaml:1:11: time zone "Mars/Olympus" is not known; a name such as Europe/Berlin or UTC`},
		"event trigger":  {"allow_event_triggers: ['']\n", `c.yaml:1:24: allow_event_triggers: a name or a pattern such as audit_* is needed; [] allows none`},
		"excluded":       {"allow_event_triggers:\n  - audit\n  - '!other'\n", `c.yaml:3:5: allow_event_triggers: "!other" excludes nothing; name those that are allowed`},
		"a function":     {"allow_event_triggers: [app.audit()]\n", `c.yaml:1:24: allow_event_triggers: "app.audit()" is a function; the name of its event trigger is needed, as \dy in psql shows it`},
		"a mapping":      {"allow_event_triggers: [{a: b}]\n", `c.yaml:1:24: one value is needed here`},
		"bool":           {"allow_superuser: perhaps\n", `c.yaml:1:18: "perhaps" is neither true nor false`},
		"will":           {"rules:\n  index/*: never\n", `c.yaml:2:12: "never" is not one of off, observe, approve, auto`},
		"every":          {"rules:\n  index/*: {every: often}\n", `c.yaml:2:20: rules: every: schedule "often": expected exactly 5 fields, found 1: [often]; a duration such as 15m or five cron fields are needed`},
		"log path":       {"logs: [here.log]\n", `c.yaml:1:8: logs: a path is needed, and "here.log" is not absolute`},
		"log format":     {"logs:\n  - {path: /a, format: xml}\n", `c.yaml:2:24: "xml" is not one of auto, stderr, csv, json`},
		"a list":         {"mode: [heal]\n", `c.yaml:1:7: one value is needed here`},
		"a text":         {"connection: here\n", `c.yaml:1:13: connection: keys and values are needed here`},
		"not a mapping":  {"- mode\n", `c.yaml:1:1: keys and values are needed here`},
		"two documents":  {"mode: heal\n---\nmode: observe\n", `c.yaml:3:5: one YAML document is needed, this begins a second one`},
		"anchor":         {"mode: &m heal\n", `c.yaml:1:7: anchors, aliases and tags are not used here`},
		"logging level":  {"logging: {level: loud}\n", `c.yaml:1:18: "loud" is not one of debug, info, warn, error`},
		"AI address":     {"guidance:\n  ai: {url: 'ftp://x', model: m}\n", `c.yaml:2:13: guidance.ai: url: an address such as https://host/v1 is needed`},
		"AI over http":   {"guidance:\n  ai: {url: 'http://ai.example/v1', model: m}\n", `c.yaml:2:13: guidance.ai: url: plain http is for this host only; use https`},
		"AI with a key":  {"guidance:\n  ai: {url: 'https://k:s@ai.example/v1', model: m}\n", `c.yaml:2:13: guidance.ai: url: a key belongs into key_file, not into the address`},
		"control socket": {"control: {socket: x}\n", `c.yaml:1:19: "x" is not an absolute path`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("c.yaml", []byte(c.text))
			var m config.Mistakes
			if !errors.As(err, &m) {
				t.Fatalf("%v is no mistake", err)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSyntax(t *testing.T) {
	_, err := config.Parse("c.yaml", []byte("mode: heal\nmode: observe\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "c.yaml:2:1: ") {
		t.Errorf("a key twice: %v", err)
	}
	_, err = config.Parse("c.yaml", []byte("mode: \"heal\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "c.yaml:1:7: ") {
		t.Errorf("an open quote: %v", err)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	none := func(string) string { return "" }
	main := filepath.Join(dir, "config.yaml")
	if _, err := config.Load(main, none); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	write("config.yaml", "mode: heal\nlogging: {level: warn}\n")
	write("conf.d/20.yaml", "mode: observe\n")
	write("conf.d/10.yaml", "mode: heal\nstate: /ten\n")
	env := map[string]string{"PGMEND_STATE": "/env", "PGMEND_DATABASES": "a,b"}
	c, err := config.Load(main, func(k string) string { return env[k] })
	if err != nil {
		t.Fatal(err)
	}
	if c.Mode != config.Observe || c.State != "/env" || c.Logging.Level != "warn" || len(c.Databases) != 2 || len(c.Sources()) != 3 {
		t.Errorf("%+v", c)
	}
	other, err := config.Load(main, none)
	if err != nil {
		t.Fatal(err)
	}
	if other.Hash() == c.Hash() {
		t.Error("the environment is not part of the hash")
	}
	env["PGMEND_MODE"] = "repair"
	_, err = config.Load(main, func(k string) string { return env[k] })
	if err == nil || err.Error() != `environment: PGMEND_MODE: "repair" is not one of observe, heal` {
		t.Errorf("environment: %v", err)
	}
	write("conf.d/30.yaml", "mood: x\n")
	_, err = config.Load(main, func(k string) string { return env[k] })
	var m config.Mistakes
	if !errors.As(err, &m) || len(m) != 2 {
		t.Errorf("both mistakes are wanted, got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse("c.yaml", []byte(text))
		if err != nil {
			return
		}
		if _, err := c.YAML(); err != nil {
			t.Fatal(err)
		}
	})
}
