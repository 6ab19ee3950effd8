//go:build ops

package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/pgmend/pgmend/healer"
)

// tool is a program as scripts/ensure-ops.sh has unpacked it, with what it
// needs to find its own libraries.
func tool(t *testing.T, pkg, path string, args ...string) *exec.Cmd {
	t.Helper()
	root := filepath.Join(os.Getenv("PGMEND_OPS"), pkg)
	if os.Getenv("PGMEND_OPS") == "" {
		t.Fatal("PGMEND_OPS is not set; make test-ops sets it")
	}
	libraries, err := filepath.Glob(root + "/usr/lib/*-linux-gnu")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(root + "/lib/*-linux-gnu")
	if err != nil {
		t.Fatal(err)
	}
	more = append(libraries, more...)
	if inner, err := filepath.Glob(root + "/usr/lib/syslog-ng"); err == nil {
		more = append(more, inner...)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, path), args...)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(more, ":"))
	return cmd
}

// line is what the daemon writes of an event of a finding.
func line(t *testing.T, action healer.Action) string {
	t.Helper()
	var out bytes.Buffer
	f := healer.Finding{ID: "F1", Rule: "index/invalid", Severity: "warning", Object: healer.Object{Schema: "app", Name: `or"d\ers`}}
	NewObserver(slog.New(NewHandler(&out, Options{JSON: true}))).Observe(t.Context(), healer.Transition{
		Action: action, At: time.Now(), Database: "shop", Finding: &f, Attempt: &healer.Attempt{ID: "R1", Err: "no space left on device"},
	})
	return strings.TrimSpace(out.String())
}

// daemon runs a log daemon until the test ends, and waits for its socket.
func daemon(t *testing.T, cmd *exec.Cmd, socket string) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s said:\n%s", cmd.Path, said.String())
		}
	})
	until(t, "it listens", func() bool { _, err := os.Stat(socket); return err == nil })
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to this:", what)
		}
	}
}

// deliver sends lines as journald passes them on, and returns the alerts that
// arrived before the last of them, which is one.
func deliver(t *testing.T, socket, alerts string) string {
	t.Helper()
	c, err := net.Dial("unixgram", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send := func(program, text string) {
		if _, err := fmt.Fprintf(c, "<14>%s %s[42]: %s", time.Now().Format(time.Stamp), program, text); err != nil {
			t.Fatal(err)
		}
	}
	failed := line(t, healer.RepairFailed)
	send("pgmend", failed)
	send("pgmend", line(t, healer.RepairVerified)) // tells only
	send("pgmend", "not JSON, with \"event.code\":\"PGM-4008\" in it")
	send("other", failed) // of another program
	send("pgmend", strings.Replace(line(t, healer.RepairVerified), "R1", `\"event.code\":\"PGM-4008\"`, 1))
	send("pgmend", line(t, healer.RepairInterrupted))
	var text []byte
	until(t, "the last alert arrives", func() bool {
		text, _ = os.ReadFile(alerts)
		return strings.Contains(string(text), "PGM-4010")
	})
	return string(text)
}

// arrived holds what a receiver's file says against what was to arrive.
func arrived(t *testing.T, got string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d alerts arrived, want 2:\n%s", len(lines), got)
	}
	for _, want := range []string{"error PGM-4008 repair.failed", "rule=index/invalid", "database=shop", `object=app.or"d\ers`, "a repair failed"} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("%q is missing in %q", want, lines[0])
		}
	}
}

// pack writes a pack into a folder, with the folder's own place for alerts.
func pack(t *testing.T, name, dir string) (file, alerts string) {
	t.Helper()
	text, err := Export(name)
	if err != nil {
		t.Fatal(err)
	}
	alerts = filepath.Join(dir, "alerts.log")
	text = strings.ReplaceAll(text, "/var/log/pgmend-alerts.log", alerts)
	file = filepath.Join(dir, "pack")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, alerts
}

