package pectest

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
)

// Branch is one way that the rules foresee for a message.
type Branch struct {
	// ID is B1 to B20, as the Branch of a Step.
	ID string
	// Rule says what happens, Clause where it is written.
	Rule, Clause string
}

// Branches lists the ways that a message can go by the rules. Each is reached
// by one of Scenarios.
func Branches() []Branch {
	return []Branch{
		{"B1", "submission without a valid login: refused", "RFC 6109 §5.2"},
		{"B2", "a formal check fails: non-accettazione", "RFC 6109 §3.1.2"},
		{"B3", "far over the size limit: refused in the SMTP dialogue", "RFC 6109 §3.1.2"},
		{"B4", "virus at the access point: non-accettazione, the message is kept", "RFC 6109 §3.1.3"},
		{"B5", "all checks pass: accettazione and busta di trasporto", "RFC 6109 §3.1.4, §3.1.5"},
		{"B6", "recipient outside the circuit: the envelope goes as ordinary mail", "RFC 6109 §2.2.1"},
		{"B7", "a correct envelope comes in: presa in carico", "RFC 6109 §3.2.1"},
		{"B8", "a correct receipt comes in: passed on untouched", "RFC 6109 §2.2.2"},
		{"B9", "signed by a provider, but no correct form: busta di anomalia", "RFC 6109 §2.2.2"},
		{"B10", "ordinary mail: refused, or busta di anomalia", "RFC 6109 §2.2.2, §3.2.2"},
		{"B11", "virus in a correct envelope: rilevazione virus, the envelope is kept", "RFC 6109 §3.2.3"},
		{"B12", "the sender's provider hears of it: mancata consegna per virus", "RFC 6109 §3.2.4"},
		{"B13", "virus in ordinary mail: discarded", "RFC 6109 §2.2.2"},
		{"B14", "put into the mailbox: avvenuta consegna", "RFC 6109 §3.3.2"},
		{"B15", "cannot be delivered: mancata consegna", "RFC 6109 §3.3.3"},
		{"B16", "an anomaly or receipt cannot be delivered: nothing", "RFC 6109 §2.2.3"},
		{"B17", "nothing heard in 12 hours: first notice", "RFC 6109 §3.1.6"},
		{"B18", "not delivered in 24 hours: second notice", "RFC 6109 §3.1.6"},
		{"B19", "the other provider refuses for good: mancata consegna by the sender's", "RFC 6109 §2.2.2"},
		{"B20", "one provider for both: all messages all the same", "RFC 6109 §3.4"},
	}
}

