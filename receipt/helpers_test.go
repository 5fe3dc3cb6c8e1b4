package receipt

import (
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
)

const (
	anna   = "anna@alfa.example"
	bruno  = "bruno@beta.example"
	carla  = "carla@beta.example"
	dario  = "dario@mail.example"
	client = "7f3c@pc.alfa.example"
	pecID  = "pec1.20260303101532.00042.1@gestore-a.example"
)

var rome = time.FixedZone("", 3600)

// start is when the message of the tests was submitted.
var start = time.Date(2026, 3, 3, 10, 15, 30, 0, rome)

func after(d time.Duration) time.Time { return start.Add(d) }

// data returns certification data about the message of the tests.
func data(tipo daticert.Type, at time.Time, edit func(*daticert.Data)) *daticert.Data {
	d := &daticert.Data{
		Type: tipo, Error: daticert.ErrorNone, Sender: anna, ReplyTo: anna, Subject: "Contratto n. 7", HasSubject: true,
		Recipients: []daticert.Recipient{{Address: bruno, Type: daticert.RecipientCertified}},
		Provider:   "Gestore Beta S.r.l.", Date: daticert.NewDate(at), Identifier: pecID, MessageID: "<" + client + ">",
	}
	if edit != nil {
		edit(d)
	}
	return d
}

// proof returns a proof of its own for a name.
func proof(name string, v Verdict) Proof {
	return Proof{Name: name, SHA256: sha256.Sum256([]byte(name)), Verdict: v}
}

// events reads certification data as the events of a message called name.
func events(t testing.TB, d *daticert.Data, name string, v Verdict) []Event {
	t.Helper()
	r, err := FromData(d, Header{})
	require.NoError(t, err)
	return Events(r, proof(name, v))
}

func to(address string) func(*daticert.Data) {
	return func(d *daticert.Data) { d.Deliveries = []string{address} }
}

// failure is a non-delivery or notice about one recipient.
func failure(address string, kind daticert.ErrorKind, detail string) func(*daticert.Data) {
	return func(d *daticert.Data) {
		d.Deliveries, d.Error, d.ErrorDetail = []string{address}, kind, detail
	}
}

func sent(recipients ...string) Sent {
	s := Sent{MessageID: "<" + client + ">", Sender: anna, Subject: "Contratto n. 7", Time: start}
	for _, r := range recipients {
		s.Recipients = append(s.Recipients, SentRecipient{Address: r})
	}
	return s
}

func people(addresses ...string) func(*daticert.Data) {
	return func(d *daticert.Data) {
		d.Recipients = nil
		for _, a := range addresses {
			kind := daticert.RecipientCertified
			if a == dario {
				kind = daticert.RecipientExternal
			}
			d.Recipients = append(d.Recipients, daticert.Recipient{Address: a, Type: kind})
		}
	}
}

func both(edits ...func(*daticert.Data)) func(*daticert.Data) {
	return func(d *daticert.Data) {
		for _, edit := range edits {
			edit(d)
		}
	}
}

// ledger is a ledger with a submission, when s is not nil, and events.
func ledger(s *Sent, lists ...[]Event) *Ledger {
	l := NewLedger(nil)
	if s != nil {
		l.AddSent(*s)
	}
	for _, list := range lists {
		l.Add(list...)
	}
	return l
}

// only returns the one message of a ledger.
func only(t testing.TB, l *Ledger, now time.Time) Message {
	t.Helper()
	report := l.Snapshot(now)
	require.Len(t, report.Messages, 1)
	return report.Messages[0]
}

func statuses(m Message) map[string]Status {
	out := map[string]Status{}
	for _, r := range m.Recipients {
		out[r.Address] = r.Status
	}
	return out
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return string(b)
}
