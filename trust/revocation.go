package trust

import (
	"bytes"
	"crypto/x509"
	"strconv"
	"time"
)

const (
	noDirectory  = "no provider directory given"
	noRevocation = "no revocation data given"
)

// Reasons of revocation that change its meaning (RFC 5280 §5.3.1).
const (
	reasonKeyCompromise = 1
	reasonCACompromise  = 2
	reasonAffiliation   = 3
	reasonSuperseded    = 4
	reasonCessation     = 5
	reasonHold          = 6
	reasonRemoved       = 8
)

// statement is what a CRL or an OCSP response says about one certificate,
// after its own signature was checked.
type statement struct {
	source                 string // "CRL" or "OCSP response", with its date
	revoked                bool
	thisUpdate, nextUpdate time.Time
	revokedAt, invalidFrom time.Time // invalidFrom: RFC 5280 §5.3.2, or zero
	reason                 int
	expiredKept            time.Time // still speaks of what expired after this; or zero
	raw                    []byte
	ocsp                   bool
}

// standing is the revocation of one certificate at one time, worst last.
type standing int

const (
	notMentioned standing = iota
	useless               // stale, unrelated or badly signed data only
	good
	revokedLater // after the judged time, which nobody proves
	revokedBefore
)

// opinion is what all that was given says about one certificate.
type opinion struct {
	standing standing
	detail   string
	reason   int
	related  bool // some of it was by this certificate's issuer
	used     []statement
}

func (o *opinion) add(st standing, detail string) {
	if st > o.standing {
		o.standing, o.detail = st, detail
	}
}

// judge says what a statement means for an event at q.At.
func (st *statement) judge(cert *x509.Certificate, q *Query) (standing, string) {
	fresh, why := st.freshFor(cert, q)
	if !st.revoked || st.reason == reasonRemoved {
		if !fresh {
			return useless, st.source + " " + why
		}
		return good, "not revoked: " + st.source
	}
	revoked := "revoked on " + stamp(st.revokedAt)
	if st.reason == reasonHold {
		revoked = "suspended (certificateHold) on " + stamp(st.revokedAt)
	}
	switch {
	case !st.revokedAt.After(q.At):
		if st.reason == reasonHold && !fresh {
			return useless, st.source + " " + why + ", and a suspension may have been lifted"
		}
		return revokedBefore, revoked + ", not after the event: " + st.source
	case !st.invalidFrom.IsZero() && !st.invalidFrom.After(q.At):
		return revokedLater, revoked + ", with the key held invalid since " + stamp(st.invalidFrom) + ": " + st.source
	case !q.FirstSeen.IsZero() && q.FirstSeen.Before(st.revokedAt):
		return good, revoked + ", after the message was first seen on " + stamp(q.FirstSeen) + ": " + st.source
	case q.Purpose == ForTimeStamps && (st.reason == reasonAffiliation || st.reason == reasonSuperseded || st.reason == reasonCessation):
		// RFC 3161 §4: tokens of before stay valid when the key was not lost.
		return good, revoked + ", after the time-stamp and without loss of the key: " + st.source
	case q.Purpose == ForTimeStamps && (st.reason == reasonKeyCompromise || st.reason == reasonCACompromise):
		return revokedBefore, revoked + " because the key was lost, which takes the worth from tokens of before too: " + st.source
	}
	return revokedLater, revoked + ", after the event; time of signing not proven: " + st.source
}

// freshFor says whether the statement can speak of the time of the event: it
// was in force then, or was issued later while the certificate had not yet
// expired (an authority drops expired certificates from its lists).
func (st *statement) freshFor(cert *x509.Certificate, q *Query) (bool, string) {
	switch {
	case !q.Now.IsZero() && st.thisUpdate.After(q.Now):
		return false, "is dated in the future"
	case !st.thisUpdate.After(q.At):
		if st.nextUpdate.IsZero() || q.At.After(st.nextUpdate) {
			return false, "was not in force at the event (stale)"
		}
	case st.thisUpdate.After(cert.NotAfter):
		if st.expiredKept.IsZero() || st.expiredKept.After(cert.NotAfter) {
			return false, "was issued after the certificate expired"
		}
	}
	return true, ""
}

// judgeRevocation gathers what the store and the message have on the signer's
// certificate and on the authorities above it.
func (r *Signer) judgeRevocation(s *Store, p *plan, q *Query, c *candidate) Check {
	if len(s.crls)+len(s.ocsp)+len(q.CRLs)+len(q.OCSP) == 0 {
		return Check{CheckRevocation, Skipped, noRevocation}
	}
	check, _ := r.revocation(s, p, q, c)
	return check
}

