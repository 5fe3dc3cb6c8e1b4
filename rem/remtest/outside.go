package remtest

import (
	"bytes"
	"net/mail"
	"slices"
	"strings"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/rem/evidence"
)

// Ordinary mail, out and in (EN 319 532-4 §C.4.5.4; REM-Policy-IT, outflow and
// inflow).

// leave sends the dispatch to ordinary mailboxes, by domain.
func (of *node) leave(c *charge, numbers []int) {
	groups := map[string][]int{}
	var order []string
	for _, i := range numbers {
		d := domainOf(c.t.address(i))
		if groups[d] == nil {
			order = append(order, d)
		}
		groups[d] = append(groups[d], i)
	}
	for _, d := range order {
		of.leaveTo(c, "mx."+d, groups[d], 0)
	}
}

func (of *node) leaveTo(c *charge, host string, numbers []int, tries int) {
	n := of.net
	to := c.t.addresses(numbers)
	code := n.reason(AtOutside, occasion{kind: KindDispatch, provider: of, mailboxes: to})
	if of.config.KeepInside {
		code = "RF51"
	}
	if code == "RF02" && tries < int(n.opt.Policy.RelayWait/n.opt.Policy.RetryEvery) {
		n.later(n.opt.Policy.RetryEvery, func() { of.leaveTo(c, host, numbers, tries+1) })
		return
	}
	if code == "" {
		for _, address := range to {
			of.file(n.addMailbox(address, nil), &parcel{journey: c.journey, kind: KindDispatch, event: evidence.SubmissionAcceptance, to: []string{address}, data: c.dispatch, by: of,
				about: []string{address}, spoiled: c.spoiled})
		}
	}
	for _, i := range numbers {
		c.state(i).closed = true
	}
	if of.config.Profile != Italian {
		if code != "" {
			of.note(c.journey, Step{Point: AtOutside, Kind: KindDispatch, Recipients: to, Detail: "not delivered: " + code, Failed: true})
		}
		return
	}
	f := &Fact{Event: evidence.RelayToNonERDS, Reason: "RF01", Recipients: numbers, Other: host}
	if code != "" {
		f.Event, f.Reason = evidence.RelayToNonERDSFailure, code
	}
	_ = of.tell(c, f, AtOutside)
}

// ordinary takes mail that no provider of REM sent: refused, or put into a
// dispatch that says so.
func (of *node) ordinary(p *parcel) error {
	n := of.net
	m, err := envelope.OpenBytes(p.data, nil)
	if err != nil || m.Header.Len() == 0 {
		return &SMTPError{554, "5.6.0", "Not a message"}
	}
	j := n.newJourney(p.from, p.to)
	j.MessageID, j.Subject = strings.Trim(strings.TrimSpace(m.Header.Get("Message-ID")), "<>"), m.Header.Text("Subject")
	if of.config.RefuseOrdinary || of.config.Profile == Baseline {
		of.note(j, Step{Point: AtReception, Kind: KindOrdinary, Recipients: p.to, Detail: "ordinary mail: refused", Failed: true})
		return &SMTPError{554, "5.7.1", "Ordinary mail is not accepted here"}
	}
	if found := of.config.Scan(p.data); found != "" {
		of.note(j, Step{Point: AtReception, Kind: KindOrdinary, Recipients: p.to, Detail: "malware " + found + ": discarded", Failed: true})
		return nil
	}
	t := &transaction{identifier: of.newID("D"), userAgent: strings.TrimSpace(m.Header.Get("Message-ID")), subject: j.Subject, sender: mail.Address{Address: p.from}}
	if from, err := mail.ParseAddress(m.Header.Get("From")); err == nil {
		t.sender = *from
	}
	for _, r := range p.to {
		t.recipients = append(t.recipients, party{Address: mail.Address{Address: r}})
	}
	j.Identifier = t.identifier
	if t.digest, err = n.make.prepare(t, p.data); err != nil {
		return &SMTPError{554, "5.6.0", oneLine(err.Error())}
	}
	c := of.newCharge(t, j, nil)
	received := "from " + domainOf(t.sender.Address) + " by " + of.mx() + " with ESMTP; " + n.Now().Format("Mon, 02 Jan 2006 15:04:05 -0700")
	f := &Fact{Event: evidence.ReceivedFromNonERDS, Reason: "RF04", Other: received}
	if err := of.attest(c, f, AtReception); err != nil {
		return &SMTPError{451, "4.3.0", oneLine(err.Error())}
	}
	d := &draft{kind: KindDispatch, t: t, facts: []*Fact{f}, documents: [][]byte{n.documents[f.ID]}, submitted: p.data, id: t.identifier, fromOrdinary: true}
	data, spoiled, err := of.write(d, p.to)
	if err != nil {
		return &SMTPError{451, "4.3.0", oneLine(err.Error())}
	}
	for _, r := range slices.Clone(p.to) {
		n.after(n.opt.Hop, func() {
			if !of.holds(r) {
				of.note(j, Step{Point: AtConsignment, Kind: KindDispatch, Recipients: []string{r}, Detail: "no such mailbox", Failed: true})
				return
			}
			of.file(n.mailboxes[fold(r)], &parcel{journey: j, kind: KindDispatch, event: evidence.ReceivedFromNonERDS, to: []string{r}, data: data, by: of, about: []string{r}, spoiled: spoiled})
		})
	}
	return nil
}

// EICAR looks for the harmless test virus of that name, as it is, and returns
// "EICAR" or "".
func EICAR(message []byte) string {
	if bytes.Contains(message, EICARFile()) {
		return "EICAR"
	}
	return ""
}

// EICARFile is the content of the test virus file. It is written in two pieces
// so that no scanner takes this source for it.
func EICARFile() []byte {
	return []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`)
}
