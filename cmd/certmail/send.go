package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

const sendHelp = `usage: certmail send --config FILE --key KEY --to ADDRESS… [FLAGS]

Sends one certified message, once: it is durable before the first byte goes over the
network, and the same key never sends twice. Prints the state of the submission.

  --key KEY          your own name for the message: an invoice's number, say. When it
                     was used before, this is said and the message of then is shown;
                     the other flags are not looked at
  --to, --cc ADDRESS recipients, an address each; repeatable
  --subject TEXT
  --text FILE        the readable text, UTF-8; "-" is standard input
  --attach FILE      repeatable
  --receipt FORM     completa, breve or sintetica
  --wait DURATION    wait for the receipts at most that long
  --json
` + configHelp + `
The exit code is 0 when the message was handed over (with --wait: when all recipients
have it), else 1.
`

// submitted is what "certmail send" says.
type submitted struct {
	Key       string           `json:"key"`
	MessageID string           `json:"message_id"`
	State     store.State      `json:"state"`
	Known     bool             `json:"known,omitempty"` // the key was used before
	Reply     string           `json:"reply,omitempty"`
	Message   *receipt.Message `json:"message,omitempty"`
	Files     []writtenFile    `json:"files,omitempty"` // of status --to
}

func (a *app) send(args []string) error {
	f := newFlags("send", sendHelp)
	var to, cc, attach list
	f.Var(&to, "to", "")
	f.Var(&cc, "cc", "")
	f.Var(&attach, "attach", "")
	key, subject := f.String("key", "", ""), f.String("subject", "", "")
	text, form := f.String("text", "", ""), f.String("receipt", "", "")
	wait := f.Duration("wait", 0, "")
	d := new(pec.Draft)
	ready := func(call *mailCall) (err error) {
		if err := noFiles(call); err != nil {
			return err
		}
		if *key == "" || len(to) == 0 {
			return usagef("send: --key and --to are wanted; see certmail send --help")
		}
		d.To, d.Cc = pec.Addresses(to...), pec.Addresses(cc...)
		d.Subject, d.ReceiptType = *subject, daticert.ReceiptType(*form)
		for _, name := range attach {
			d.Attachments = append(d.Attachments, pec.FilePath(name, ""))
		}
		if *text != "" {
			d.Text, err = a.textOf(*text)
		}
		return err
	}
	return a.withMail(f, args, ready, func(ctx context.Context, call *mailCall) error {
		return a.sendNow(ctx, call, *key, d, *wait)
	})
}

func (a *app) sendNow(ctx context.Context, call *mailCall, key string, d *pec.Draft, wait time.Duration) error {
	_, err := call.store.Submission(ctx, call.config.Account, key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	known := err == nil
	if _, err := call.Send(ctx, key, d); err != nil {
		return err
	}
	if _, err := call.outbox.Drain(ctx); err != nil {
		return err
	}
	out, good, err := a.await(ctx, call, key, wait)
	if err != nil {
		return err
	}
	out.Known = known
	if call.json {
		err = writeJSON(a.stdout, out)
	} else {
		a.printSubmitted(out)
	}
	if err == nil && !good {
		err = errNotGood
	}
	return err
}

// warnOf says what should be looked at in a message that was queued.
func (a *app) warnOf(key string, list []pec.Finding) {
	for _, f := range list {
		if f.Code != pec.FindingUser { // of the account, not of the message
			a.complain(fmt.Errorf("%s: %s: %s", key, f.Code, f.Detail))
		}
	}
}

// textOf reads the readable text of a message.
func (a *app) textOf(name string) (string, error) {
	if name == "-" {
		data, err := io.ReadAll(io.LimitReader(a.stdin, maxMaterial+1))
		if err == nil && len(data) > maxMaterial {
			err = usagef("--text -: more than %d bytes", maxMaterial)
		}
		return string(data), err
	}
	data, err := readFile("--text", name)
	return string(data), err
}

// await collects receipts until all is settled or the time is over. A message
// that another process, "certmail watch" say, is handing over is waited for first.
func (a *app) await(ctx context.Context, call *mailCall, key string, wait time.Duration) (out *submitted, good bool, err error) {
	const inHand = time.Minute // how long to wait for another process that has claimed it
	start := time.Now()
	deadline := start.Add(wait)
	for {
		s, err := call.store.Submission(ctx, call.config.Account, key)
		if err != nil {
			return nil, false, err
		}
		out = &submitted{Key: key, MessageID: s.Sent.MessageID, State: s.State, Reply: s.Reply}
		good = s.State == store.Sent
		if s.State == store.Sending && time.Since(start) < inHand {
			if err := pause(ctx, 50*time.Millisecond); err != nil {
				return nil, false, err
			}
			continue
		}
		if wait <= 0 || s.State == store.Refused {
			return out, good, nil
		}
		status, err := call.StatusOf(ctx, key)
		if err != nil {
			return nil, false, err
		}
		out.Message = &status
		good = status.Light == receipt.Green
		if status.Settled || time.Now().After(deadline) {
			return out, good, nil
		}
		if _, err := call.Collect(ctx); err != nil {
			return nil, false, err
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return nil, false, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (a *app) printSubmitted(s *submitted) {
	fmt.Fprintf(a.stdout, "%s: %s\n", s.Key, s.State)
	if s.Known {
		fmt.Fprintln(a.stdout, "  the key was used before: this is the message of then, and nothing else was sent")
	}
	if s.Reply != "" {
		fmt.Fprintf(a.stdout, "  %s\n", s.Reply)
	}
	if s.Message != nil {
		for _, r := range s.Message.Recipients {
			fmt.Fprintf(a.stdout, "  %-30s %-12s %s\n", r.Address, r.Status, r.Explanation)
			if r.Reason != "" {
				fmt.Fprintf(a.stdout, "  %-30s %-12s %s\n", "", "", r.Reason)
			}
		}
	}
	for _, w := range s.Files {
		fmt.Fprintf(a.stdout, "  file %s, %d bytes\n", w.Name, w.Size)
	}
}
