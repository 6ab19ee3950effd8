package torture

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// registerFile keeps what came of the cells, beside the program that was built.
var registerFile = filepath.Join("..", "..", "bin", "torture.tsv")

// verdict is what came of a cell.
type verdict string

const (
	listed      verdict = "listed"      // it is one, and was not played yet
	missed      verdict = "not killed"  // its boundary did not come; it is played again
	explained   verdict = "explained"   // one settled state
	unexplained verdict = "unexplained" // anything else
)

// final reports whether a cell is not played again.
func (v verdict) final() bool { return v == explained || v == unexplained }

// part is the kth of n parts of the cells.
type part struct{ k, n int }

func parsePart(t *testing.T, text string) part {
	t.Helper()
	p := part{1, 1}
	if text == "" {
		return p
	}
	if _, err := fmt.Sscanf(text, "%d/%d", &p.k, &p.n); err != nil || p.k < 1 || p.k > p.n {
		t.Fatalf("the part is %q, not k/n as in 1/4", text)
	}
	return p
}

func (p part) has(i int) bool { return i%p.n == p.k-1 }

// entry is the last that a register says of a cell.
type entry struct {
	cell
	verdict verdict
	why     string
}

// register is a file with a line for each cell that was listed, and for each
// that was played: build, version, rule, victim, number, boundary, what came of
// it, seconds, why: also where the crash itself explains it. What another build came to counts for nothing; the build is
// the program under test, the test and the rule's fixture.
type register struct {
	t       *testing.T
	path    string
	major   int
	program []byte
	cells   map[string][]*entry // by the build and the rule
}

func openRegister(t *testing.T, path string, major int) *register {
	t.Helper()
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	r := &register{t: t, path: path, major: major, program: sum[:], cells: make(map[string][]*entry)}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 9 {
			continue // it is half written: the process was ended
		}
		c := cell{victim: f[3], label: f[5]}
		if _, err := fmt.Sscan(f[4], &c.at); err == nil {
			r.keep(strings.Join(f[:3], "\t"), c, verdict(f[6]), f[8])
		}
	}
	return r
}

// of is what the lines of a subject begin with.
func (r *register) of(s subject) string {
	sum := sha256.Sum256(append(slices.Clone(r.program), s.fixture...))
	return fmt.Sprintf("%s\t%d\t%s", hex.EncodeToString(sum[:6]), r.major, s.rule.ID)
}

// keep remembers what was said of a cell, and reports whether it is new.
func (r *register) keep(of string, c cell, v verdict, why string) bool {
	i := slices.IndexFunc(r.cells[of], func(e *entry) bool { return e.victim == c.victim && e.label == c.label })
	if i < 0 {
		r.cells[of] = append(r.cells[of], &entry{c, v, why})
		return true
	}
	if e := r.cells[of][i]; v != listed {
		e.verdict, e.why = v, why
	}
	return false
}

// write adds a line. Other processes may write theirs.
func (r *register) write(of string, c cell, v verdict, why string, took time.Duration) {
	r.t.Helper()
	line := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
	err := os.MkdirAll(filepath.Dir(r.path), 0o755)
	var f *os.File
	if err == nil {
		f, err = os.OpenFile(r.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	}
	if err == nil {
		_, err = fmt.Fprintf(f, "%s\t%s\t%d\t%s\t%s\t%.1f\t%s\n", of, c.victim, c.at, c.label, v, took.Seconds(), line.Replace(why))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		r.t.Error(err)
	}
}

// list notes the cells of a subject that it does not know.
func (r *register) list(s subject, cells []cell) {
	r.t.Helper()
	of := r.of(s)
	for _, c := range cells {
		if r.keep(of, c, listed, "") {
			r.write(of, c, listed, "", 0)
		}
	}
	for _, e := range r.cells[of] {
		e.subject = s
	}
}

// left are the cells of a part that have no outcome.
func (r *register) left(s subject, p part) (out []cell) {
	for i, e := range r.cells[r.of(s)] {
		if p.has(i) && !e.verdict.final() {
			out = append(out, e.cell)
		}
	}
	return out
}

// done reports whether a subject was listed, and a part of its cells played.
func (r *register) done(s subject, p part) bool {
	return len(r.cells[r.of(s)]) > 0 && len(r.left(s, p)) == 0
}

func (r *register) note(c cell, v verdict, why string, took time.Duration) {
	r.t.Helper()
	r.keep(r.of(c.subject), c, v, why)
	r.write(r.of(c.subject), c, v, why, took)
}

// tally counts the cells of a rule and a victim.
type tally struct{ cells, kills, unexplained, missed, missing int }

func (n *tally) count(e *entry) {
	n.cells++
	switch e.verdict {
	case explained:
		n.kills++
	case unexplained:
		n.kills++
		n.unexplained++
	case missed:
		n.missed++
	case listed:
		n.missing++
	}
}

// sum says what came of the cells of all subjects. The test fails where there is
// one that nothing explains or, of its part, one that was not killed.
func (r *register) sum(list []subject, p part) {
	r.t.Helper()
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "rule\tvictim\tcells\tkills\tunexplained\tnot killed\tnot played")
	row := func(rule, victim string, n tally) {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\n", rule, victim, n.cells, n.kills, n.unexplained, n.missed, n.missing)
	}
	var all, mine tally
	for _, s := range list {
		if len(r.cells[r.of(s)]) == 0 {
			r.t.Errorf("%s: its cells were not listed", s.rule.ID)
		}
		for _, victim := range victims {
			var one tally
			for i, e := range r.cells[r.of(s)] {
				if e.victim != victim {
					continue
				}
				one.count(e)
				all.count(e)
				if p.has(i) {
					mine.count(e)
				}
				if e.verdict == unexplained || p.has(i) && !e.verdict.final() {
					r.t.Errorf("%s %s, %s: %s %s", s.rule.ID, e.victim, e.label, e.verdict, cmp.Or(e.why, "(why, is in the output of its run)"))
				}
			}
			row(s.rule.ID, victim, one)
		}
	}
	row("together", "", all)
	if mine.cells == 0 {
		r.t.Errorf("the part %d/%d has no cell", p.k, p.n)
	}
	_ = w.Flush()
	fmt.Fprint(r.t.Output(), text.String())
}
