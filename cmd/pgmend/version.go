package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/rules"
)

// release is a package's version, set by the linker where one is made.
var release string

// version is the package's or else the module's, as the go command recorded
// it at the build.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.stdout, "pgmend %s, %s %s/%s, PostgreSQL %d to %d\n",
				version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, rules.MinMajor, rules.MaxMajor)
			return err
		},
	}
}
