package disposable

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"os/exec"
)

// Binaries are the programs of one PostgreSQL version.
type Binaries struct {
	Dir     string // holds postgres and initdb
	Major   int
	Version string // "15.18"
}

// ErrNone says that this machine has no server binaries.
var ErrNone = errors.New("no PostgreSQL server binaries are found; on Debian and Ubuntu, apt install postgresql brings them")

// places are where distributions put the binaries, and where
// scripts/ensure-postgres.sh puts those it fetches as root.
var places = [...]string{"/usr/lib/postgresql/*/bin", "/var/cache/pgmend/pg/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql@*/bin"}

var versionForm = regexp.MustCompile(`\(PostgreSQL\) (\d+)(?:\.\d+)?`)

// Installed lists what this machine has, one for each major version, oldest
// first. Globs of further folders are looked at first.
func Installed(globs ...string) []Binaries {
	var found []Binaries
	for _, glob := range append(slices.Clone(globs), places[:]...) {
		dirs, err := filepath.Glob(glob)
		if err != nil {
			continue
		}
		for _, dir := range dirs {
			b, err := look(dir)
			if err == nil && !slices.ContainsFunc(found, func(o Binaries) bool { return o.Major == b.Major }) {
				found = append(found, b)
			}
		}
	}
	slices.SortFunc(found, func(a, b Binaries) int { return a.Major - b.Major })
	return found
}

// Newest returns the newest version that pgmend is tested with.
func Newest(tested int, globs ...string) (Binaries, error) {
	for _, b := range slices.Backward(Installed(globs...)) {
		if b.Major <= tested {
			return b, nil
		}
	}
	return Binaries{}, ErrNone
}

func look(dir string) (Binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, err
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec // a program of the distribution
	if err != nil {
		return Binaries{}, err
	}
	m := versionForm.FindSubmatch(out)
	if m == nil {
		return Binaries{}, errors.New("not a PostgreSQL server: " + string(out))
	}
	major, err := strconv.Atoi(string(m[1]))
	return Binaries{Dir: dir, Major: major, Version: string(m[0][len("(PostgreSQL) "):])}, err
}
