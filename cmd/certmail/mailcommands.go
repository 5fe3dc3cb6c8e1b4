package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"syscall"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

const sendHelp = `usage: certmail send --config FILE --key KEY --to ADDRESS… [FLAGS]

Sends one certified message, once: it is durable before the first byte goes over the
network, and the same key never sends twice. Prints the state of the submission.

  --key KEY          your own name for the message: an invoice's number, say
  --to, --cc ADDRESS recipients; repeatable
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

const fetchHelp = `usage: certmail fetch --config FILE [--json]

Collects what is new in the mailbox: every message is stored and verified before the
place in the mailbox moves on. Nothing in the mailbox is changed.
` + configHelp

const watchHelp = `usage: certmail watch --config FILE [--after N] [--interval DURATION] [--json]

Collects and sends until interrupted, and prints every event as it is taken in, each
with its number: --after N goes on behind that one.
` + configHelp

const statusHelp = `usage: certmail status --config FILE [KEY…] [--json]

Says what became of the messages with the keys, or of all that need to be looked at:
refused, uncertain, failed, rejected, contradictory and overdue ones.
` + configHelp

// submitted is what "certmail send" says.
type submitted struct {
	Key       string           `json:"key"`
	MessageID string           `json:"message_id"`
	State     store.State      `json:"state"`
	Reply     string           `json:"reply,omitempty"`
	Message   *receipt.Message `json:"message,omitempty"`
}

// configured are the flags that the four commands share.
func (a *app) configured(name, help string, args []string, more func(*flags)) (f *flags, c *mailConfig, files []string, err error) {
	f = newFlags(name, help)
	config := f.String("config", "", "")
	if more != nil {
		more(f)
	}
	if files, err = f.read(args); err != nil {
		return nil, nil, nil, err
	}
	if *config == "" {
		return nil, nil, nil, usagef("%s: --config FILE is missing; see certmail %s --help", name, name)
	}
	c, err = readMailConfig(*config)
	return f, c, files, err
}

// untilInterrupted is the context of commands that talk to servers.
func untilInterrupted() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

func (a *app) send(args []string) (err error) {
	var (
		to, cc, attach                  list
		key, subject, text, receiptForm *string
		wait                            *time.Duration
	)
	f, c, files, err := a.configured("send", sendHelp, args, func(f *flags) {
		f.Var(&to, "to", "")
		f.Var(&cc, "cc", "")
		f.Var(&attach, "attach", "")
		key, subject = f.String("key", "", ""), f.String("subject", "", "")
		text, receiptForm = f.String("text", "", ""), f.String("receipt", "", "")
		wait = f.Duration("wait", 0, "")
	})
	switch {
	case err != nil:
		return err
	case len(files) > 0:
		return usagef("send: %q is no flag; see certmail send --help", files[0])
	case *key == "" || len(to) == 0:
		return usagef("send: --key and --to are wanted; see certmail send --help")
	}
	d := &pec.Draft{To: pec.Addresses(to...), Cc: pec.Addresses(cc...), Subject: *subject, ReceiptType: daticert.ReceiptType(*receiptForm)}
	if *text != "" {
		if d.Text, err = a.textOf(*text); err != nil {
			return err
		}
	}
	for _, name := range attach {
		d.Attachments = append(d.Attachments, pec.FilePath(name, ""))
	}
	ctx, cancel := untilInterrupted()
	defer cancel()
	m, err := a.openMail(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if _, err := m.Send(ctx, *key, d); err != nil {
		return err
	}
	if _, err := m.outbox.Drain(ctx); err != nil {
		return err
	}
	out, good, err := a.await(ctx, m, c.Account, *key, *wait)
	if err != nil {
		return err
	}
	if f.json {
		err = writeJSON(a.stdout, out)
	} else {
		a.printSubmitted(out)
	}
	if err == nil && !good {
		err = errNotGood
	}
	return err
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

// await collects receipts until all is settled or the time is over.
func (a *app) await(ctx context.Context, m *postbox, account, key string, wait time.Duration) (out *submitted, good bool, err error) {
	deadline := time.Now().Add(wait)
	for {
		s, err := m.store.Submission(ctx, account, key)
		if err != nil {
			return nil, false, err
		}
		out = &submitted{Key: key, MessageID: s.Sent.MessageID, State: s.State, Reply: s.Reply}
		good = s.State == store.Sent
		if wait <= 0 || s.State == store.Refused {
			return out, good, nil
		}
		status, err := m.StatusOf(ctx, key)
		if err != nil {
			return nil, false, err
		}
		out.Message = &status
		good = status.Light == receipt.Green
		if status.Settled || time.Now().After(deadline) {
			return out, good, nil
		}
		if _, err := m.Collect(ctx); err != nil {
			return nil, false, err
		}
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (a *app) printSubmitted(s *submitted) {
	fmt.Fprintf(a.stdout, "%s: %s\n", s.Key, s.State)
	if s.Reply != "" {
		fmt.Fprintf(a.stdout, "  %s\n", s.Reply)
	}
	if s.Message != nil {
		for _, r := range s.Message.Recipients {
			fmt.Fprintf(a.stdout, "  %-30s %-12s %s\n", r.Address, r.Status, r.Explanation)
		}
	}
}

func (a *app) fetch(args []string) (err error) {
	f, c, files, err := a.configured("fetch", fetchHelp, args, nil)
	switch {
	case err != nil:
		return err
	case len(files) > 0:
		return usagef("fetch: %q is no flag; see certmail fetch --help", files[0])
	}
	ctx, cancel := untilInterrupted()
	defer cancel()
	m, err := a.openMail(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	got, err := m.Collect(ctx)
	if err != nil {
		return err
	}
	if f.json {
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

func (a *app) watch(args []string) (err error) {
	var after *int64
	var interval *time.Duration
	f, c, files, err := a.configured("watch", watchHelp, args, func(f *flags) {
		after, interval = f.Int64("after", 0, ""), f.Duration("interval", time.Minute, "")
	})
	switch {
	case err != nil:
		return err
	case len(files) > 0:
		return usagef("watch: %q is no flag; see certmail watch --help", files[0])
	}
	ctx, cancel := untilInterrupted()
	defer cancel()
	m, err := a.openMail(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	done := make(chan error, 1)
	go func() {
		done <- m.Run(ctx, *interval, func(err error) bool { a.complain(err); return true })
	}()
	for e, err := range m.Watch(ctx, *after) {
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			cancel()
			<-done
			return err
		}
		w := watched{e.Seq, e.Event.ID(), e.Event.Kind, e.Event.MessageID, e.Event.Recipient, e.Event.Time, e.Event.Issuer, e.Event.Reason.String(), e.Event.Proof.Verdict, e.Event.Proof.SHA256}
		if f.json {
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

func (a *app) status(args []string) (err error) {
	f, c, keys, err := a.configured("status", statusHelp, args, nil)
	if err != nil {
		return err
	}
	ctx, cancel := untilInterrupted()
	defer cancel()
	m, err := a.openMail(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if len(keys) == 0 {
		return a.anomalies(ctx, f, m)
	}
	array := &jsonArray{w: a.stdout}
	for _, key := range keys {
		s, err := m.store.Submission(ctx, c.Account, key)
		if err != nil {
			return err
		}
		status, err := m.StatusOf(ctx, key)
		if err != nil {
			return err
		}
		out := &submitted{Key: key, MessageID: s.Sent.MessageID, State: s.State, Reply: s.Reply, Message: &status}
		if f.json {
			if err := array.add(out); err != nil {
				return err
			}
			continue
		}
		a.printSubmitted(out)
	}
	if !f.json {
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

func (a *app) anomalies(ctx context.Context, f *flags, m *postbox) error {
	array := &jsonArray{w: a.stdout}
	n := 0
	for got, err := range m.Anomalies(ctx) {
		if err != nil {
			return err
		}
		n++
		if f.json {
			if err := array.add(anomaly(got)); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(a.stdout, "%s: %s %s %s\n  %s\n", got.Key, got.State, got.Recipient, got.Status, got.Why)
	}
	if !f.json && n == 0 {
		fmt.Fprintln(a.stdout, "all is well")
	}
	if !f.json {
		return nil
	}
	return array.close()
}
