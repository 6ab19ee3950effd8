//go:build packages

// Package packaging_test installs the .deb and then the .rpm, edits one file,
// enables the unit and looks at what arrives, by the real apt, dpkg, rpm and
// systemd. It does so in a machine of its own: make test-packages.
package packaging_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// machine is the throwaway machine that this test runs in.
type machine struct {
	*testing.T
	packager
	server *pgtest.Server
	begun  time.Time // of this package's life: another's is in the same journal
}

// try runs a command and returns what it prints.
func (m *machine) try(name string, args ...string) (string, error) {
	out, err := exec.CommandContext(m.Context(), name, args...).CombinedOutput()
	return string(out), err
}

// run runs a command that has to succeed.
func (m *machine) run(name string, args ...string) string {
	m.Helper()
	out, err := m.try(name, args...)
	if err != nil {
		m.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// eventually waits until something holds.
func (m *machine) eventually(what string, holds func() bool) {
	m.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.Fatalf("it did not come to this: %s", what)
		}
	}
}

// explain shows what the unit has said, where a step failed.
func (m *machine) explain() {
	if m.Failed() {
		status, _ := m.try("systemctl", "--no-pager", "-n", "0", "status", "pgmend*") // it fails where one does not run
		journal, _ := m.try("journalctl", "--no-pager", "-b", "-n", "60", "-u", "pgmend*")
		m.Logf("%s\n%s", status, journal)
	}
}

// property is what systemd says of a unit.
func (m *machine) property(unit, name string) string {
	m.Helper()
	return strings.TrimSpace(m.run("systemctl", "show", "--value", "-p", name, unit))
}

// journal is what the unit has said.
func (m *machine) journal(args ...string) string {
	m.Helper()
	return m.run("journalctl", append([]string{"--no-pager", "-o", "cat", "-u", "pgmend", "--since", fmt.Sprintf("@%d", m.begun.Unix()+1)}, args...)...)
}

// edit changes the one file.
func (m *machine) edit(replacements ...string) {
	m.Helper()
	const path = "/etc/pgmend/config.yaml"
	text, err := os.ReadFile(path)
	if err != nil {
		m.Fatal(err)
	}
	for i := 0; i < len(replacements); i += 2 {
		if !strings.Contains(string(text), replacements[i]) {
			m.Fatalf("%s has no %q:\n%s", path, replacements[i], text)
		}
	}
	if err := os.WriteFile(path, []byte(strings.NewReplacer(replacements...).Replace(string(text))), 0o644); err != nil {
		m.Fatal(err)
	}
}

// packages are the older and the newer package for a packager.
func (p packager) packages(t *testing.T) (older, newer string) {
	t.Helper()
	for folder, name := range map[string]*string{"older": &older, "newer": &newer} {
		found, err := filepath.Glob("/given/" + folder + "/*." + p.suffix)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %v", folder, found, err)
		}
		*name = found[0]
	}
	return older, newer
}

func TestThePackage(t *testing.T) {
	if os.Getenv("PGMEND_THROWAWAY") == "" {
		t.Fatal("this installs and purges; make test-packages runs it in a throwaway machine")
	}
	for _, p := range packagers {
		t.Run(p.suffix, func(t *testing.T) { lives(t, p) })
	}
}

