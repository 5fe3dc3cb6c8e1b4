package rem

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/evidence"
)

// meanings says what each event is to the ledger (EN 319 522-1 §6.2, EN 319
// 532-4 C.4.5). Events about the whole message have no recipient; the others
// make one event for each recipient that the evidence speaks for.
var meanings = [...]struct {
	event evidence.Event
	kind  receipt.EventKind
	whole bool
}{
	{evidence.SubmissionAcceptance, receipt.EventAccepted, true},              // A.1
	{evidence.SubmissionRejection, receipt.EventNotAccepted, true},            // A.2
	{evidence.RelayAcceptance, receipt.EventTakenInCharge, false},             // B.1
	{evidence.RelayRejection, receipt.EventRelayRejected, false},              // B.2
	{evidence.RelayFailure, receipt.EventNotDelivered, false},                 // B.3
	{evidence.NotificationForAcceptance, receipt.EventNotified, false},        // C.1
	{evidence.NotificationForAcceptanceFailure, receipt.EventNotified, false}, // C.2: C.5 or D.2 follows
	{evidence.ConsignmentAcceptance, receipt.EventNotified, false},            // C.3: D.1 or D.2 follows
	{evidence.ConsignmentRejection, receipt.EventNotDelivered, false},         // C.4
	{evidence.AcceptanceRejectionExpiry, receipt.EventNotDelivered, false},    // C.5
	{evidence.ContentConsignment, receipt.EventDelivered, false},              // D.1
	{evidence.ContentConsignmentFailure, receipt.EventNotDelivered, false},    // D.2
	{evidence.ConsignmentNotification, receipt.EventNotified, false},          // D.3: about D.1
	{evidence.ConsignmentNotificationFailure, receipt.EventNotified, false},   // D.4: about D.1
	{evidence.ContentHandover, receipt.EventDelivered, false},                 // E.1
	{evidence.ContentHandoverFailure, receipt.EventNotHandedOver, false},      // E.2: a D.1 before it stands
	{evidence.RelayToNonERDS, receipt.EventLeftNetwork, false},                // F.1
	{evidence.RelayToNonERDSFailure, receipt.EventNotDelivered, false},        // F.2
}

// EventsOf returns what evidence says as events for a receipt.Ledger, with the
// given proof: one for a submission, else one for each recipient it speaks for.
// Evidence that should name a recipient and does not gives one event without.
// A submission also says for which recipients there is no trusted service: for
// them nothing more is to be expected, except under REM-Policy-IT, which has
// evidence of the relay to ordinary mail.
func EventsOf(d *evidence.Evidence, p receipt.Proof) []receipt.Event {
	i := slices.IndexFunc(meanings[:], func(m struct {
		event evidence.Event
		kind  receipt.EventKind
		whole bool
	}) bool {
		return m.event == d.Event
	})
	if i < 0 {
		return nil // ReceivedFromNonERDS is about mail that we did not send
	}
	e := receipt.Event{
		System: receipt.REM, Kind: meanings[i].kind, Identifier: bare(d.MessageID), Sender: address(&d.Sender), Subject: d.Subject(),
		Time: d.Time.UTC, Issuer: d.Issuer.LegalName(), Reason: ReasonOf(d), Proof: p,
	}
	if silence(d) {
		e.Kind = receipt.EventTimedOut
	}
	if d.Content != nil {
		e.MessageID = bare(d.Content.AppLayerIdentifier)
	}
	for i := range d.Recipients {
		e.Recipients = append(e.Recipients, receipt.Recipient{Address: address(&d.Recipients[i])})
	}
	if meanings[i].whole {
		return append([]receipt.Event{e}, untrusted(d, e)...)
	}
	var all []receipt.Event
	for _, n := range d.SpeaksFor() {
		e.Recipient = e.Recipients[n-1].Address
		all = append(all, e)
	}
	if all == nil {
		all = []receipt.Event{e}
	}
	return all
}

