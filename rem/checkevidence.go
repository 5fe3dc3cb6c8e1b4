package rem

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// judgeEvidence verifies every document by itself: evidence must stand alone
// (EN 319 522-2 §7.1), whatever the signature around it says. The error is the
// context's.
func (v *Verifier) judgeEvidence(ctx context.Context, r *Report) error {
	m := r.message
	r.Evidence = make([]*evidence.Report, len(m.Evidence))
	r.documents = make([]*evidence.Evidence, len(m.Evidence))
	for i := range m.Evidence {
		e := &m.Evidence[i]
		if e.opened == nil {
			continue
		}
		o := &evidence.VerifyOptions{
			Profile: v.opt.Profile, Store: v.store, TSA: v.opt.TimeStamps, At: v.opt.At,
			FirstSeen: v.opt.FirstSeen, CRLs: v.opt.CRLs, OCSP: v.opt.OCSP,
		}
		if v.opt.Now != nil {
			o.Now = v.opt.Now()
		}
		v.consult(o, r, e.opened)
		doc, report, err := e.opened.Verify(ctx, o)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			continue // it was read before; without a report its checks fail
		}
		r.documents[i], r.Evidence[i] = doc, report
		known := len(doc.Findings)
		for j, f := range report.Findings {
			if j >= known { // those of reading are among the message's already
				r.find(f.Code, "evidence "+e.label(i)+": "+f.Detail)
			}
		}
		r.suspect(i, doc)
	}
	return nil
}

// suspect looks for statements that are not the issuer's to make.
func (r *Report) suspect(i int, d *evidence.Evidence) {
	signer := r.signerOf()
	if signer == nil || len(signer.EmailAddresses) == 0 {
		return
	}
	for _, reason := range d.Reasons {
		switch code := reason.Code(); code {
		case "RD03", "RB22": // statements of the sender's own provider (EN 319 532-4 C.4.5.2, C.4.5.3)
			if own, other := domainOf(d.MessageID), domainOf(signer.EmailAddresses[0]); own != "" && other != "" && !sameHouse(own, other) {
				r.find("not-the-senders-provider", fmt.Sprintf("evidence %s: %s is for the sender's provider to state, of %s; it was signed by %s",
					r.message.Evidence[i].label(i), code, own, excerpt(signer.EmailAddresses[0])))
			}
		}
	}
}

// sameHouse tells whether two domains are one, or one is within the other: a service
// that signs as rem-service@alfa.example may make its identifiers in
// rem-service.alfa.example. A top-level domain is nobody's house.
func sameHouse(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) < len(b) {
		a, b = b, a
	}
	return a == b || strings.HasSuffix(a, "."+b) && strings.Contains(b, ".")
}

func domainOf(id string) string {
	_, domain, _ := strings.Cut(bare(id), "@")
	return domain
}

// evidenceChecks are three checks for each document.
func (r *Report) evidenceChecks() []trust.Check {
	m := r.message
	all := make([]trust.Check, 0, 3*len(m.Evidence))
	for i := range m.Evidence {
		report := r.Evidence[i]
		if report == nil {
			why := "evidence " + m.Evidence[i].label(i) + " cannot be read"
			if err := m.Evidence[i].Err; err != nil {
				why += ": " + err.Error()
			}
			all = append(all, trust.Check{Name: trust.CheckEvidenceSignature, Status: trust.Failed, Detail: why})
			continue
		}
		for _, c := range [...]trust.Check{
			r.signedTogether(report), report.Check(trust.CheckEvidenceTimestamp), report.Check(trust.CheckEvidenceProfile),
		} {
			if len(m.Evidence) > 1 {
				c.Detail = "evidence " + m.Evidence[i].label(i) + ": " + c.Detail
			}
			all = append(all, c)
		}
	}
	if m.limited() {
		all = append(all, trust.Check{Name: trust.CheckEvidenceSignature, Status: trust.Unknown,
			Detail: fmt.Sprintf("there is more evidence than the %d documents that are read", m.opt.MaxEvidence)})
	}
	return all
}

// signedTogether is the check evidence-signature: the signature holds, its
// signer is as trusted as the message's, and both are the same service (EN 319
// 532-4 C.2.3.3.2 b.2.3.2). It does not matter here which of the two was made
// first: the sender's service makes both, also of a receipt it forwards.
func (r *Report) signedTogether(e *evidence.Report) trust.Check {
	c := e.Check(trust.CheckEvidenceSignature)
	if c.Status != trust.Passed {
		return c
	}
	if signer := r.signerOf(); signer != nil && !signer.Equal(e.Certificate) {
		c.Status = trust.Failed
		c.Detail = "signed by " + subject(e.Certificate) + ", the message by " + subject(signer) + ": one service signs both with one certificate"
		return c
	}
	for _, name := range [...]string{trust.CheckSignerChain, trust.CheckRevocation} {
		if s := e.Check(name); s.Status == trust.Failed || s.Status == trust.Unknown {
			c.Status, c.Detail = s.Status, name+": "+s.Detail
			return c
		}
	}
	return c
}

func subject(c *x509.Certificate) string {
	if c == nil {
		return "nobody"
	}
	return c.Subject.String()
}