func TestOpsRsyslog(t *testing.T) {
	dir := t.TempDir()
	file, alerts := pack(t, "rsyslog", dir)
	socket, conf := filepath.Join(dir, "log"), filepath.Join(dir, "rsyslog.conf")
	text := fmt.Sprintf("module(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" Socket=%q)\ninclude(file=%q)\n", socket, file)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Glob(os.Getenv("PGMEND_OPS") + "/rsyslog/usr/lib/*/rsyslog")
	if err != nil || len(modules) != 1 {
		t.Fatalf("the modules of rsyslog: %v, %v", modules, err)
	}
	common := []string{"-f", conf, "-M", modules[0], "-i", filepath.Join(dir, "pid")}
	if out, err := tool(t, "rsyslog", "usr/sbin/rsyslogd", append([]string{"-N1"}, common...)...).CombinedOutput(); err != nil {
		t.Fatalf("rsyslog refuses the pack: %v\n%s", err, out)
	}
	daemon(t, tool(t, "rsyslog", "usr/sbin/rsyslogd", append([]string{"-n"}, common...)...), socket)
	arrived(t, deliver(t, socket, alerts))
}

func TestOpsSyslogNG(t *testing.T) {
	dir := t.TempDir()
	file, alerts := pack(t, "syslog-ng", dir)
	socket, conf := filepath.Join(dir, "log"), filepath.Join(dir, "syslog-ng.conf")
	text := fmt.Sprintf("@version: 3.38\nsource s_src { unix-dgram(%q); };\n@include %q\n", socket, file)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	root := os.Getenv("PGMEND_OPS") + "/syslog-ng-core"
	modules, err := filepath.Glob(root + "/usr/lib/syslog-ng/*")
	if err != nil || len(modules) == 0 {
		t.Fatalf("the modules of syslog-ng: %v, %v", modules, err)
	}
	daemon(t, tool(t, "syslog-ng-core", "usr/sbin/syslog-ng", "-F", "--no-caps", "-f", conf, "--module-path", strings.Join(modules, ":"),
		"-R", filepath.Join(dir, "persist"), "-p", filepath.Join(dir, "pid"), "-c", filepath.Join(dir, "ctl")), socket)
	arrived(t, deliver(t, socket, alerts))
}

// promtool runs promtool on files in a folder.
func promtool(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := tool(t, "prometheus", "usr/bin/promtool", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestOpsPrometheus(t *testing.T) {
	dir := t.TempDir()
	text, err := Export("prometheus")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("testdata/prometheus_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"pgmend-rules.yaml": text, "test.yaml": string(tests)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := promtool(t, dir, "check", "rules", "--lint=all", "--lint-fatal", "pgmend-rules.yaml"); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
	if out, err := promtool(t, dir, "test", "rules", "test.yaml"); err != nil {
		t.Errorf("promtool test rules: %v\n%s", err, out)
	}
}

// expressions collects the values of a key anywhere in a document.
func expressions(doc any, key string, out *[]string) {
	switch v := doc.(type) {
	case map[string]any:
		for k, inner := range v {
			if s, ok := inner.(string); ok && k == key {
				*out = append(*out, s)
			}
			expressions(inner, key, out)
		}
	case []any:
		for _, inner := range v {
			expressions(inner, key, out)
		}
	}
}

// Each expression of the dashboard is parsed by Prometheus' own parser, as the
// rule of a recording.
func TestOpsGrafana(t *testing.T) {
	text, err := Export("grafana")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	var list []string
	expressions(doc, "expr", &list)
	if len(list) < 10 {
		t.Fatalf("%d expressions", len(list))
	}
	check := func(list []string) (string, error) {
		var rules []map[string]string
		for i, expr := range list {
			// What Grafana fills in before it asks.
			expr = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(expr)
			rules = append(rules, map[string]string{"record": fmt.Sprintf("a:b%d", i), "expr": expr})
		}
		file, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "g", "rules": rules}}})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "r.yaml"), file, 0o600); err != nil {
			t.Fatal(err)
		}
		return promtool(t, dir, "check", "rules", "r.yaml")
	}
	if out, err := check(list); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := check([]string{"sum by (rule (x)"}); err == nil {
		t.Error("an expression that is none is let through")
	}
}

// Of Loki only the file's form is checked here: the groups and rules are those
// of Prometheus, their expressions are put in its place by one that parses.
func TestOpsLokiForm(t *testing.T) {
	text, err := Export("loki")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text = regexp.MustCompile(`(?m)^( *expr:) .*$`).ReplaceAllString(text, "$1 vector(1)")
	if err := os.WriteFile(filepath.Join(dir, "l.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, dir, "check", "rules", "l.yaml"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
