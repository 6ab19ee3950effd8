package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer/hearsay"
	"github.com/pgmend/pgmend/healer/metrics"
)

// bad is a wrong configuration, the line its mistake is in, and a word of what
// is said about it.
type bad struct {
	name, text string
	line       int
	says       string
}

// place writes a key below its parents, and says in which line its value is.
func place(path []string, value string) (text string, line int) {
	indent := ""
	for i, name := range path {
		if i > 0 {
			text += "\n"
		}
		text += indent + name + ":"
		indent += "  "
	}
	return text + " " + value + "\n", len(path)
}

// wrongValues are those that a kind of key cannot have.
func wrongValues(k config.Key) []string {
	switch k.Kind {
	case config.Mapping:
		return []string{"text", "[a, b]", "7", "true", `"{}"`}
	case config.PerRule:
		return []string{"text", "[a]", "{index/*: never}", "{index/*: {every: often}}", "{index/*: {mode: 1}}", "{no/such: off}", "{index/invalid: {no_such: 1}}", "{index/*: [off]}", "{index/*: {every: 'TZ=UTC'}}"}
	case config.Mappings:
		return []string{"relative.log", "[{format: csv}]", "[{path: /a, format: xml}]", "[[/a]]", "[{paht: /a}]", "{path: a}"}
	}
	list := []string{"{a: b}", "&x y", "!!str y", "*x"}
	if k.Kind != config.Texts {
		list = append(list, "[a, b]", "[]")
	}
	switch {
	case len(k.Values) > 0:
		list = append(list, "nonsense", strings.ToUpper(k.Values[0]), k.Values[0]+"x", "''", "7")
	case k.Kind == config.Bool:
		list = append(list, "perhaps", "yes", "2", "''")
	case k.Kind == config.Number:
		list = append(list, "0", "-1", "65536", "many", "1.5", "''")
	case k.Kind == config.Path:
		list = append(list, "relative", "./here", "~/here", "C:/x", "''")
	case k.Kind == config.Length:
		list = append(list, "long", "4", "-1h", "0s", "''")
	case k.Kind == config.Size:
		list = append(list, "lots", "0", "-1MB", "64mb", "1.5GB", "9999999TB", "''")
	}
	return list
}

// badConfigurations makes them of the table of keys: for each key what it
// cannot be, a key that is misspelt, one that is written twice; and what goes
// wrong in a file as a whole.
func badConfigurations() []bad {
	var list []bad
	add := func(name, text string, line int, says string) { list = append(list, bad{name, text, line, says}) }
	var walk func(path []string, keys []config.Key, listed bool)
	walk = func(path []string, keys []config.Key, listed bool) {
		for _, k := range keys {
			here := append(slices.Clone(path), k.Name)
			name := strings.Join(here, ".")
			text, line := place(append(slices.Clone(path), k.Name[:len(k.Name)-1]+"qx"), "1")
			add(name+" misspelt", text, line, "unknown key")
			text, line = place(here, "x")
			add(name+" twice", text+strings.Repeat("  ", len(path))+k.Name+": x\n", line+1, "already defined")
			for _, v := range wrongValues(k) {
				if k.Name == "host" || k.Name == "conninfo" || listed {
					break // any text will do, or the list is looked at below
				}
				text, line := place(here, v)
				add(name+"="+v, text, line, "")
			}
			if k.Kind == config.Mapping {
				walk(here, k.Keys, false)
			}
		}
	}
	walk(nil, config.Keys(), false)
	for name, c := range map[string]struct {
		text string
		line int
		says string
	}{
		"an open quote":           {"state: \"/a\n", 1, ""},
		"an open bracket":         {"databases: [a, b\n", 1, ""},
		"a tab":                   {"window:\n\tstart: 1\n", 2, ""},
		"wrong indentation":       {"window:\n    start: \"02:00\"\n  length: 4h\n", 3, ""},
		"two documents":           {"mode: heal\n---\nmode: heal\n", 3, "one YAML document"},
		"a list":                  {"- mode\n", 1, "keys and values"},
		"a text":                  {"heal\n", 1, "keys and values"},
		"a colon without a space": {"mode:heal\n", 1, ""},
		"a password":              {"connection:\n  healer:\n    password: x\n", 3, "password_file"},
		"a password in a URI":     {"connection: {conninfo: 'postgres://a:b@c/d'}\n", 1, "password_file"},
		"a password in conninfo":  {"connection: {conninfo: 'host=a password = b'}\n", 1, "password_file"},
		"a Patroni's login":       {"connection: {patroni: 'http://a:b@c:8008'}\n", 1, "password"},
		"a Patroni by its path":   {"connection: {patroni: 'http://c:8008/cluster'}\n", 1, "address"},
		"a window without length": {"window: {start: '02:00'}\n", 1, "length"},
		"a window too long":       {"window: {start: '02:00', length: 25h}\n", 1, "24h"},
		"a window at no time":     {"window: {start: '25:00', length: 1h}\n", 1, "start"},
		"no weekday":              {"window: {start: '01:00', length: 1h, weekday: funday}\n", 1, "weekday"},
		"no time zone":            {"timezone: Mars/Olympus\n", 1, "time zone"},
		"metrics for everybody":   {"metrics: {listen: '0.0.0.0:9718'}\n", 1, "elsewhere"},
		"metrics by name":         {"metrics: {listen: 'db1:9718'}\n", 1, "elsewhere"},
		"metrics nowhere":         {"metrics: {listen: '9718'}\n", 1, "neither a port"},
		"metrics on no port":      {"metrics: {listen: '127.0.0.1:99999'}\n", 1, "no port"},
		"metrics on no path":      {"metrics: {listen: 'unix:metrics.sock'}\n", 1, "absolute path"},
		"a rule's bad value":      {"rules:\n  index/invalid: off\n  vacuum/dead-tuples:\n    min_rows: many\n", 4, "min_rows"},
		"a rule's bad switch":     {"rules:\n  index/invalid: {enabled: perhaps}\n", 2, "enabled"},
		"a rule of another name":  {"rules:\n  index/invald: off\n", 2, `did you mean "index/invalid"?`},
		"a pattern of no rule":    {"rules:\n  indices/*: off\n", 2, "no rule"},
	} {
		add(name, c.text, c.line, c.says)
	}
	return list
}

