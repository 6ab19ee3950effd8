// Command pgmend is a self-healing daemon for PostgreSQL and its command line.
//
// Here everything is wired: flags, environment and configuration become the
// parts of the flow (log, rules, healer, ledger, report), and what they return
// becomes text and an exit code. Nothing else in the module reads the
// environment.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := Main(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
