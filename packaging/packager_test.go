//go:build packages

package packaging_test

// packager is how a distribution installs, verifies, lists and removes.
type packager struct {
	suffix                               string
	install, verify, list, remove, purge []string
	saved                                string // the configuration, after removing
}

// This machine is Debian's, whose packages rpm does not know: it is told not to
// ask for what the package depends on. All else of it is as on other machines.
var packagers = []packager{
	{
		suffix:  "deb",
		install: []string{"apt-get", "install", "-y"},
		verify:  []string{"dpkg", "--verify", "pgmend"},
		list:    []string{"dpkg", "-L", "pgmend"},
		remove:  []string{"apt-get", "remove", "-y", "pgmend"},
		purge:   []string{"apt-get", "purge", "-y", "pgmend"},
		saved:   "/etc/pgmend/config.yaml",
	},
	{
		suffix:  "rpm",
		install: []string{"rpm", "--upgrade", "--nodeps"},
		verify:  []string{"rpm", "--verify", "--nodeps", "pgmend"},
		list:    []string{"rpm", "--query", "--list", "pgmend"},
		remove:  []string{"rpm", "--erase", "pgmend"},
		saved:   "/etc/pgmend/config.yaml.rpmsave",
	},
}
