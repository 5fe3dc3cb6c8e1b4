package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

func roundTripOfSubmissions(t *testing.T, o Opened) {
	plain := message("plain")
	bare := store.Submission{Account: account, Key: "bare", Sent: receipt.Sent{MessageID: "bare", SHA256: digest("bare")}}
	var stored []store.Submission
	for _, m := range []store.Submission{plain, bare} {
		got := put(t, o, m)
		want := m
		want.State, want.Order, want.Enqueued, want.Changed = store.Queued, got.Order, noon, noon
		equal(t, m.Key, got, want)
		stored = append(stored, got)
	}
	s := o.reopened(t)
	list, err := s.Submissions(t.Context(), store.Filter{})
	must(t, err)
	equal(t, "stored", list, stored)
}

// full is an event with something in every field.
func full() receipt.Event {
	return receipt.Event{
		System: receipt.REM, Kind: receipt.EventNotDelivered, MessageID: "m1", Reference: "r1", Identifier: "opec1.20260302120000.1.1.1@pec.example",
		Recipient: "Rossi@pec.example", Recipients: []receipt.Recipient{{Address: "Rossi@pec.example", Type: "certificato"}, {Address: "b@x.example", Type: "esterno"}, {}},
		Sender: account, Subject: "Fattura n. 7 – è così", Time: noon, Issuer: "GESTORE S.p.A.",
		Reason:      receipt.Reason{Value: "altro", Code: "5.2.2", Provider: "P", Text: "casella\r\npiena", Category: receipt.MailboxFull},
		ReceiptType: "breve",
		Proof:       receipt.Proof{Name: "a/b.eml", Kind: "errore-consegna", SHA256: digest("p"), Content: digest("c"), Body: digest("b"), Verdict: receipt.Indeterminate},
	}
}

func roundTripOfEvents(t *testing.T, o Opened) {
	list := []receipt.Event{full(), {}}
	for _, verdict := range []receipt.Verdict{receipt.Unverified, receipt.Indeterminate, receipt.Valid, receipt.Invalid, 200} {
		e := event(verdict.String(), fmt.Sprint(verdict, uint8(verdict)))
		e.Proof.Verdict = verdict
		list = append(list, e)
	}
	got := gather(t, o, batch("", "1", collected("1", list...)))
	s := o.reopened(t)
	stored := all(t, s, "", 100)
	equal(t, "events", stored, got)
	for i := range list {
		equal(t, "event", stored[i].Event, list[i])
		equal(t, "id", stored[i].Event.ID(), list[i].ID())
	}
	var unread []store.Collected
	for i, verdict := range []receipt.Verdict{receipt.Unverified, receipt.Indeterminate, receipt.Valid, receipt.Invalid, 200} {
		unread = append(unread, store.Collected{ID: transport.ID(fmt.Sprint(i)), SHA256: digest(fmt.Sprint("unread", i)), Size: 1 << 40, Kind: "kind", Verdict: verdict, Finding: "finding"})
	}
	gather(t, s, batch("1", "2", unread...))
	got2, err := s.Unreadable(t.Context(), account)
	must(t, err)
	equal(t, "unreadable", got2, unread)
}

func roundTripOfTimes(t *testing.T, o Opened) {
	rome := time.FixedZone("CEST", 2*3600)
	for i, when := range []time.Time{
		{}, noon, time.Unix(0, 0), time.Unix(0, -1), time.Date(1500, 1, 1, 0, 0, 0, 1, time.UTC),
		time.Date(2026, 7, 1, 23, 59, 59, 999999999, rome), time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	} {
		m := message(fmt.Sprint("k", i))
		m.NotBefore = when
		stored, _, err := o.Enqueue(t.Context(), m, when)
		must(t, err)
		for _, s := range []store.Submission{stored, get(t, o, m.Key)} {
			equal(t, "NotBefore", s.NotBefore, when.UTC())
			equal(t, "Enqueued", s.Enqueued, when.UTC())
			equal(t, "Changed", s.Changed, when.UTC())
		}
		b := batch("", "1", collected(m.Key, event(m.Key, "a@x.example")))
		b.Folder, b.At = m.Key, when
		b.Messages[0].Events[0].Time = when
		want := gather(t, o, b)[0]
		equal(t, "At", want.At, when.UTC())
		equal(t, "time", want.Event.Time, when.UTC())
		got, err := o.Events(t.Context(), account, want.Seq-1, 1)
		must(t, err)
		equal(t, "event", got[0], want)
	}
	// The times of mail may be any.
	var list []receipt.Event
	for i, year := range []int{-1, 10000, 292277026596, -292277022399} {
		e := event(fmt.Sprint("y", i), "a@x.example")
		e.Time = time.Date(year, 1, 2, 3, 4, 5, 6, time.UTC)
		list = append(list, e)
	}
	b := batch("", "1", collected("years", list...))
	b.Folder = "years"
	for i, r := range gather(t, o, b) {
		equal(t, "a year", r.Event, list[i])
		got, err := o.Events(t.Context(), account, r.Seq-1, 1)
		must(t, err)
		equal(t, "a year, stored", got, []store.Recorded{r})
	}
}

