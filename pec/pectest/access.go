package pectest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// The access point (punto di accesso, RFC 6109 §3.1): where users submit.

// CheckRecipients is what the SMTP dialogue refuses before any message: a
// sender that is not the one logged in, no or too many recipients, a size
// announced that is far too large (RFC 1870). size 0 stands for none.
func (a *Account) CheckRecipients(mailFrom string, recipients int, size int64) error {
	c := &a.of.config
	switch {
	case !receipt.SameAddress(mailFrom, a.Address):
		return &SMTPError{553, "5.7.1", "Sender address rejected: not logged in as " + oneLine(mailFrom)}
	case recipients > c.MaxRecipients:
		return &SMTPError{452, "4.5.3", fmt.Sprintf("Too many recipients, at most %d", c.MaxRecipients)}
	case size > c.MaxSize:
		return &SMTPError{552, "5.3.4", fmt.Sprintf("Message too large: %d bytes, at most %d", size, c.MaxSize)}
	}
	return nil
}

// beforeData is what happens to a submission before its message is there. The
// network's lock is held.
func (of *node) beforeData(a *Account, mailFrom string, recipients []string) error {
	if err := of.dialogue(a, mailFrom, recipients, 0); err != nil {
		return err
	}
	switch {
	case len(recipients) == 0:
		return &SMTPError{503, "5.5.1", "No recipients"}
	case slices.ContainsFunc(recipients, malformed):
		return &SMTPError{501, "5.1.3", "Bad recipient address"}
	case of.net.strikes(CutBeforeDot, occasion{provider: of, mailbox: a.Address}) != nil:
		return fmt.Errorf("pectest: submit: %w before the final dot", ErrCut)
	}
	return nil
}

// dialogue is CheckRecipients with a note of what was refused.
func (of *node) dialogue(a *Account, mailFrom string, recipients []string, size int64) error {
	err := a.CheckRecipients(mailFrom, len(recipients), size)
	if err != nil {
		j := of.net.newJourney(mailFrom, recipients)
		branch := "B1"
		if size > of.config.MaxSize {
			branch = "B3"
		}
		of.net.note(j, Step{Point: AtAccess, Provider: of.Identity.Name, Branch: branch, Detail: err.Error(), Failed: true})
	}
	return err
}

// access takes a submission. The network's lock is held.
func (of *node) access(a *Account, mailFrom string, recipients []string, data []byte) error {
	n := of.net
	where := occasion{provider: of, mailbox: a.Address}
	if err := of.dialogue(a, mailFrom, recipients, int64(len(data))); err != nil {
		return err
	}
	switch {
	case n.strikes(RefuseForNow, where) != nil:
		return &SMTPError{451, "4.3.0", "Try again later"}
	case n.strikes(RefuseForGood, where) != nil:
		return &SMTPError{550, "5.7.1", "Refused by policy"}
	}
	cut := n.strikes(CutAfterDot, where) != nil
	if err := of.submitted(a.Address, recipients, data); err != nil {
		if _, ok := errors.AsType[*SMTPError](err); !ok {
			err = &SMTPError{554, "5.6.0", oneLine(err.Error())}
		}
		return err
	}
	if cut {
		return fmt.Errorf("pectest: submit: %w behind the final dot", ErrCut)
	}
	return nil
}

// malformed tells whether an address is none that an account can have (RFC 5321
// §4.1.2; quoted local parts are left out, as real providers do).
func malformed(address string) bool { return (&pec.Account{Address: address}).Check() != nil }

// submitted accepts a message or refuses it by a notice.
func (of *node) submitted(sender string, recipients []string, data []byte) error {
	n := of.net
	m, err := envelope.OpenBytes(data, nil)
	if err != nil {
		return &SMTPError{554, "5.6.0", "Not a message: " + oneLine(err.Error())}
	}
	j := n.newJourney(sender, recipients)
	j.MessageID = daticert.TrimMessageID(m.Header.Get("Message-ID"))
	j.Subject = m.Header.Text("Subject")
	j.Identifier = of.NewIdentifier(n.now())
	of.record(LogEntry{Identifier: j.Identifier, Sender: sender, Recipients: recipients, Subject: j.Subject, Event: "submission", Provider: of.Identity.Name})

	problem, err := of.formalProblem(m, sender, recipients)
	if err != nil {
		return &SMTPError{554, "5.6.0", oneLine(err.Error())}
	}
	if problem != "" {
		n.note(j, Step{Point: AtAccess, Provider: of.Identity.Name, Branch: "B2", Detail: problem, Failed: true})
		return of.refuse(j, data, receipt.FormNonAcceptance, problem)
	}
	if virus := of.config.Scan(data); virus != "" {
		of.keepInfected(j.Identifier, virus, data)
		n.note(j, Step{Point: AtAccess, Provider: of.Identity.Name, Branch: "B4", Detail: "virus " + virus, Failed: true})
		return of.refuse(j, data, receipt.FormNonAcceptanceVirus, virus)
	}
	return of.accept(j, data)
}

