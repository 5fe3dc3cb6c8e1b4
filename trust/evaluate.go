package trust

import (
	"crypto/x509"
	"time"
)

// Query asks about one signer. The bytes are only read, and not kept beyond
// what the cache clones.
type Query struct {
	// Leaf is the DER certificate of the signer; empty when the message does
	// not carry it.
	Leaf []byte
	// Parsed may be what Store.Certificate returned for Leaf, which saves
	// reading it again; it is ignored when its bytes are others.
	Parsed *x509.Certificate
	// Bag are the other certificates of the message (the leaf may be among
	// them). They help to build a path and are never believed.
	Bag [][]byte
	// Purpose is what the certificate must be good for: ForMail when not set.
	// Give time-stamping authorities a Store of their own, lest their anchors
	// be believed about mail too, and the other way round.
	Purpose Purpose
	// From is the addr-spec of the message's only author. An empty one leaves
	// signer-address unknown.
	From string
	// At is the time to judge at, normally that of the certified event. Now is
	// the present, for the second judgement; zero leaves that out.
	At, Now time.Time
	// FirstSeen, when not zero, is a time at which the message provably
	// existed already (the moment it was archived): it decides about
	// certificates revoked after At.
	FirstSeen time.Time
	// CRLs and OCSP are revocation data that came with the message, beside
	// those of the Store. What cannot be read is a finding.
	CRLs, OCSP [][]byte
}

// Signer is what a Store says about a signer.
type Signer struct {
	// Certificate is shared with the store's cache: do not modify it. It is
	// nil when missing or unreadable.
	Certificate *x509.Certificate
	// SHA256 is the fingerprint of the certificate, KeySHA256 of its public
	// key (SubjectPublicKeyInfo), both in lower-case hexadecimal.
	SHA256, KeySHA256 string
	// Emails are the rfc822Names of the certificate.
	Emails []string
	// Source says why the signer is taken for a provider, Provider under which
	// name: the directory's, else the organisation of the certificate.
	Source   Source
	Provider string
	// AtEvent is the path judged at Query.At, Now at Query.Now.
	AtEvent, Now PathResult
	// Checks are signer-chain (which is AtEvent), signer-address,
	// provider-directory and revocation, in this order.
	Checks   []Check
	Findings []Finding

	checks [4]Check
}

// PathResult is the outcome of path validation at one time.
type PathResult struct {
	Status Status
	Time   time.Time
	// Path leads from the signer's certificate to the trusted one; for a
	// Status other than Passed, the path that came nearest, if any.
	// Certificates are shared: do not modify them.
	Path []*x509.Certificate
	// Source is SourceIssuingKey, SourceAnchor or SourcePin when passed, else
	// SourceNone; Anchor names what the path ends at.
	Source Source
	Anchor string
	// Detail is the reason for people; Err wraps one of the Err values of this
	// package and is nil when passed.
	Detail string
	Err    error
}

// Evaluate judges a signer. It never fails: what cannot be judged is in the
// result.
func (s *Store) Evaluate(q Query) *Signer {
	r := &Signer{Source: SourceNone}
	r.Checks = r.checks[:]
	if len(q.Leaf) == 0 {
		return r.withoutCertificate(s, q.Purpose)
	}
	p := s.cache.get(q.Leaf, q.Bag, q.Purpose)
	cached := p != nil
	if !cached {
		p = s.newPlan(q.Leaf, q.Parsed, q.Bag, q.Purpose)
	}
	event := p.at(q.At, s)
	if event.status == Passed && !cached && s.cache != nil {
		p.leaf, p.bag = s.copies(p.leaf, p.bag)
		s.cache.put(p)
	}
	r.describe(p)
	r.AtEvent = event.result(q.At)
	switch {
	case q.Now.IsZero():
		r.Now = PathResult{Status: Skipped, Source: SourceNone, Detail: "no present time given"}
	default:
		now := p.at(q.Now, s)
		if now.cand == event.cand {
			r.Now = now.resultWith(q.Now, r.AtEvent.Path)
		} else {
			r.Now = now.result(q.Now)
		}
	}
	if event.status == Passed {
		r.Source = event.cand.source
	}
	r.checks[0] = Check{CheckSignerChain, event.status, event.detail}
	if q.Purpose == ForMail {
		r.checks[1] = r.judgeAddress(p, q.From)
	} else {
		r.checks[1] = mailOnly(CheckSignerAddress)
	}
	if len(event.findings) > 0 || len(r.Findings) > 0 {
		r.Findings = append(append(make([]Finding, 0, len(event.findings)+len(r.Findings)+1), event.findings...), r.Findings...)
	}
	if q.Purpose == ForMail {
		r.checks[2] = r.judgeDirectory(s, p, q)
	} else {
		r.checks[2] = mailOnly(CheckProviderDirectory)
	}
	r.checks[3] = r.judgeRevocation(s, p, &q, event.cand)
	return r
}