// lives takes a package through its life.
func lives(t *testing.T, p packager) {
	older, newer := p.packages(t)
	m := &machine{T: t, packager: p, begun: time.Now()}
	// What somebody's own use of this machine left, in the copy.
	m.run("rm", "-rf", "/var/lib/pgmend", "/etc/pgmend", "/usr/bin/pgmend")
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"installed", func() { m.installed(older) }},
		{"alerts arrive", m.alertsArrive},
		{"reloaded", m.reloaded},
		{"one of many clusters", m.oneOfMany},
		{"killed", m.killed},
		{"healed", m.healed},
		{"upgraded", func() { m.upgraded(newer) }},
		{"removed", m.removed},
	} {
		ok := t.Run(step.name, func(t *testing.T) {
			m.T = t
			defer m.explain()
			step.do()
		})
		m.T = t
		if !ok {
			break // the next one builds on it
		}
	}
	if m.server != nil {
		if err := m.server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// installed: the user, the folders, the manual and the unit are there, and
// nothing runs: a person is asked first.
func (m *machine) installed(file string) {
	m.run(m.install[0], append(m.install[1:], file)...)
	if out, err := m.try(m.verify[0], m.verify[1:]...); err != nil || out != "" {
		m.Errorf("%s: %v\n%s", m.verify, err, out)
	}
	for path, want := range map[string]string{
		"/etc/pgmend": "root:root 755", "/etc/pgmend/config.yaml": "root:root 644", "/etc/pgmend/rules.d": "root:root 755",
		"/var/lib/pgmend": "pgmend:pgmend 700", "/run/pgmend": "pgmend:pgmend 755",
	} {
		if got := strings.TrimSpace(m.run("stat", "-c", "%U:%G %a", path)); got != want {
			m.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if out := m.run("systemd-analyze", "verify", "pgmend.service", "pgmend@shop.service"); out != "" {
		m.Errorf("systemd-analyze verify, with the manual, says:\n%s", out)
	}
	for _, page := range []string{"pgmend", "pgmend-heal", "pgmend.yaml"} {
		if out := m.run("man", "--warnings", page); !strings.Contains(out, "NAME") || strings.Contains(out, "warning:") {
			m.Errorf("man %s:\n%s", page, out)
		}
	}
	m.run("bash", "-n", "/usr/share/bash-completion/completions/pgmend")
	if out := m.run("pgmend", "config", "show"); !strings.Contains(out, "mode: observe") {
		m.Errorf("it does not observe:\n%s", out)
	}
	if active, enabled := m.property("pgmend", "ActiveState"), m.property("pgmend", "UnitFileState"); active != "inactive" || enabled != "disabled" {
		m.Errorf("after the installation it is %s and %s", active, enabled)
	}
}

// patient starts a PostgreSQL as hosts have it: its socket below
// /run/postgresql, its log for the group adm. It gets the roles of setup sql,
// and a database with a fault.
func (m *machine) patient() {
	const logs = "/var/log/postgresql"
	m.run("install", "-d", "-m", "0755", "/run/postgresql")
	m.run("install", "-d", "-o", "postgres", "-g", "adm", "-m", "2750", logs)
	m.Setenv("TMPDIR", "/run/postgresql")
	newest, err := disposable.Newest(rules.MaxMajor)
	if err != nil {
		m.Fatal(err)
	}
	s, err := disposable.Start(context.Background(), disposable.Options{Binaries: newest, Settings: map[string]string{
		"logging_collector": "on", "log_destination": "csvlog", "log_directory": logs, "log_file_mode": "0640", "autovacuum": "off",
	}})
	if err != nil {
		m.Fatal(err)
	}
	m.server = &pgtest.Server{Server: s}
	if err := os.Chmod(m.socket(), 0o755); err != nil {
		m.Fatal(err)
	}
	// As docs/operations.md has it.
	for name, text := range map[string]string{
		"pg_ident.conf": "pgmend  pgmend  pgmend_observer\npgmend  pgmend  pgmend_healer\n",
		"pg_hba.conf":   "local   all     pgmend_observer,pgmend_healer   peer map=pgmend\nlocal all all trust\n",
	} {
		if err := os.WriteFile(filepath.Join(s.DataDir(), name), []byte(text), 0o600); err != nil {
			m.Fatal(err)
		}
	}
	m.server.Exec(m, "postgres", "postgres", "SELECT pg_reload_conf()")
	m.server.Exec(m, "postgres", "postgres", "CREATE ROLE shop_owner LOGIN; CREATE DATABASE shop OWNER shop_owner")
	m.server.Exec(m, "shop", "shop_owner", "CREATE TABLE bills (id serial PRIMARY KEY); INSERT INTO bills DEFAULT VALUES; CREATE TABLE orders (id int PRIMARY KEY, at date); CREATE INDEX orders_at ON orders (at); CREATE INDEX orders_at_again ON orders (at)")
	m.server.Exec(m, "shop", "postgres", m.run("pgmend", "setup", "sql", "--major", strconv.Itoa(newest.Major), "--owner", "shop_owner", "--database", "shop"))
}

func (m *machine) socket() string { return filepath.Dir(m.server.DataDir()) }

// alertsArrive: one file is edited, the unit enabled, and the journal has what
// was found, at the priority that alerts are made of.
func (m *machine) alertsArrive() {
	m.patient()
	m.edit("#connection:", fmt.Sprintf("connection: {host: %s, observer: {user: pgmend_observer}, healer: {user: pgmend_healer}}", m.socket()),
		`#databases: ["*", "!test_*"]`, "databases: [shop]",
		"#rules: {index/*: approve, vacuum/dead-tuples: {mode: off}}", "rules: {index/duplicate: {min_size: 0}}",
		"#timezone: Europe/Berlin", "timezone: UTC")
	m.run("pgmend", "config", "check")
	m.run("systemctl", "enable", "--now", "pgmend")
	if state := m.property("pgmend", "ActiveState"); state != "active" {
		m.Errorf("enable --now comes back while it is %s", state)
	}
	m.eventually("systemctl status says that it is connected", func() bool {
		return m.property("pgmend", "StatusText") == "observe; connected, 1 databases"
	})
	m.eventually("the finding is in the journal", func() bool {
		return strings.Contains(m.journal(), `"event.action":"finding.opened"`) && strings.Contains(m.journal(), "orders_at")
	})
	m.run("pgmend", "alerts", "test", "PGM-4008")
	m.eventually("an alert is in the journal, as an error", func() bool {
		return strings.Contains(m.journal("-p", "err"), `"event.code":"PGM-4008"`)
	})
	// It hears of a failing statement in the log, from inside its sandbox.
	m.server.Exec(m, "shop", "shop_owner", "INSERT INTO bills SELECT g FROM generate_series(2, 100) AS g")
	if err := m.server.Try("shop", "shop_owner", "INSERT INTO bills DEFAULT VALUES"); err == nil {
		m.Error("the INSERT was to fail")
	}
	m.eventually("what the log says leads to a finding", func() bool { return strings.Contains(m.journal(), `"rule.id":"sequence/behind"`) })
	if out := m.run("runuser", "-u", "pgmend", "--", "pgmend", "doctor"); strings.Contains(out, "| failed") {
		m.Errorf("doctor, as the daemon's user:\n%s", out)
	}
	// fsync is off here, which is critical.
	if out, err := m.try("pgmend", "check"); err == nil || !strings.HasPrefix(out, "PGMEND CRITICAL - ") || !strings.Contains(out, "cycle_age=") {
		m.Errorf("check: %v %s", err, out)
	}
}

// reloaded: what is right is taken over without a restart, what is wrong is
// refused, and the unit goes on.
func (m *machine) reloaded() {
	pid := m.property("pgmend", "MainPID")
	m.edit("mode: observe", "mode: repair")
	m.run("systemctl", "reload", "pgmend")
	m.eventually("it is refused", func() bool { return strings.Contains(m.journal("-p", "err"), "config.refused") })
	m.edit("mode: repair", "mode: observe", "level: info", "level: debug")
	m.run("systemctl", "reload", "pgmend")
	m.eventually("it is taken over", func() bool { return strings.Contains(m.journal(), "config.accepted") })
	if now := m.property("pgmend", "MainPID"); now != pid || m.property("pgmend", "ActiveState") != "active" {
		m.Errorf("process %s was reloaded, now it is %s", pid, now)
	}
}

// oneOfMany: a second instance has folders of its own, and waits for the one
// that heals the same cluster.
func (m *machine) oneOfMany() {
	m.run("install", "-d", "/etc/pgmend/shop")
	m.run("cp", "/etc/pgmend/config.yaml", "/etc/pgmend/shop/")
	m.run("systemctl", "start", "pgmend@shop")
	m.eventually("it waits for the other healer", func() bool {
		return strings.Contains(m.property("pgmend@shop", "StatusText"), "waiting for PostgreSQL: ")
	})
	for path, want := range map[string]string{"/var/lib/pgmend/shop": "pgmend:pgmend 700", "/run/pgmend/shop/control.sock": "pgmend:pgmend 660"} {
		if got := strings.TrimSpace(m.run("stat", "-c", "%U:%G %a", path)); got != want {
			m.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	m.run("systemctl", "stop", "pgmend@shop")
}

// killed: it comes again by itself.
func (m *machine) killed() {
	pid := m.property("pgmend", "MainPID")
	m.run("systemctl", "kill", "-s", "KILL", "pgmend")
	m.eventually("another process is connected", func() bool {
		now := m.property("pgmend", "MainPID")
		return now != pid && now != "0" && strings.Contains(m.property("pgmend", "StatusText"), "connected")
	})
}

// healed: in its sandbox it can do what it is for.
func (m *machine) healed() {
	indexes := func() string {
		return m.server.Ask(m, "shop", "postgres", "SELECT count(*) FROM pg_index WHERE indrelid = 'orders'::regclass")
	}
	if n := indexes(); n != "3" {
		m.Errorf("%s indexes: an observer has changed something", n)
	}
	m.edit("mode: observe", "mode: heal", "#window:", "window: {start: \"00:00\", length: 24h}")
	m.run("systemctl", "reload", "pgmend")
	m.eventually("both faults are repaired, and that is verified", func() bool {
		return strings.Count(m.journal(), `"event.action":"repair.verified"`) == 2 && indexes() == "2"
	})
}

// upgraded: what ran runs on with the new program and the same configuration.
func (m *machine) upgraded(file string) {
	before, pid := m.run("pgmend", "version"), m.property("pgmend", "MainPID")
	m.run(m.install[0], append(m.install[1:], file)...)
	if after := m.run("pgmend", "version"); after == before {
		m.Errorf("before and after it is %s", after)
	}
	m.eventually("the new program is connected", func() bool {
		return m.property("pgmend", "MainPID") != pid && m.property("pgmend", "StatusText") == "heal; connected, 1 databases"
	})
	if out := m.run("pgmend", "repairs"); !strings.Contains(out, "index/duplicate") {
		m.Errorf("the ledger was lost:\n%s", out)
	}
	if n := m.property("pgmend", "UnitFileState"); n != "enabled" {
		m.Errorf("it is %s now", n)
	}
}

// removed: removing keeps the ledger and the configuration; purging, where the
// packager knows of it, leaves nothing but the user.
func (m *machine) removed() {
	files := strings.Fields(m.run(m.list[0], m.list[1:]...))
	m.run(m.remove[0], m.remove[1:]...)
	if out, err := m.try("systemctl", "is-active", "pgmend"); err == nil {
		m.Errorf("it runs on: %s", out)
	}
	for _, path := range []string{"/var/lib/pgmend/pgmend.db", m.saved} {
		if _, err := os.Stat(path); err != nil {
			m.Errorf("removing takes away what is to stay: %v", err)
		}
	}
	m.run("rm", "-r", "/etc/pgmend/shop") // the site's own
	if m.purge != nil {
		m.run(m.purge[0], m.purge[1:]...)
	} else {
		m.run("rm", "-rf", "/var/lib/pgmend", "/run/pgmend", "/etc/pgmend")
	}
	for _, path := range append(files, "/var/lib/pgmend", "/run/pgmend", "/etc/systemd/system/multi-user.target.wants/pgmend.service") {
		info, err := os.Lstat(path)
		if err == nil && (!info.IsDir() || strings.Contains(path, "pgmend")) {
			m.Errorf("%s is left", path)
		}
	}
	if out, _ := m.try("systemctl", "list-unit-files", "pgmend*"); strings.Contains(out, "pgmend.service") { // it fails where there is none
		m.Errorf("systemd still knows it:\n%s", out)
	}
}
