// Command matrix reads the output of `go test -json` of the rules' fixtures and
// prints a table: a line for each rule, a column for each version of PostgreSQL.
package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/pgmend/pgmend/scripts/testlog"
)

// caseForm is the name of a fixture's test: version, rule, pass.
var caseForm = regexp.MustCompile(`^TestRules/pg(\d+)/([^/]+/[^/]+)/(least_privilege|superuser)$`)

// cell is how one rule did on one version.
type cell struct{ passed, failed, skipped int }

func (c cell) String() string {
	switch {
	case c.failed > 0:
		return "FAIL"
	case c.passed > 0:
		return "ok"
	case c.skipped > 0:
		return "skip"
	}
	return "-"
}

func main() { testlog.Main("matrix", table) }

func table(name string) (failed int, err error) {
	cells := make(map[string]map[int]cell)
	err = testlog.Read(name, func(e testlog.Event, printed string) error {
		m := caseForm.FindStringSubmatch(e.Test)
		if m == nil {
			return nil
		}
		major, err := strconv.Atoi(m[1])
		if err != nil {
			return err
		}
		if cells[m[2]] == nil {
			cells[m[2]] = make(map[int]cell)
		}
		c := cells[m[2]][major]
		switch e.Action {
		case "pass":
			c.passed++
		case "skip":
			c.skipped++
		case "fail":
			c.failed++
			failed++
			fmt.Printf("--- FAIL %s\n%s", e.Test, printed)
		}
		cells[m[2]][major] = c
		return nil
	})
	if err != nil {
		return failed, err
	}
	if len(cells) == 0 {
		return failed, errors.New("no fixture ran")
	}
	show(cells)
	return failed, nil
}

func show(cells map[string]map[int]cell) {
	var majors []int
	for _, row := range cells {
		majors = slices.AppendSeq(majors, maps.Keys(row))
	}
	slices.Sort(majors)
	majors = slices.Compact(majors)
	fmt.Printf("%-34s", "rule")
	for _, m := range majors {
		fmt.Printf(" %5d", m)
	}
	fmt.Println()
	passed, all := 0, 0
	for _, rule := range slices.Sorted(maps.Keys(cells)) {
		fmt.Printf("%-34s", rule)
		for _, m := range majors {
			c := cells[rule][m]
			fmt.Printf(" %5s", c)
			passed, all = passed+c.passed, all+c.passed+c.failed
		}
		fmt.Println()
	}
	fmt.Printf("%d rules on %d versions of PostgreSQL: %d of %d passed\n", len(cells), len(majors), passed, all)
}