// Check returns the check of that name; one that was never made is Skipped.
func (r *Signer) Check(name string) Check {
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	return Check{Name: name, Status: Skipped}
}

// withoutCertificate is the answer for a message that does not carry the
// signer's certificate, when it was not supplied either.
func (r *Signer) withoutCertificate(s *Store, purpose Purpose) *Signer {
	missing := ErrNoCertificate.Error()
	r.AtEvent = PathResult{Status: Unknown, Source: SourceNone, Detail: missing, Err: ErrNoCertificate}
	r.Now = r.AtEvent
	r.checks = [4]Check{
		{CheckSignerChain, Unknown, missing},
		{CheckSignerAddress, Unknown, missing},
		{CheckProviderDirectory, Unknown, missing},
		{CheckRevocation, Unknown, missing},
	}
	if s.directory == nil {
		r.checks[2] = Check{CheckProviderDirectory, Skipped, noDirectory}
	}
	if len(s.crls)+len(s.ocsp) == 0 {
		r.checks[3] = Check{CheckRevocation, Skipped, noRevocation}
	}
	if purpose != ForMail {
		r.checks[1], r.checks[2] = mailOnly(CheckSignerAddress), mailOnly(CheckProviderDirectory)
	}
	return r
}

// mailOnly is a check that does not apply to signers for other purposes.
func mailOnly(name string) Check {
	return Check{name, Skipped, "it applies to the signers of mail"}
}

func (r *Signer) describe(p *plan) {
	r.Certificate, r.SHA256, r.KeySHA256, r.Provider = p.cert, p.hexSHA256, p.hexSPKI, p.provider
	if p.cert != nil && len(p.cert.EmailAddresses) > 0 {
		r.Emails = append(make([]string, 0, len(p.cert.EmailAddresses)), p.cert.EmailAddresses...)
	}
}

func (o *outcome) result(t time.Time) PathResult {
	var path []*x509.Certificate
	if o.cand != nil {
		path = append(make([]*x509.Certificate, 0, len(o.cand.path)), o.cand.path...)
	}
	return o.resultWith(t, path)
}

func (o *outcome) resultWith(t time.Time, path []*x509.Certificate) PathResult {
	r := PathResult{Status: o.status, Time: t, Path: path, Source: SourceNone, Detail: o.detail, Err: o.err}
	if o.cand != nil {
		r.Anchor = o.cand.anchor
		if o.status == Passed {
			r.Source = o.cand.source
		}
	}
	return r
}

// judgeAddress compares the message's From with the certificate's addresses
// (RFC 8550 §3; RFC 6109 §5.5).
func (r *Signer) judgeAddress(p *plan, from string) Check {
	c := Check{Name: CheckSignerAddress}
	switch {
	case p.cert == nil:
		c.Status, c.Detail = Unknown, p.certErr.Error()
	case from == "":
		c.Status, c.Detail = Unknown, "no From address to compare with the certificate's"
	default:
		if a := matchAddress(p.addresses, from); a != nil {
			c.Status, c.Detail = Passed, a.passed
			return c
		}
		c.Status, c.Detail = Failed, "From "+from+" is none of the certificate's addresses"
		for _, e := range p.cert.EmailAddresses {
			c.Detail += " " + e
		}
		for _, e := range subjectEmails(p.cert) {
			if equalFoldASCII(e, from) {
				r.Findings = append(r.Findings, Finding{"address-only-in-subject",
					"From equals the e-mail address of the subject name, which does not count: RFC 6109 §5.5 wants it in subjectAltName"})
			}
		}
	}
	return c
}
