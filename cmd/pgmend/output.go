package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/pgmend/pgmend/healer/report"
)

// output is how data goes to stdout.
func (a *app) output() (report.Options, error) {
	f, err := report.ParseFormat(a.flags.output)
	if err != nil {
		return report.Options{}, usagef("%v", err)
	}
	o := a.look(a.stdout)
	o.Format = f
	return o, nil
}

// look is how a stream is written to: with colour and to the terminal's
// width where it is one. See no-color.org and bixense.com/clicolors.
func (a *app) look(w io.Writer) report.Options {
	o := report.Options{Width: columns(w)}
	switch force := a.env("CLICOLOR_FORCE"); {
	case a.env("NO_COLOR") != "":
	case force != "" && force != "0":
		o.Colour = true
	default:
		o.Colour = terminal(w) && a.env("TERM") != "dumb"
	}
	return o
}

// terminal reports whether a stream is a terminal.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // descriptors are small
}

func columns(stream any) int {
	f, ok := stream.(*os.File)
	if !ok {
		return 0
	}
	w, _, err := term.GetSize(int(f.Fd())) //nolint:gosec // descriptors are small
	if err != nil {
		return 0
	}
	return w
}