// odd are strings that databases or their drivers trip over.
var odd = []string{
	"\x00", "a\x00b", "\xff\xfe", "a\xc3", "\xed\xa0\x80", "\ufffd", "\\", `\x00`, `\\x41`, "'", `"; DROP TABLE x; --`, "%_", "$1 ?1 :a @b",
	"\r\n\t", " a ", "è", "e\u0300", "İı", "\U0001f4ec", "\u202e", "\x7f\x1b", "NULL", "{a,b}", "\ufeff",
}

func unusualStrings(t *testing.T, o Opened) {
	var list []receipt.Event
	b := batch("", "1\x00\xff\\")
	b.Account, b.Folder = "a\x00\xff\\", "f\x00\xff\\"
	for i, text := range odd {
		m := message(text)
		m.Account, m.Sent.MessageID, m.Sent.Name, m.Sent.Sender = text, "x"+text+"x", text, text
		m.Sent.Recipients[1].Address = text
		stored := put(t, o, m)
		c := claim("w"+text, 1)
		c.Account = text
		claimed, err := o.Claim(t.Context(), c)
		must(t, err)
		equal(t, "claimed", len(claimed), 1)
		equal(t, "worker", claimed[0].Worker, "w"+text)
		must(t, o.Settle(t.Context(), text, text, "w"+text, store.Result{State: store.Sent, Reply: text, At: noon}))
		want := stored
		want.State, want.Attempts, want.Reply, want.Sent.Time = store.Sent, 1, text, noon
		got, err := o.ByMessageID(t.Context(), text, "x"+text+"x")
		must(t, err)
		equal(t, "submission", got, want)

		e := full()
		e.System, e.Kind, e.MessageID, e.Reference, e.Identifier = receipt.System(text), receipt.EventKind(text), "m"+text, "r"+text, "i"+text
		e.Recipient, e.Sender, e.Subject, e.Issuer, e.ReceiptType = text, text, text, text, text
		e.Recipients[0] = receipt.Recipient{Address: text, Type: text}
		e.Reason = receipt.Reason{Value: text, Code: text, Provider: text, Text: text, Category: receipt.Category(text)}
		e.Proof.Name, e.Proof.Kind, e.Proof.SHA256 = text, text, digest(text)
		list = append(list, e)
		b.Messages = append(b.Messages, store.Collected{
			ID: transport.ID(text), SHA256: digest(text), Kind: text, Finding: "f" + text, Events: list[i : i+1],
		}, store.Collected{ID: transport.ID(text), Kind: text, Finding: "g" + text})
	}
	recorded := gather(t, o, b)
	s := o.reopened(t)
	equal(t, "events", all(t, s, b.Account, 1000), recorded)
	c, err := s.Cursor(t.Context(), b.Account, b.Folder)
	must(t, err)
	equal(t, "cursor", c, b.Cursor)
	unread, err := s.Unreadable(t.Context(), b.Account)
	must(t, err)
	equal(t, "unreadable", len(unread), len(b.Messages))
	for i := range unread {
		b.Messages[i].Events = nil
		equal(t, "unreadable", unread[i], b.Messages[i])
	}
	for i, text := range odd {
		equal(t, "event", recorded[i].Event, list[i])
		for _, id := range []string{"m" + text, "r" + text} {
			about, err := s.EventsAbout(t.Context(), b.Account, id)
			must(t, err)
			equal(t, "events about "+id, about, recorded[i:i+1])
		}
	}
}

