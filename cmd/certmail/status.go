package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

const statusHelp = `usage: certmail status --config FILE [--json] [KEY…] [--anew] [--to DIR]

Says what became of the messages with the keys, or of all that need to be looked at:
refused, uncertain, failed, rejected, contradictory and overdue ones. Nothing goes over
the network: fetch collects what is new.

  --anew     judge everything that came about the messages with the keys again, by what
             the configuration says now; what is stored stays as it was judged
  --to DIR   write the messages with the keys and everything that came about them to
             this folder, byte for byte, an .eml file each: "certmail verify" and
             "certmail archive make" read it

The exit code is 0 also where a message failed: read the status. It is 1 for a key that
was never used.
` + configHelp

func (a *app) status(args []string) error {
	f := newFlags("status", statusHelp)
	to, anew := f.String("to", "", ""), f.Bool("anew", false, "")
	ready := func(call *mailCall) error {
		if (*to != "" || *anew) && len(call.args) == 0 {
			return usagef("status: --to and --anew want the keys of the messages; see certmail status --help")
		}
		return nil
	}
	return a.withMail(f, args, ready, func(ctx context.Context, call *mailCall) error {
		return a.statusOf(ctx, call, *to, *anew)
	})
}

func (a *app) statusOf(ctx context.Context, call *mailCall, to string, anew bool) error {
	if len(call.args) == 0 {
		return a.anomalies(ctx, call)
	}
	array := &jsonArray{w: a.stdout}
	for _, key := range call.args {
		s, err := call.store.Submission(ctx, call.config.Account, key)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("status: nothing was sent under the key %q", key)
		}
		if err != nil {
			return err
		}
		look := call.StatusOf
		if anew {
			look = call.StatusAnew
		}
		status, err := look(ctx, key)
		if err != nil {
			return err
		}
		out := &submitted{Key: key, MessageID: s.Sent.MessageID, State: s.State, Reply: s.Reply, Message: &status}
		if to != "" {
			if out.Files, err = call.writeAll(ctx, &s, to); err != nil {
				return err
			}
		}
		if call.json {
			if err := array.add(out); err != nil {
				return err
			}
			continue
		}
		a.printSubmitted(out)
	}
	if !call.json {
		return nil
	}
	return array.close()
}

// anomaly is a row of "certmail status --json" without keys.
type anomaly struct {
	Key       string         `json:"key"`
	MessageID string         `json:"message_id"`
	State     store.State    `json:"state"`
	Recipient string         `json:"recipient,omitempty"`
	Status    receipt.Status `json:"status,omitempty"`
	Why       string         `json:"why"`
}

func (a *app) anomalies(ctx context.Context, call *mailCall) error {
	array := &jsonArray{w: a.stdout}
	n := 0
	for got, err := range call.Anomalies(ctx) {
		if err != nil {
			return err
		}
		n++
		if call.json {
			if err := array.add(anomaly(got)); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(a.stdout, "%s: %s %s %s\n  %s\n", got.Key, got.State, got.Recipient, got.Status, got.Why)
	}
	if !call.json && n == 0 {
		fmt.Fprintln(a.stdout, "all is well")
	}
	if !call.json {
		return nil
	}
	return array.close()
}
