// Command summary reads the output of `go test -json` and prints what failed,
// what was skipped and why, how long the packages took, and at the end how
// many tests passed and failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
)

// event is a line of go test -json (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: summary FILE")
		os.Exit(2)
	}
	failed, err := summarise(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if failed > 0 {
		os.Exit(1)
	}
}

func summarise(name string) (failed int, err error) {
	f, err := os.Open(name) //nolint:gosec // the caller names it
	if err != nil {
		return 0, err
	}
	defer f.Close()
	output := make(map[string]*strings.Builder)
	type took struct {
		name    string
		seconds float64
	}
	var packages []took
	passed, skipped := 0, 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // a build error
			continue
		}
		key := e.Package + " " + e.Test
		if output[key] == nil {
			output[key] = new(strings.Builder)
		}
		switch e.Action {
		case "output", "build-output":
			output[key].WriteString(e.Output)
		case "fail":
			// A package fails with its tests; it counts only where none did.
			if e.Test != "" {
				failed++
			} else if !strings.Contains(output[key].String(), "FAIL\t") || strings.Contains(output[key].String(), "[build failed]") {
				failed++
			}
			fmt.Printf("--- FAIL %s\n%s", key, output[key])
		case "skip":
			if e.Test != "" {
				skipped++
				fmt.Printf("--- SKIP %s\n%s", key, output[key])
			}
		case "pass":
			if e.Test != "" {
				passed++
			}
		}
		if e.Test == "" && e.Elapsed > 0 {
			packages = append(packages, took{e.Package, e.Elapsed})
		}
	}
	sort.Slice(packages, func(i, j int) bool { return packages[i].seconds > packages[j].seconds })
	for i, p := range packages {
		if i == 8 {
			break
		}
		fmt.Printf("%7.1f s  %s\n", p.seconds, p.name)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	return failed, lines.Err()
}
