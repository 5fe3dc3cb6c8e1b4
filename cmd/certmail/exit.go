package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/certmail/certmail/cmd/certmail/internal/folder"
)

// The exit codes.
const (
	exitGood    = 0
	exitNotGood = 1 // something checked did not hold, or a message could not be read
	exitUsage   = 2 // wrong usage, or a file named on the command line cannot be opened
)

// errNotGood ends a command whose output already says what is not good.
var errNotGood = errors.New("something did not hold")

// usageError is a mistake in the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// helpError ends a command that was asked for its help.
type helpError struct{ text string }

func (e *helpError) Error() string { return e.text }

// exitCode says on standard error what there is to say, and returns the code.
func (a *app) exitCode(err error) int {
	var help *helpError
	var usage *usageError
	var open *folder.OpenError
	switch {
	case err == nil:
		return exitGood
	case errors.As(err, &help):
		fmt.Fprint(a.stdout, help.text)
		return exitGood
	case errors.Is(err, errNotGood):
		return exitNotGood
	case errors.As(err, &usage), errors.As(err, &open):
		a.complain(err)
		return exitUsage
	}
	a.complain(err)
	return exitNotGood
}

// complain writes an error to standard error, a line for each one joined in it.
func (a *app) complain(err error) {
	for line := range strings.Lines(strings.TrimRight(err.Error(), "\n")) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			fmt.Fprintln(a.stderr)
			continue
		}
		fmt.Fprintln(a.stderr, "certmail: "+plain(line))
	}
}
