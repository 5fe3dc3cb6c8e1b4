package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/receipt"
)

const watchHelp = `usage: certmail watch --config FILE [--after N] [--interval DURATION] [--to DIR]
                      [--json]

Collects and sends until interrupted, and prints every event as it is taken in, each
with its number: --after N goes on behind that one. --to DIR writes each message that
is collected to this folder as well, byte for byte.
` + configHelp

// watched is a line of "certmail watch --json".
type watched struct {
	Seq       int64             `json:"seq"`
	ID        string            `json:"id"`
	Event     receipt.EventKind `json:"event"`
	MessageID string            `json:"message_id"`
	Recipient string            `json:"recipient,omitempty"`
	Time      time.Time         `json:"time"`
	Issuer    string            `json:"issuer"`
	Reason    string            `json:"reason,omitempty"`
	Verdict   receipt.Verdict   `json:"verdict"`
	SHA256    receipt.Digest    `json:"sha256"`
}

func (a *app) watch(args []string) error {
	f := newFlags("watch", watchHelp)
	after, interval := f.Int64("after", 0, ""), f.Duration("interval", time.Minute, "")
	to := f.String("to", "", "")
	return a.withMail(f, args, noFiles, func(ctx context.Context, call *mailCall) error {
		if err := call.keepIn("watch", *to); err != nil {
			return err
		}
		return a.watchFrom(ctx, call, *after, *interval)
	})
}

func (a *app) watchFrom(ctx context.Context, call *mailCall, after int64, interval time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- call.Run(ctx, interval, func(err error) bool { a.complain(err); return true })
	}()
	for e, err := range call.Watch(ctx, after) {
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			cancel()
			<-done
			return err
		}
		w := watched{e.Seq, e.Event.ID(), e.Event.Kind, e.Event.MessageID, e.Event.Recipient, e.Event.Time, e.Event.Issuer, e.Event.Reason.String(), e.Event.Proof.Verdict, e.Event.Proof.SHA256}
		if call.json {
			err = writeJSON(a.stdout, w)
		} else {
			_, err = fmt.Fprintf(a.stdout, "%d %s %s %s %s (%s) %s\n", w.Seq, w.Time.Format(time.RFC3339), w.Event, w.MessageID, w.Recipient, w.Verdict, w.Reason)
		}
		if err == nil {
			err = a.stdout.Flush()
		}
		if err != nil {
			cancel()
			<-done
			return err
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