// silence tells whether the sender's provider says no more than that it heard
// nothing in time (RB22, RD03; EN 319 532-4 C.4.5.2, C.4.5.3): a consignment that
// is attested later stands, as with the avviso di mancata consegna per
// superamento dei tempi massimi of PEC.
func silence(d *evidence.Evidence) bool {
	return (d.Event == evidence.RelayFailure || d.Event == evidence.ContentConsignmentFailure) && len(d.Reasons) > 0 &&
		!slices.ContainsFunc(d.Reasons, func(r evidence.Reason) bool { return r.Code() != "RB22" && r.Code() != "RD03" })
}

// untrusted are the events of the recipients that no trusted service serves.
func untrusted(d *evidence.Evidence, e receipt.Event) (all []receipt.Event) {
	if d.Event != evidence.SubmissionAcceptance || slices.ContainsFunc(d.Policies, italian) {
		return nil
	}
	e.Kind = receipt.EventUntrusted
	for _, n := range d.Untrusted() {
		if n >= 1 && n <= len(e.Recipients) {
			e.Recipient = e.Recipients[n-1].Address
			all = append(all, e)
		}
	}
	return all
}

// Events are what the message says happened, for a receipt.Ledger, each with
// its proof: this message, under the given name, verified as far as the report
// says. Messages that are no receipts have no events: a dispatch may carry our
// own message back to us. The error is that of reading the message's bytes.
func (r *Report) Events(name string) ([]receipt.Event, error) {
	m := r.message
	if m == nil || m.originals > 0 || len(m.Evidence) == 0 {
		return nil, nil
	}
	proof, err := r.Proof(name)
	if err != nil {
		return nil, err
	}
	var all []receipt.Event
	for _, d := range r.documents {
		if d == nil {
			continue
		}
		events := EventsOf(d, proof)
		if d.Content == nil || d.Content.AppLayerIdentifier == "" {
			for j := range events {
				events[j].Reference = bare(m.Envelope.Header.Get(headerUserAgentID))
			}
		}
		all = append(all, events...)
	}
	return all, nil
}

// EventsFor is Report.Events for a caller who has the sent copies at hand.
// Evidence has the digest of the message as the service rewrote it, not as it
// was sent; the rewriting is done again with each copy (see Prepare), and where
// the digest is that of the evidence, the ledger learns from Proof.Body that the
// receipt is about that very content. A digest that fits no copy proves
// nothing: a service may have changed more.
//
// copies gives the copies of the message that m.RefMessageID names, as they were
// submitted. The error is that of reading one of the messages, or what copies
// gives.
func (r *Report) EventsFor(name string, copies iter.Seq2[*io.SectionReader, error]) ([]receipt.Event, error) {
	events, err := r.Events(name)
	if err != nil || len(events) == 0 {
		return events, err
	}
	d := r.main()
	part := originalPart(d)
	if part == nil || part.DigestMethod != evidence.DigestSHA256 {
		return events, nil
	}
	for sent, err := range copies {
		if err != nil {
			return nil, fmt.Errorf("rem: sent copy: %w", err)
		}
		p, err := Prepare(sent, bare(d.MessageID), &r.message.opt.Envelope)
		if err != nil || !bytes.Equal(p.Digest, part.Digest) {
			continue // not what was dispatched, or not any more
		}
		body, err := receipt.BodyDigest(io.NewSectionReader(sent, 0, sent.Size()))
		if err != nil {
			return nil, fmt.Errorf("rem: sent copy: %w", err)
		}
		for i := range events {
			events[i].Proof.Body = body
		}
		break
	}
	return events, nil
}

// Proof describes the message as a proof, under the given name.
func (r *Report) Proof(name string) (receipt.Proof, error) {
	proof := receipt.Proof{Name: name, Kind: string(r.Kind), Verdict: proofVerdict(r.Verdict)}
	if r.message == nil {
		return proof, nil
	}
	sum, err := digest(r.message.Envelope.Source())
	proof.SHA256 = sum
	return proof, err
}
