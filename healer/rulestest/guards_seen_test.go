package rulestest_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/rules"
)

// elsewhere are the guards that another test of the repository sees refusing.
var elsewhere = map[string]struct{ file, test string }{
	// It takes a clock that is ahead.
	"it has been known as unused for long enough": {"../crash_test.go", "TestCountersThatACrashResetAreNoEvidence"},
	// It takes a standby.
	"no standby may use it": {"../pair_test.go", "TestTwoServersThatChangePlaces"},
	// It takes somebody who listens to the log.
	"nobody dropped it on purpose": {"declared_test.go", "TestATableThatWasDroppedOnPurposeStaysAway"},
}

// refusedForm is how a fixture says that a guard refuses.
var refusedForm = regexp.MustCompile(`(?m) (?:refused|waits|refused for want of rights): (.+)$`)

// A guard that nobody has seen refusing may be one that cannot. Two of one name
// are two, unless their SQL is the same.
func TestNoGuardWithoutAProof(t *testing.T) {
	files, err := rules.BuiltinFiles()
	if err != nil {
		t.Fatal(err)
	}
	type guard struct{ name, sql string }
	seen, in := make(map[guard]bool), make(map[guard]string)
	open := make(map[string]bool) // those of refusal and elsewhere that no guard has yet
	for _, r := range provoked() {
		open[r.rule+": "+r.guard] = true
	}
	for name, at := range elsewhere {
		open[name] = true
		src, err := os.ReadFile(at.file)
		if err != nil {
			t.Fatal(err)
		}
		if body := regexp.MustCompile(`(?ms)^func ` + at.test + `\(.*?^}`).FindString(string(src)); !strings.Contains(body, `"`+name+`"`) {
			t.Errorf("%s has no %s that speaks of the guard %q", at.file, at.test, name)
		}
	}
	for _, file := range builtin(t).Files() {
		src, err := fs.ReadFile(files, path(file))
		if err != nil {
			t.Fatal(err)
		}
		fixture := make(map[string]bool)
		for _, m := range refusedForm.FindAllStringSubmatch(string(src), -1) {
			fixture[m[1]] = true
		}
		for major := rules.MinMajor; major <= rules.MaxMajor; major++ {
			rule, ok := file.For(major)
			if !ok {
				continue
			}
			for _, g := range rule.Guards {
				own := file.ID + ": " + g.Name
				_, there := elsewhere[g.Name]
				is := guard{g.Name, g.Text}
				in[is] = own
				for _, r := range provoked() {
					seen[is] = seen[is] || r.rule == file.ID && r.guard == g.Name
				}
				seen[is] = seen[is] || fixture[g.Name] || there
				delete(open, own)
				delete(open, g.Name)
			}
		}
	}
	for is, own := range in {
		if !seen[is] {
			t.Errorf("nobody has seen it refuse: %s", own)
		}
	}
	for name := range open {
		t.Errorf("no rule has the guard %s", name)
	}
}