// Scenarios are ready-made scenarios on the usual network that together reach
// every branch, to try a program against. A copy may be changed.
func Scenarios() []Scenario {
	const (
		anna, bruno, carla = "anna@alfa.example", "bruno@beta.example", "carla@beta.example"
		accepted           = "accettazione"
	)
	to := func(addresses ...string) []Sending { return []Sending{{From: anna, To: addresses}} }
	virus := func() []Sending {
		return []Sending{{From: anna, To: []string{bruno}, Attachments: []pec.File{pec.FileBytes("test.com", "", EICARFile())}}}
	}
	ordinary := func(body string) []Sending {
		return []Sending{{From: "ditta@mail.test", To: []string{bruno}, Outside: true, Raw: ordinaryMail("ditta@mail.test", bruno, body)}}
	}
	closed := DefaultProviders()
	closed[1].RefuseOrdinary = true
	small := DefaultProviders()
	small[0].MaxTotal, small[0].MaxSize = 20_000, 40_000
	careless := DefaultProviders()
	careless[0].Scan = func([]byte) string { return "" }
	return []Scenario{
		{Name: "delivered", Send: to(bruno), Branches: []string{"B5", "B7", "B8", "B14"},
			Want: map[string]string{anna: accepted + " avvenuta-consegna", bruno: "posta-certificata"}},
		{Name: "delivered to two, one in copy, brief receipt", Branches: []string{"B14"},
			Send: []Sending{{From: anna, To: []string{bruno}, Cc: []string{carla}, ReceiptType: daticert.ReceiptBrief,
				Attachments: []pec.File{pec.FileBytes("contratto.pdf", "application/pdf", []byte("%PDF-1.7"))}}},
			Want: map[string]string{anna: accepted + " avvenuta-consegna avvenuta-consegna", bruno: "posta-certificata", carla: "posta-certificata"}},
		{Name: "same provider", Send: to("carla@alfa.example"), Branches: []string{"B20"},
			Want: map[string]string{anna: accepted + " avvenuta-consegna", "carla@alfa.example": "posta-certificata"}},
		{Name: "to ordinary mail", Send: to("ditta@mail.test"), For: 48 * time.Hour, Branches: []string{"B6"},
			Want: map[string]string{anna: accepted, "ditta@mail.test": "posta-certificata"}},
		{Name: "unknown mailbox", Send: to("nessuno@beta.example"), Branches: []string{"B15"},
			Want: map[string]string{anna: accepted + " errore-consegna"}},
		{Name: "mailbox full", Send: to(bruno), Faults: []Fault{{Kind: MailboxFull, Mailbox: bruno}}, Branches: []string{"B15"},
			Want: map[string]string{anna: accepted + " errore-consegna", bruno: ""}},
		{Name: "wrong password", Send: []Sending{{From: anna, To: []string{bruno}, Password: "wrong", Refused: 535}}, Branches: []string{"B1"},
			Want: map[string]string{anna: "", bruno: ""}},
		{Name: "formal error", Branches: []string{"B2"}, Want: map[string]string{anna: "non-accettazione", bruno: ""},
			Send: []Sending{{From: anna, To: []string{bruno}, Raw: ordinaryMail("carla@alfa.example", bruno, "di un altro")}}},
		{Name: "far too large", Network: &NetworkOptions{Providers: small}, Branches: []string{"B3"}, Want: map[string]string{anna: "", bruno: ""},
			Send: []Sending{{From: anna, To: []string{bruno}, Text: strings.Repeat("troppo\n", 9000), Refused: 552}}},
		{Name: "virus at the access point", Send: virus(), Branches: []string{"B4"}, Want: map[string]string{anna: "non-accettazione", bruno: ""}},
		{Name: "virus between providers", Network: &NetworkOptions{Providers: careless}, Send: virus(), Branches: []string{"B11", "B12"},
			Want: map[string]string{anna: accepted + " errore-consegna", bruno: "", "ricevute@pec.gestore-alfa.example": "rilevazione-virus"}},
		{Name: "ordinary mail as anomaly", Send: ordinary("ciao"), Branches: []string{"B10"}, Want: map[string]string{bruno: "anomalia"}},
		{Name: "ordinary mail refused", Network: &NetworkOptions{Providers: closed}, Branches: []string{"B10"}, Want: map[string]string{bruno: ""},
			Send: []Sending{{From: "ditta@mail.test", To: []string{bruno}, Outside: true, Raw: ordinaryMail("ditta@mail.test", bruno, "ciao"), Refused: 554}}},
		{Name: "virus in ordinary mail", Send: ordinary(eicar), Branches: []string{"B13"}, Want: map[string]string{bruno: ""}},
		{Name: "anomaly to a full mailbox", Send: ordinary("ciao"), Faults: []Fault{{Kind: MailboxFull, Mailbox: bruno}}, For: 48 * time.Hour,
			Branches: []string{"B16"}, Want: map[string]string{bruno: ""}},
		{Name: "provider-signed, wrong form", Branches: []string{"B9"}, Want: map[string]string{bruno: "anomalia"},
			Send: []Sending{{From: anna, To: []string{bruno}, Outside: true, Make: wrongForm}}},
		{Name: "late, then delivered", Send: to(bruno), For: 30 * time.Hour, Branches: []string{"B17"},
			Faults: []Fault{{Kind: Unreachable, Provider: "beta.example", Until: 15 * time.Hour}},
			Want:   map[string]string{anna: accepted + " preavviso-errore-consegna avvenuta-consegna", bruno: "posta-certificata"}},
		{Name: "never heard of again", Send: to(bruno), For: 30 * time.Hour, Branches: []string{"B17", "B18"},
			Faults: []Fault{{Kind: Unreachable, Provider: "beta.example"}},
			Want:   map[string]string{anna: accepted + " preavviso-errore-consegna preavviso-errore-consegna", bruno: ""}},
		{Name: "refused by the other provider", Send: to(bruno), Faults: []Fault{{Kind: RefuseTransfer, Provider: "beta.example"}}, Branches: []string{"B19"},
			Want: map[string]string{anna: accepted + " errore-consegna", bruno: ""}},
		{Name: "receipts out of order and twice", Send: to(bruno), Branches: []string{"B8"},
			Faults: []Fault{{Kind: Reorder, Message: pec.KindAcceptance}, {Kind: Duplicate, Message: pec.KindDelivery}},
			Want:   map[string]string{anna: "avvenuta-consegna accettazione avvenuta-consegna", bruno: "posta-certificata"}},
		{Name: "cut behind the final dot", Faults: []Fault{{Kind: CutAfterDot, Times: 1}}, Branches: []string{"B5"},
			Send: []Sending{{From: anna, To: []string{bruno}, Refused: -1}},
			Want: map[string]string{anna: accepted + " avvenuta-consegna", bruno: "posta-certificata"}},
		{Name: "cut before the final dot", Faults: []Fault{{Kind: CutBeforeDot, Times: 1}},
			Send: []Sending{{From: anna, To: []string{bruno}, Refused: -1}}, Want: map[string]string{anna: "", bruno: ""}},
		{Name: "forged delivery receipt", Send: to(bruno), Faults: []Fault{{Kind: WrongSigner, Message: pec.KindDelivery}}, Branches: []string{"B14"},
			Want: map[string]string{anna: accepted + " avvenuta-consegna", bruno: "posta-certificata"}},
	}
}

// ordinaryMail is a small message as a mail program writes it.
func ordinaryMail(from, to, body string) []byte {
	return fmt.Appendf(nil, "From: %s\r\nTo: %s\r\nSubject: Comunicazione\r\nDate: Mon, 02 Mar 2026 09:30:00 +0100\r\nMessage-ID: <1@mail.test>\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n", from, to, body)
}

// wrongForm is a genuine envelope under the marker of another message: the
// outer header is not signed.
func wrongForm(n *Network) ([]byte, error) {
	const from, to = "anna@alfa.example", "bruno@beta.example"
	mail, _, err := n.nodes[0].Envelope(ordinaryMail(from, to, "ciao"), from, []string{to}, n.Now(), n.Providers()...)
	return bytes.Replace(mail, []byte("X-Trasporto: posta-certificata"), []byte("X-Ricevuta: avvenuta-consegna"), 1), err
}