// Every one of some hundred wrong configurations is refused in a reload, the
// running one is kept, and what is said names the place.
func TestBadConfigurationsAreRefused(t *testing.T) {
	list := badConfigurations()
	t.Logf("%d bad configurations", len(list))
	if len(list) < 300 {
		t.Error("there are to be 300")
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("mode: heal\n")
	said := new(output)
	a := newApp(func(string) string { return "" }, strings.NewReader(""), said, said)
	a.flags.config = path
	first, err := a.prepare()
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{app: a, log: slog.New(slog.DiscardHandler), metrics: metrics.New(metrics.Config{}), book: hearsay.New(time.Now)}
	d.enter(first)
	for _, b := range list {
		write(b.text)
		if d.reload(t.Context(), first) != nil || d.site.Load() != first || d.site.Load().conf.Mode != config.Heal {
			t.Errorf("%s is taken over:\n%s", b.name, b.text)
			continue
		}
		fresh := *a
		fresh.conf = nil
		_, err := fresh.prepare()
		var mistakes config.Mistakes
		if !errors.As(err, &mistakes) {
			t.Errorf("%s: %v is no list of mistakes\n%s", b.name, err, b.text)
			continue
		}
		found := false
		for _, m := range mistakes {
			if m.File != path || m.Line < 1 || m.Column < 1 || len(m.Message) < 5 {
				t.Errorf("%s: %q has no place\n%s", b.name, m.Error(), b.text)
			}
			found = found || m.Line == b.line && strings.Contains(m.Message, b.says)
		}
		if !found {
			t.Errorf("%s: line %d and %q are wanted, it says:\n%v\n%s", b.name, b.line, b.says, err, b.text)
		}
	}
}

// All of them once more, as a person does it: the file is written and SIGHUP
// sent, while a daemon runs. It says of each that it is refused, works on by the
// configuration it had, and takes over the next right one.
// hazard: 47
func TestBadFilesWhileTheDaemonRuns(t *testing.T) {
	said := systemdsEnd(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	right := "mode: observe\nconnection: {host: " + dir + "}\nstate: " + filepath.Join(dir, "state") +
		"\ncontrol: {socket: " + filepath.Join(dir, "run", "control.sock") + "}\n"
	if err := os.WriteFile(path, []byte(right), 0o600); err != nil {
		t.Fatal(err)
	}
	h := &host{config: path, dir: dir}
	log, end := h.run(t)
	eventually(t, "it runs, and waits for a server", patience, func() bool { return strings.Contains(h.status(t).State, "waiting for PostgreSQL") })
	hash := h.status(t).Config
	refused := func() int { return strings.Count(log.String(), "the configuration is refused") }
	reloads := func() int { return strings.Count(strings.Join(said(), "\n"), "READY=1") }
	for i, b := range badConfigurations() {
		before, earlier := refused(), reloads()
		if err := os.WriteFile(path, []byte(b.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(patience); reloads() == earlier; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the reload of %s does not end:\n%s", b.name, b.text)
			}
		}
		if refused() == before {
			t.Fatalf("%s is not refused:\n%s", b.name, b.text)
		}
		if i%50 > 0 {
			continue
		}
		if s := h.status(t); s.Mode != config.Observe || s.Config != hash {
			t.Errorf("after %s it works by another configuration: %+v", b.name, s)
		}
	}
	if s := h.status(t); s.Mode != config.Observe || s.Config != hash {
		t.Errorf("after all of them it works by another configuration: %+v", s)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(right, "observe", "heal", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a right one is taken over", patience, func() bool { return h.status(t).Mode == config.Heal })
	if code := end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// All that is wrong is said in one run.
func TestEveryMistakeIsSaidAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	text := "mode: fix\nstate: here\ntimezone: Mars\nlogging: {level: loud, format: x}\ncontrol: {socket: x}\nmood: 1\nmetrics: {listen: x}\n"
	if err := os.MkdirAll(filepath.Join(filepath.Dir(path), "conf.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{path: text, filepath.Join(filepath.Dir(path), "conf.d", "a.yaml"): "databases: {a: b}\nrules: {x/y: off}\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said := new(output)
	code := Main(t.Context(), []string{"config", "check", "--config", path}, func(string) string { return "" }, strings.NewReader(""), said, said)
	if n := strings.Count(said.String(), "\n"); code != exitError1 || n != 10 {
		t.Errorf("code %d, %d mistakes:\n%s", code, n, said)
	}
	for _, where := range []string{"config.yaml:1:7:", "config.yaml:2:8:", "config.yaml:4:18:", "config.yaml:4:32:", "a.yaml:1:12:", "a.yaml:2:9:"} {
		if !strings.Contains(said.String(), where) {
			t.Errorf("%s is missing:\n%s", where, said)
		}
	}
}