func (r *Signer) revocation(s *Store, p *plan, q *Query, c *candidate) (Check, []statement) {
	check := Check{Name: CheckRevocation, Status: Unknown}
	if p.cert == nil {
		check.Detail = p.certErr.Error()
		return check, nil
	}
	if q.At.IsZero() {
		check.Detail = ErrNoTime.Error()
		return check, nil
	}
	data := r.revocationData(s, q)
	leaf := data.opinionOn(p.cert, s.issuers(p.cert, p, c), s, q)
	used := leaf.used
	check.Detail = leaf.detail
	switch leaf.standing {
	case revokedBefore:
		check.Status = Failed
		return check, used
	case good:
		check.Status = Passed
	case notMentioned:
		check.Detail = "what was given does not speak of the signer's certificate"
		if q.Purpose == ForTimeStamps {
			// What comes with a message is about who signed it: that it is
			// silent about the authority is as if there were nothing.
			check.Status = Skipped
		}
	}
	if c == nil || c.err != nil {
		return check, used
	}
	for i, ca := range c.path[1:] {
		if i+2 == len(c.path) && c.key == nil {
			break // an anchor is believed as it is
		}
		o := data.opinionOn(ca, s.issuers(ca, p, c), s, q)
		used = append(used, o.used...)
		// One of several certificates over a key that the caller trusts may be
		// withdrawn without harm, unless the key was lost.
		harmless := c.key != nil && o.reason != reasonKeyCompromise && o.reason != reasonCACompromise
		switch {
		case o.standing == revokedBefore && harmless:
			r.Findings = append(r.Findings, Finding{"ca-certificate-revoked", nameOf(ca) + ": " + o.detail})
		case o.standing == revokedBefore:
			return Check{CheckRevocation, Failed, nameOf(ca) + ": " + o.detail}, used
		case (o.standing == revokedLater || o.standing == useless && o.related) && !harmless && check.Status != Unknown:
			check.Status, check.Detail = Unknown, nameOf(ca)+": "+o.detail
		}
	}
	return check, used
}

// revocationData is what the store holds and what came with the message.
type revocationData struct {
	crls []*crl
	ocsp []*ocspResponse
}

func (r *Signer) revocationData(s *Store, q *Query) revocationData {
	d := revocationData{s.crls, s.ocsp}
	if len(q.CRLs) > 0 {
		d.crls = d.crls[:len(d.crls):len(d.crls)]
	}
	for i, raw := range q.CRLs {
		if c, err := parseCRL(raw); err != nil {
			r.Findings = append(r.Findings, Finding{"unreadable-crl", "CRL " + strconv.Itoa(i+1) + " of the message: " + err.Error()})
		} else {
			d.crls = append(d.crls, c)
		}
	}
	if len(q.OCSP) > 0 {
		d.ocsp = d.ocsp[:len(d.ocsp):len(d.ocsp)]
	}
	for i, raw := range q.OCSP {
		if o, err := parseOCSP(raw); err != nil {
			r.Findings = append(r.Findings, Finding{"unreadable-ocsp", "OCSP response " + strconv.Itoa(i+1) + " of the message: " + err.Error()})
		} else {
			d.ocsp = append(d.ocsp, o)
		}
	}
	return d
}

// opinionOn asks everything given about one certificate.
func (d *revocationData) opinionOn(cert *x509.Certificate, issuers []*x509.Certificate, s *Store, q *Query) opinion {
	var o opinion
	note := func(st *statement, problem string) {
		if problem != "" {
			o.add(useless, problem)
			return
		}
		worth, detail := st.judge(cert, q)
		if worth > o.standing {
			o.reason = st.reason
		}
		o.add(worth, detail)
		o.used = append(o.used, *st)
	}
	for _, issuer := range issuers {
		for _, c := range d.crls {
			if bytes.Equal(c.list.RawIssuer, issuer.RawSubject) {
				o.related = true
				note(c.about(cert, issuer, s.policy.AllowSHA1Certificates))
			}
		}
		for _, r := range d.ocsp {
			if r.names(cert, issuer) {
				o.related = true
				note(r.about(cert, issuer, s.policy.AllowSHA1Certificates))
			}
		}
		if o.related {
			break // another certificate over the same key would say the same
		}
	}
	return o
}

// issuers finds certificates whose key really signed cert: the next one of
// the path, else whatever is at hand.
func (s *Store) issuers(cert *x509.Certificate, p *plan, c *candidate) []*x509.Certificate {
	if c != nil && c.err == nil {
		for i, have := range c.path[:len(c.path)-1] {
			if have == cert {
				return c.path[i+1 : i+2]
			}
		}
	}
	var found []*x509.Certificate
	try := func(parent *x509.Certificate) {
		if len(found) < cacheWays && bytes.Equal(parent.RawSubject, cert.RawIssuer) && keyBits(parent) <= maxIssuerRSA &&
			parent.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil {
			found = append(found, parent)
		}
	}
	for i := range s.anchors {
		try(s.anchors[i].cert)
	}
	for _, parent := range s.keyed {
		try(parent)
	}
	for _, parent := range s.intermediates {
		try(parent)
	}
	for _, parent := range p.around {
		try(parent)
	}
	return found
}
