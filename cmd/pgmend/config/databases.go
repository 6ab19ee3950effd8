package config

import (
	"slices"
	"strings"

	"github.com/pgmend/pgmend/rules"
)

// excludes begins a pattern of databases that are left alone.
const excludes = "!"

// Chosen reports whether the server has to be asked which databases a list
// means: it is empty, or has a pattern.
func Chosen(list []string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, pattern)
}

func pattern(s string) bool { return strings.HasPrefix(s, excludes) || strings.ContainsAny(s, "*?") }

// Choose picks from the databases there are: those that a name or a pattern
// matches, or all where every entry excludes, but for those that are
// excluded. Missing are names that no database has.
func Choose(list, all []string) (chosen, missing []string) {
	var with, without []string
	for _, s := range list {
		if bare, no := strings.CutPrefix(s, excludes); no {
			without = append(without, bare)
			continue
		}
		with = append(with, s)
		if !pattern(s) && !slices.Contains(all, s) {
			missing = append(missing, s)
		}
	}
	if len(with) == 0 {
		with = []string{"*"}
	}
	matches := func(globs []string, name string) bool {
		return slices.ContainsFunc(globs, func(glob string) bool { return glob == name || glob == "*" || rules.MatchGlob(glob, name) })
	}
	for _, name := range all {
		if matches(with, name) && !matches(without, name) {
			chosen = append(chosen, name)
		}
	}
	return chosen, missing
}
