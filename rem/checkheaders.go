package rem

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// headerCheck compares the outer header, which nobody signs, with what is
// signed. The evidence wins; a header that says something else fails.
type headerCheck struct {
	r    *Report
	c    trust.Check
	have counts
}

func (k *headerCheck) fail(code, detail string) {
	k.r.find(code, detail)
	k.failQuietly(detail)
}

func (k *headerCheck) failQuietly(detail string) {
	if k.c.Status != trust.Failed {
		k.c.Status, k.c.Detail = trust.Failed, detail
	}
}

func (r *Report) checkHeaders(from envelope.Mailbox) trust.Check {
	m := r.message
	k := &headerCheck{r: r, c: trust.Check{Name: trust.CheckHeaders, Status: trust.Passed}}
	for _, f := range m.Envelope.Findings {
		switch f.Code {
		case "duplicate-header", "conflicting-markers", "duplicate-content-type", "duplicate-parameter":
			k.failQuietly(f.Detail)
		}
	}
	if m.Envelope.Class.Kind != envelope.KindOrdinary {
		k.fail("conflicting-markers", "the header has the marks of PEC, too")
	}
	k.have = countHeaders(m.Envelope.Header)
	for i := range headerTable {
		if row := &headerTable[i]; k.have[i] > 1 && singular(row) {
			k.fail("duplicate-header", row.name+" stands more than once at the top level")
		}
	}
	if m.contradiction != "" {
		k.failQuietly(m.contradiction)
	}
	if m.HeadersMissing && k.c.Status != trust.Failed {
		k.c.Status, k.c.Detail = trust.Unknown, "no "+headerMessageType+": the kind is that of the parts"
	}
	if d := r.main(); d != nil {
		k.compare(d, from)
	} else {
		k.compareOriginal()
	}
	k.soften()
	return k.c
}

// compare makes the comparisons that fail the check (EN 319 532-4 §5.4.1).
func (k *headerCheck) compare(d *evidence.Evidence, from envelope.Mailbox) {
	m := k.r.message
	h := m.Envelope.Header
	differ := func(code, name, certified string, same func(value string) bool) {
		if v := h.Get(name); v != "" && !same(v) {
			k.fail(code, name+" "+excerpt(v)+" is not that of the evidence, "+excerpt(certified))
		}
	}
	differ("event-mismatch", headerEvent, d.EventID, func(v string) bool { return v == d.EventID })
	differ("evidence-id-mismatch", headerEvidenceID, d.ID, func(v string) bool { return sameID(v, d.ID) })
	if got := h.Values(headerReason); len(got) > 0 && !slices.EqualFunc(got, d.Reasons, func(v string, r evidence.Reason) bool { return v == r.URI }) {
		k.fail("reason-mismatch", headerReason+" "+excerpt(strings.Join(got, ", "))+" is not what the evidence gives as its reasons")
	}
	if d.Content != nil && d.Content.AppLayerIdentifier != "" {
		id := d.Content.AppLayerIdentifier
		differ("ua-id-mismatch", headerUserAgentID, id, func(v string) bool { return sameID(v, id) })
	}
	if p := originalPart(d); p != nil {
		differ("digest-algorithm-mismatch", headerDigestAlgorithm, p.DigestMethod, func(v string) bool { return v == p.DigestMethod })
		want := base64.StdEncoding.EncodeToString(p.Digest)
		differ("digest-mismatch", headerDigestValue, want, func(v string) bool { return strings.Join(strings.Fields(v), "") == want })
	}
	if sender := d.Sender.Address(); sender != "" {
		differ("sender-mismatch", headerSender, sender, func(v string) bool {
			a, err := envelope.ParseMailbox(v)
			return err == nil && receipt.SameAddress(a.Address, sender)
		})
		if name := behalfOf(from.Name); name != "" && !receipt.SameAddress(name, sender) {
			k.fail("display-name-mismatch", "From speaks for "+excerpt(name)+", the sender is "+sender)
		}
	}
	if m.Original != nil {
		differ("identifier-mismatch", "Message-ID", d.MessageID, func(v string) bool { return sameID(v, d.MessageID) })
	}
}