// largeStrings: mail of any size is stored whole.
func largeStrings(t *testing.T, o Opened) {
	large := strings.Repeat("0123456789abcdef", 1<<16)
	m := message(strings.Repeat("\xff", store.MaxName))
	m.Account = strings.Repeat("\x00", store.MaxName)
	m.Sent.Subject, m.Sent.MessageID = large, large
	stored := put(t, o, m)
	twin := m
	twin.Key, twin.Sent.MessageID = "twin", large+"!"
	put(t, o, twin) // differs at its very end
	twin.Key = "triplet"
	_, _, err := o.Enqueue(t.Context(), twin, noon)
	fails(t, err, store.ErrMessageID)

	e, other := full(), full()
	e.MessageID, e.Reference, e.Identifier, e.Subject, e.Recipient = large, large, large, large, large
	other.MessageID, other.Reference, other.Identifier = large+"?", "", large+"?"
	b := batch("", large, collected("1", e, other), store.Collected{ID: transport.ID(large), Kind: large, Finding: large})
	b.Folder = strings.Repeat("\\", store.MaxName)
	recorded := gather(t, o, b)
	equal(t, "recorded", len(recorded), 2)

	s := o.reopened(t)
	got, err := s.ByMessageID(t.Context(), m.Account, large)
	must(t, err)
	equal(t, "submission", got, stored)
	got, err = s.ByMessageID(t.Context(), m.Account, large+"!")
	must(t, err)
	equal(t, "twin", got.Key, "twin")
	about, err := s.EventsAbout(t.Context(), account, large)
	must(t, err)
	equal(t, "events", about, recorded[:1])
	c, err := s.Cursor(t.Context(), account, b.Folder)
	must(t, err)
	equal(t, "cursor", c, b.Cursor)
	unread, err := s.Unreadable(t.Context(), account)
	must(t, err)
	equal(t, "unreadable", unread, b.Messages[1:])
}

// nothingIsShared: what a caller changes afterwards is not stored.
func nothingIsShared(t *testing.T, o Opened) {
	m, e := message("k"), full()
	stored := put(t, o, m)
	recorded := gather(t, o, batch("", "1", collected("1", e)))
	m.Sent.Recipients[0].Address, stored.Sent.Recipients[1].Address = "changed", "changed"
	e.Recipients[0].Address, recorded[0].Event.Recipients[1].Address = "changed", "changed"
	get(t, o, "k").Sent.Recipients[0].Address = "changed"
	all(t, o, "", 1)[0].Event.Recipients[0].Address = "changed"
	equal(t, "recipients", get(t, o, "k").Sent.Recipients, message("k").Sent.Recipients)
	equal(t, "recipients", all(t, o, "", 1)[0].Event.Recipients, full().Recipients)
}

// calls are all methods.
func calls(o store.Store, ctx func() context.Context) map[string]func() error {
	return map[string]func() error{
		"Enqueue":    func() error { _, _, err := o.Enqueue(ctx(), message("new"), noon); return err },
		"EnqueueAll": func() error { _, err := o.EnqueueAll(ctx(), []store.Submission{message("new")}, noon); return err },
		"SettleAll": func() error {
			_, err := o.SettleAll(ctx(), "w", []store.Settlement{settlement("k", store.Sent)})
			return err
		},
		"Claim":       func() error { _, err := o.Claim(ctx(), claim("w", 1)); return err },
		"Settle":      func() error { return o.Settle(ctx(), account, "k", "w", store.Result{State: store.Sent, At: noon}) },
		"Renew":       func() error { _, err := o.Renew(ctx(), "w", noon); return err },
		"Expire":      func() error { _, err := o.Expire(ctx(), noon); return err },
		"Decide":      func() error { return o.Decide(ctx(), account, "k", store.Queued, store.Cancelled, "", noon) },
		"Submission":  func() error { _, err := o.Submission(ctx(), account, "k"); return err },
		"ByMessageID": func() error { _, err := o.ByMessageID(ctx(), account, "k"); return err },
		"Submissions": func() error { _, err := o.Submissions(ctx(), store.Filter{}); return err },
		"Cursor":      func() error { _, err := o.Cursor(ctx(), account, folder); return err },
		"Collect":     func() error { _, err := o.Collect(ctx(), batch("", "1")); return err },
		"Unreadable":  func() error { _, err := o.Unreadable(ctx(), account); return err },
		"Events":      func() error { _, err := o.Events(ctx(), account, 0, 1); return err },
		"EventsAbout": func() error { _, err := o.EventsAbout(ctx(), account, "k"); return err },
	}
}

func cancelled(t *testing.T, o Opened) {
	want := put(t, o, message("k"))
	for name, call := range calls(o, ended) {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want context.Canceled", name, err)
		}
	}
	equal(t, "unchanged", get(t, o, "k"), want)
	equal(t, "cursor", cursor(t, o), "")
	list, err := o.Submissions(t.Context(), store.Filter{})
	must(t, err)
	equal(t, "submissions", len(list), 1)
}

func closed(t *testing.T, o Opened) {
	put(t, o, message("k"))
	must(t, o.Close())
	for name, call := range calls(o, t.Context) {
		if err := call(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: error %v, want ErrClosed", name, err)
		}
	}
	must(t, o.Close())
}
