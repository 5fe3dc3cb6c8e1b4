package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// mailCall is a call of one of the commands that work with a mailbox.
type mailCall struct {
	*flags
	*postbox
	config *mailConfig
	args   []string // that are no flags
}

// withMail reads the flags and the configuration of a command, opens the
// mailbox, and closes it when do is done. The context ends when the program is
// interrupted. ready may be nil; it looks at the flags before anything is
// opened.
func (a *app) withMail(f *flags, args []string, ready func(*mailCall) error, do func(context.Context, *mailCall) error) (err error) {
	config := f.String("config", "", "")
	call := &mailCall{flags: f}
	if call.args, err = f.read(args); err != nil {
		return err
	}
	if *config == "" {
		return usagef("%s: --config FILE is missing; see certmail %s --help", f.Name(), f.Name())
	}
	if call.config, err = readMailConfig(*config); err != nil {
		return err
	}
	if ready != nil {
		if err := ready(call); err != nil {
			return err
		}
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if call.postbox, err = a.openMail(ctx, call.config); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, call.Close()) }()
	return do(ctx, call)
}

// noFiles refuses arguments that are no flags.
func noFiles(call *mailCall) error {
	if len(call.args) > 0 {
		return usagef("%s: %q is no flag; see certmail %s --help", call.Name(), call.args[0], call.Name())
	}
	return nil
}
