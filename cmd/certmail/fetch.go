package main

import (
	"context"
	"fmt"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

const fetchHelp = `usage: certmail fetch --config FILE [--to DIR] [--json]

Collects what is new in the mailbox: every message is stored and verified before the
place in the mailbox moves on. Nothing in the mailbox is changed.

  --to DIR   write each message that is collected to this folder as well, byte for byte,
             an .eml file each: "certmail archive make" and the other commands read it
` + configHelp

func (a *app) fetch(args []string) error {
	f := newFlags("fetch", fetchHelp)
	to := f.String("to", "", "")
	return a.withMail(f, args, noFiles, func(ctx context.Context, call *mailCall) error {
		if err := call.keepIn("fetch", *to); err != nil {
			return err
		}
		return a.fetchNow(ctx, call)
	})
}

func (a *app) fetchNow(ctx context.Context, call *mailCall) error {
	got, err := call.Collect(ctx)
	if err != nil {
		return err
	}
	a.warnUnproven(got.Events)
	if call.json {
		return writeJSON(a.stdout, struct {
			Messages   int `json:"messages"`
			Unreadable int `json:"unreadable"`
			Gone       int `json:"gone"`
			Events     int `json:"events"`
			Resolved   int `json:"resolved"`
		}{got.Messages, got.Unreadable, got.Gone, got.New, got.Resolved})
	}
	fmt.Fprintf(a.stdout, "%d messages, %d of them unreadable; %d new events; %d uncertain submissions resolved\n",
		got.Messages, got.Unreadable, got.New, got.Resolved)
	return nil
}

// warnUnproven says that receipts came in that nobody who is believed has signed:
// what is missing in the configuration is missing for the next ones, too.
func (a *app) warnUnproven(events []store.Recorded) {
	n := 0
	for _, e := range events {
		if e.Event.Proof.Verdict == receipt.Indeterminate {
			n++
		}
	}
	if n > 0 {
		a.complain(fmt.Errorf("%d of the new events are not proven: whom to believe is for the configuration to say (ca, builtin_trust, tsl)", n))
	}
}
