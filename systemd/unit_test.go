package systemd

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// analyze runs systemd-analyze on a unit whose program is this test's, because
// the real one is not installed here.
func analyze(t *testing.T, unit, dropin string, args ...string) string {
	t.Helper()
	tool, err := exec.LookPath("systemd-analyze")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("systemd-analyze is not installed; make test-ops needs it and installs it")
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	made := strings.Replace(string(text), "/usr/bin/pgmend", self, 1)
	if made == string(text) {
		t.Fatalf("%s does not start /usr/bin/pgmend", unit)
	}
	dir := t.TempDir()
	// A template is looked at as one of its instances.
	path := filepath.Join(dir, strings.Replace(unit, "@", "@shop", 1))
	if err := os.WriteFile(path, []byte(made), 0o600); err != nil {
		t.Fatal(err)
	}
	if dropin != "" {
		text, err := os.ReadFile(dropin)
		if err == nil {
			err = os.Mkdir(path+".d", 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(path+".d", filepath.Base(dropin)), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(tool, append(args, path)...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out)
}

// exposure reads the overall level, 0 to 10.
func exposure(t *testing.T, out string) float64 {
	t.Helper()
	found := regexp.MustCompile(`Overall exposure level for [^:]*: ([0-9.]+)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("systemd-analyze security said:\n%s", out)
	}
	level, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return level
}

func TestUnits(t *testing.T) {
	for _, unit := range []string{"pgmend.service", "pgmend@.service"} {
		t.Run(unit, func(t *testing.T) {
			// The manual page comes with the package, not with the source.
			if out := analyze(t, unit, "", "verify", "--man=no"); out != "" {
				t.Errorf("systemd-analyze verify is to print nothing, and says:\n%s", out)
			}
			out := analyze(t, unit, "", "security", "--offline=true", "--no-pager")
			if level := exposure(t, out); level > 1.2 {
				t.Errorf("exposure %.1f, at most 1.2 is wanted:\n%s", level, out)
			}
			over := analyze(t, unit, "pgmend.service.d/tcp.conf", "verify", "--man=no")
			if over != "" {
				t.Errorf("with the drop-in for TCP, systemd-analyze verify says:\n%s", over)
			}
		})
	}
}

// The check itself has to be able to fail.
func TestAnalyzeFindsMistakes(t *testing.T) {
	text, err := os.ReadFile("pgmend.service")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	bad := strings.Replace(string(text), "[Service]", "[Service]\nWatchDogSec=2min", 1)
	bad = regexp.MustCompile(`(?m)^(Protect|Private|Restrict|SystemCall|Capability).*\n`).ReplaceAllString(bad, "")
	if err := os.WriteFile("pgmend.service", []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := analyze(t, "pgmend.service", "", "verify", "--man=no"); !strings.Contains(out, "WatchDogSec") {
		t.Errorf("a key that does not exist is let through: %q", out)
	}
	if level := exposure(t, analyze(t, "pgmend.service", "", "security", "--offline=true", "--no-pager")); level <= 1.2 {
		t.Errorf("an open unit has exposure %.1f", level)
	}
}

// The template is the unit, but for its folders: one is not forgotten when the
// other is hardened.
func TestTheTemplateIsTheUnit(t *testing.T) {
	read := func(name string) []string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.NewReplacer("/%i", "", " (cluster %i)", "").Replace(string(text))
		_, plain, _ = strings.Cut(plain, "[Unit]")
		return strings.Split(plain, "\n")
	}
	unit, template := read("pgmend.service"), read("pgmend@.service")
	for i := range max(len(unit), len(template)) {
		if i >= len(unit) || i >= len(template) || unit[i] != template[i] {
			t.Fatalf("they differ in line %d after [Unit]", i+1)
		}
	}
}