// compareOriginal compares the header of a payload, which has no evidence, with
// that of the original under the signature.
func (k *headerCheck) compareOriginal() {
	m := k.r.message
	if m.Original == nil {
		return
	}
	o, err := m.originalHeader()
	if err != nil {
		return // original-digest says so
	}
	h := m.Envelope.Header
	if id, own := h.Get("Message-ID"), bare(o.Get("Message-ID")); id != "" && own != "" && !sameID(id, own) {
		k.fail("identifier-mismatch", "Message-ID "+excerpt(id)+" is not that of the original, "+excerpt(own))
	}
	author, err := o.Author()
	if v := h.Get(headerSender); v != "" && err == nil {
		if a, err := envelope.ParseMailbox(v); err != nil || !receipt.SameAddress(a.Address, author.Address) {
			k.fail("sender-mismatch", headerSender+" "+excerpt(v)+" is not who the original is from, "+excerpt(author.Address))
		}
	}
}

// sameID compares ids with or without angle brackets. One that is not ASCII may
// have become an encoded word in the header (RFC 2047).
func sameID(header, certified string) bool {
	header, certified = bare(header), bare(certified)
	return header == certified || bare(envelope.DecodeText(header)) == certified
}

// behalfOf takes the address out of the display name "On behalf of: …".
func behalfOf(name string) string {
	const claim = "on behalf of:"
	if len(name) < len(claim) || !strings.EqualFold(name[:len(claim)], claim) {
		return ""
	}
	return strings.TrimSpace(name[len(claim):])
}

// soften reports what may differ without harm: what programs on the way change,
// and what table C.26 has otherwise (the official examples too).
func (k *headerCheck) soften() {
	m := k.r.message
	h := m.Envelope.Header
	d := k.r.main()
	acceptance := d != nil && d.Event == evidence.SubmissionAcceptance
	for _, dev := range deviations(&k.have, m.Kind, acceptance) {
		k.r.find("header-profile", fmt.Sprintf("%s stands %d times, EN 319 532-4 table C.26 has %s", dev.name, dev.got, dev.want))
	}
	if v := h.Get(headerVersion); v != "" && !validVersion(v) {
		k.r.find("header-profile", headerVersion+" "+excerpt(v)+" is no edition of EN 319 532-3")
	}
	if d != nil && d.Subject() != "" && h.Has("Subject") && !sameSubject(withoutPrefix(h.Text("Subject")), d.Subject()) {
		k.r.find("subject-mismatch", "Subject "+excerpt(h.Text("Subject"))+" is not "+excerpt(d.Subject()))
	}
	if m.Original == nil {
		return
	}
	o, err := m.originalHeader()
	if err != nil {
		return
	}
	for _, name := range [...]string{"To", "Cc"} {
		if a, b := h.Addresses(name), o.Addresses(name); !slices.EqualFunc(a, b, receipt.SameAddress) && len(a)+len(b) > 0 {
			k.r.find("recipients-mismatch", name+" is not that of the original")
		}
	}
	if a, b := h.Addresses("Reply-To"), o.Addresses("From"); len(a) > 0 && !slices.EqualFunc(a, b, receipt.SameAddress) {
		k.r.find("reply-to-mismatch", "Reply-To is not who the original is from")
	}
	if d != nil {
		k.compareIDs(o, d)
	}
}

// compareIDs compares the ids inside the original with the evidence: AgID's own
// examples have another domain there.
func (k *headerCheck) compareIDs(o *envelope.Header, d *evidence.Evidence) {
	if id := bare(o.Get("Message-ID")); id != bare(d.MessageID) {
		k.r.find("original-id-mismatch", "Message-ID of the original "+excerpt(id)+" is not MessageIdentifier "+excerpt(d.MessageID))
	}
	if d.Content == nil || d.Content.AppLayerIdentifier == "" {
		return
	}
	if id := o.Get(headerUserAgentID); id != "" && !sameID(id, d.Content.AppLayerIdentifier) {
		k.r.find("original-ua-id-mismatch", headerUserAgentID+" of the original "+excerpt(id)+" is not AppLayerIdentifier "+excerpt(d.Content.AppLayerIdentifier))
	}
}

// sameSubject compares subjects but for white space.
func sameSubject(a, b string) bool {
	return a == b && !strings.Contains(b, "=?") || strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(envelope.DecodeText(b)), " ")
}
