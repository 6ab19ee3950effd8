package main

import (
	"errors"
	"fmt"
	"os/user"

	"github.com/pgmend/pgmend/healer"
)

// The exit codes, a contract with scripts.
const (
	exitOK       = 0
	exitError1   = 1 // usage, configuration, own error
	exitConnect  = 2
	exitFailed   = 3 // a repair failed
	exitRefused  = 4 // by policy or a guard
	exitFindings = 5 // with --detailed-exitcode
)

// exitError ends the program with a code; without an error it says nothing,
// because the output said it all.
type exitError struct {
	code int
	err  error
}

// Error implements error.
func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns the error that decided the code.
func (e *exitError) Unwrap() error { return e.err }

// usagef is a mistake in how pgmend was called.
func usagef(format string, args ...any) error {
	return &exitError{code: exitError1, err: fmt.Errorf(format, args...)}
}

// exitCode is what an error ends the program with.
func exitCode(err error) int {
	var exit *exitError
	var refused *healer.Refusal
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &refused):
		return exitRefused
	case healer.IsConnection(err):
		return exitConnect
	}
	return exitError1
}

// actor names the person, for the ledger.
func actor() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%s (%s)", u.Username, u.Uid)
}
