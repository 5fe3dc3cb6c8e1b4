package pec

import (
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/receipt"
)

// carriesBrief reports whether the message is a brief delivery receipt (ricevuta
// breve di avvenuta consegna) with its shortened original.
func (m *Message) carriesBrief() bool {
	return m.Kind == KindDelivery && m.Envelope.Original != nil && m.Data != nil && strings.EqualFold(string(m.Data.ReceiptType), string(daticert.ReceiptBrief))
}

// EventsFor is Report.Events for a caller who has the sent copies at hand: the
// original inside a brief delivery receipt (RFC 6109 §3.3.2.2), whose digest
// tells nothing, is compared with them by receipt.VerifyBrief, and the ledger
// learns the outcome from Proof.Body.
//
// copies gives the copies of the message that m.RefMessageID names, as they were
// submitted. It is not asked for any other kind of message, which makes it the
// place to open files; each copy is read before the next one is asked for. The
// error is that of reading one of the messages, or what copies gives.
func (r *Report) EventsFor(name string, copies iter.Seq2[*io.SectionReader, error]) ([]receipt.Event, error) {
	events, err := r.Events(name)
	if err != nil || len(events) == 0 || !r.message.carriesBrief() {
		return events, err
	}
	body, err := r.message.briefBody(copies)
	if err != nil {
		return nil, err
	}
	for i := range events {
		events[i].Proof.Body = body
	}
	return events, nil
}

// briefBody returns the digest of the copy that the brief original is of, else
// its own; zero where there is no copy.
func (m *Message) briefBody(copies iter.Seq2[*io.SectionReader, error]) (none receipt.Digest, err error) {
	var brief *Original
	for sent, err := range copies {
		if err != nil {
			return none, fmt.Errorf("pec: sent copy: %w", err)
		}
		if brief == nil {
			if brief, err = m.Original(); err != nil {
				return none, err
			}
			defer brief.Close()
		}
		report, err := receipt.VerifyBrief(brief.Source(), sent, &m.opt.Envelope)
		if err != nil {
			return none, fmt.Errorf("pec: %w", err)
		}
		if report.OK() {
			return receipt.BodyDigest(io.NewSectionReader(sent, 0, sent.Size()))
		}
	}
	if brief == nil {
		return none, nil
	}
	return receipt.BodyDigest(brief.Source())
}
