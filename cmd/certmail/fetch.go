package main

import (
	"context"
	"fmt"
)

const fetchHelp = `usage: certmail fetch --config FILE [--json]

Collects what is new in the mailbox: every message is stored and verified before the
place in the mailbox moves on. Nothing in the mailbox is changed.
` + configHelp

func (a *app) fetch(args []string) error {
	return a.withMail(newFlags("fetch", fetchHelp), args, noFiles, a.fetchNow)
}

func (a *app) fetchNow(ctx context.Context, call *mailCall) error {
	got, err := call.Collect(ctx)
	if err != nil {
		return err
	}
	if call.json {
		return writeJSON(a.stdout, struct {
			Messages   int `json:"messages"`
			Unreadable int `json:"unreadable"`
			Gone       int `json:"gone"`
			Events     int `json:"events"`
			Resolved   int `json:"resolved"`
		}{got.Messages, got.Unreadable, got.Gone, len(got.Events), got.Resolved})
	}
	fmt.Fprintf(a.stdout, "%d messages, %d of them unreadable; %d new events; %d uncertain submissions resolved\n",
		got.Messages, got.Unreadable, len(got.Events), got.Resolved)
	return nil
}
