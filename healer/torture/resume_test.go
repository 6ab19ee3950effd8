package torture

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// What was played under this build is not played again, in whichever part and
// process; what was not killed is, and so is everything under another fixture.
func TestATortureIsResumed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bin", "torture.tsv")
	s := subject{rule: &rules.Rule{ID: "a/b"}, fixture: "one"}
	var cells []cell
	for _, victim := range victims {
		for i, label := range []string{"before it", "after it"} {
			cells = append(cells, cell{s, victim, i + 1, label})
		}
	}
	all, first, second := part{1, 1}, parsePart(t, "1/2"), parsePart(t, "2/2")

	r := openRegister(t, path, 18)
	if r.done(s, all) {
		t.Error("it is done before its cells are listed")
	}
	r.list(s, cells)
	if n, m := len(r.left(s, first)), len(r.left(s, second)); n != 3 || m != 3 {
		t.Errorf("the parts have %d and %d cells", n, m)
	}
	for i, c := range r.left(s, first) {
		r.note(c, []verdict{explained, unexplained, missed}[i], "two\tlines\n", time.Second)
	}

	r = openRegister(t, path, 18)
	r.list(s, cells)
	if left := r.left(s, first); len(left) != 1 || left[0].victim != "postmaster" || left[0].label != "before it" {
		t.Errorf("of the first part are left: %v", left)
	}
	for _, c := range r.left(s, all) {
		r.note(c, explained, "", time.Second)
	}
	// Whoever is killed while it writes leaves a piece of a line.
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(text, r.of(s)+"\tdaemon\t1"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	r = openRegister(t, path, 18)
	var n tally
	for _, e := range r.cells[r.of(s)] {
		n.count(e)
	}
	if !r.done(s, all) || n != (tally{cells: 6, kills: 6, unexplained: 1}) {
		t.Errorf("at the end: %+v", n)
	}
	other := s
	other.fixture = "two"
	if r.done(other, all) || openRegister(t, path, 13).done(s, all) {
		t.Error("what another build or version came to counts")
	}
}