// formal names the formal checks of the access point (RFC 6109 §3.1.1) by the
// rule of pec.Preflight that is the same check seen from the other side.
var formal = map[string]string{
	"SND-02": "F3", // MAIL FROM is not the From address
	"SND-03": "F1", // From does not hold one address
	"SND-04": "F2", // no address in To
	"SND-05": "F4", // RCPT TO is not To and Cc
	"SND-06": "F5", // blind copies
	"SND-07": "F6", // size × recipients
}

// formalProblem describes what breaks the formal checks, "" for nothing.
func (of *node) formalProblem(m *envelope.Message, sender string, recipients []string) (string, error) {
	_, err := pec.Preflight(m, sender, recipients, &pec.Account{
		Address: sender, Host: "localhost", Port: 465, Security: pec.ImplicitTLS, Limits: pec.Limits{MaxLoad: of.config.MaxTotal},
	})
	violations := pec.Violations(err)
	if err != nil && len(violations) == 0 {
		return "", err
	}
	var problems []string
	for _, v := range violations {
		if id := formal[v.Rule]; id != "" {
			problems = append(problems, id+": "+v.Err.Error()+": "+v.Detail)
		}
	}
	return oneLine(strings.Join(problems, "; ")), nil
}

// refuse answers with a notice of non-acceptance (avviso di non accettazione,
// RFC 6109 §3.1.2, §3.1.3).
func (of *node) refuse(j *Journey, data []byte, form receipt.Form, detail string) error {
	t := of.transactionOf(j, data)
	of.net.begin(j, false, t)
	n := receipt.Notice{Detail: detail}
	if form == receipt.FormNonAcceptanceVirus {
		n.Detail = of.errorDetail("5.5.1", "presenza di un virus nel messaggio: "+detail)
	}
	return of.issueTo(j, AtAccess, "", t, form, n, t.Sender)
}

// transactionOf describes a submitted message for which there is no envelope.
func (of *node) transactionOf(j *Journey, data []byte) *receipt.Transaction {
	t := &receipt.Transaction{Sender: j.Sender, Subject: j.Subject, Identifier: j.Identifier, MessageID: j.MessageID}
	if m, err := envelope.OpenBytes(data, nil); err == nil {
		t.HasSubject = m.Header.Has("Subject")
	}
	for _, r := range j.Recipients {
		t.Recipients = append(t.Recipients, receipt.TransactionRecipient{Address: r, Type: of.net.recipientType(r)})
	}
	markCopies(t, data)
	return t
}

// recipientType follows the provider directory (RFC 6109 §2.2.1).
func (n *Network) recipientType(address string) daticert.RecipientType {
	if n.managing(address) != nil {
		return daticert.RecipientCertified
	}
	return daticert.RecipientExternal
}

// accept writes the envelope and the acceptance, and sends both on their way.
func (of *node) accept(j *Journey, data []byte) error {
	n := of.net
	known := make([]*Provider, len(n.nodes))
	for i, other := range n.nodes {
		known[i] = other.Provider
	}
	mail, t, err := of.envelope(data, j.Sender, j.Recipients, n.now(), j.Identifier, known)
	if err != nil {
		return &SMTPError{554, "5.6.0", oneLine(err.Error())}
	}
	n.note(j, Step{Point: AtAccess, Provider: of.Identity.Name, Branch: "B5", Kind: pec.KindOrdinary, Issued: pec.KindTransport, Detail: "accepted"})
	t.MessageID = j.MessageID // also where the provider leaves msgid out
	n.begin(j, true, t)
	of.watch(j, t)
	if err := of.issueTo(j, AtAccess, "B5", t, receipt.FormAcceptance, receipt.Notice{}, t.Sender); err != nil {
		return err
	}
	mail, spoiled := n.spoil(of, pec.KindTransport, "", mail, func(s *Provider) ([]byte, error) {
		again, _, err := s.envelope(data, j.Sender, j.Recipients, n.now(), j.Identifier, known)
		return again, err
	})
	of.record(LogEntry{Identifier: j.Identifier, Sender: j.Sender, Recipients: j.Recipients, Subject: j.Subject, Event: "envelope",
		Related: []string{j.Identifier}, Provider: of.Identity.Name})
	of.route(&parcel{journey: j, kind: pec.KindTransport, from: j.Sender, to: j.Recipients, data: mail, by: of, transaction: t, spoiled: spoiled})
	return nil
}

// oneLine makes text fit for a reply and a notice.
func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
