// Command summary reads the output of `go test -json` and prints what failed,
// what was skipped and why, how long the packages took, and at the end how
// many tests passed and failed.
package main

import (
	"fmt"
	"sort"
	"strings"

	"github.com/pgmend/pgmend/scripts/testlog"
)

func main() { testlog.Main("summary", summarise) }

func summarise(name string) (failed int, err error) {
	type took struct {
		name    string
		seconds float64
	}
	var packages []took
	passed, skipped := 0, 0
	err = testlog.Read(name, func(e testlog.Event, printed string) error {
		key := e.Package + " " + e.Test
		switch e.Action {
		case "fail":
			// A package fails with its tests; it counts only where none did.
			if e.Test != "" {
				failed++
			} else if !strings.Contains(printed, "FAIL\t") || strings.Contains(printed, "[build failed]") {
				failed++
			}
			fmt.Printf("--- FAIL %s\n%s", key, printed)
		case "skip":
			if e.Test != "" {
				skipped++
				fmt.Printf("--- SKIP %s\n%s", key, printed)
			}
		case "pass":
			if e.Test != "" {
				passed++
			}
		}
		if e.Test == "" && e.Elapsed > 0 {
			packages = append(packages, took{e.Package, e.Elapsed})
		}
		return nil
	})
	sort.Slice(packages, func(i, j int) bool { return packages[i].seconds > packages[j].seconds })
	for i, p := range packages {
		if i == 8 {
			break
		}
		fmt.Printf("%7.1f s  %s\n", p.seconds, p.name)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	return failed, err
}
