package main

import (
	"context"
	"fmt"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

const statusHelp = `usage: certmail status --config FILE [KEY…] [--json]

Says what became of the messages with the keys, or of all that need to be looked at:
refused, uncertain, failed, rejected, contradictory and overdue ones.
` + configHelp

func (a *app) status(args []string) error {
	return a.withMail(newFlags("status", statusHelp), args, nil, a.statusOf)
}

func (a *app) statusOf(ctx context.Context, call *mailCall) error {
	if len(call.args) == 0 {
		return a.anomalies(ctx, call)
	}
	array := &jsonArray{w: a.stdout}
	for _, key := range call.args {
		s, err := call.store.Submission(ctx, call.config.Account, key)
		if err != nil {
			return err
		}
		status, err := call.StatusOf(ctx, key)
		if err != nil {
			return err
		}
		out := &submitted{Key: key, MessageID: s.Sent.MessageID, State: s.State, Reply: s.Reply, Message: &status}
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
