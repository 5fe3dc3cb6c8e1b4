package main

import (
	"errors"
	"flag"
	"io"
	"strings"
	"time"
)

// flags are the flags of one command. They may stand before, between and
// after its files; "--" ends them.
type flags struct {
	*flag.FlagSet
	help string
	json bool
}

func newFlags(name, help string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), help: help}
	f.SetOutput(io.Discard)
	f.BoolVar(&f.json, "json", false, "")
	return f
}

// read reads the flags and returns the files.
func (f *flags) read(args []string) (files []string, err error) {
	for {
		// What follows "--" is files. It is looked for here because the flag
		// package does not tell where it stopped.
		if len(args) > 0 && args[0] == "--" {
			return append(files, args[1:]...), nil
		}
		if len(args) > 0 && !isFlag(args[0]) {
			files, args = append(files, args[0]), args[1:]
			continue
		}
		if len(args) == 0 {
			return files, nil
		}
		rest, err := f.one(args)
		if err != nil {
			return nil, err
		}
		args = rest
	}
}

func isFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

// one reads the flag at the beginning of args.
func (f *flags) one(args []string) ([]string, error) {
	n := 1
	name, _, hasValue := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
	if def := f.Lookup(name); def != nil && !hasValue && !isBool(def) {
		n = min(2, len(args))
	}
	err := f.Parse(args[:n])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, &helpError{f.help}
	case err != nil:
		return nil, usagef("%s: %v; see certmail %s --help", f.Name(), err, f.Name())
	}
	return args[n:], nil
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

func (l *list) Set(value string) error {
	if value == "" {
		return errors.New("a value is missing")
	}
	*l = append(*l, value)
	return nil
}

// moment is a flag that takes a time.
type moment struct{ time.Time }

func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}

func (m *moment) Set(value string) error {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil || t.IsZero() {
		return errors.New("want a time as in RFC 3339, 2018-12-08T12:26:18+01:00")
	}
	m.Time = t
	return nil
}
