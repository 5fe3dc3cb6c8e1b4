package csi

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// Names of the checks of a document, beside trust.CheckSignature.
const (
	CheckSigner        = "signer"
	CheckFresh         = "fresh"
	CheckSequence      = "sequence"
	CheckDigest        = "digest"
	CheckDistribution  = "distribution-point"
	CheckDomain        = "domain"
	CheckGoverningBody = "governing-body"
)

// Reasons why a document is not believed, found with errors.Is in
// Verification.Err.
var (
	// ErrSignature: there is no signature, more than one, or it does not hold.
	ErrSignature = errors.New("csi: signature of the document")
	// ErrSigner: the signer is neither the service nor the REMID authority.
	ErrSigner = errors.New("csi: signer of the document")
	// ErrStale: NextUpdate has passed, or is missing; such a document is
	// discarded (EN 319 532-4 §C.2.3.4.1).
	ErrStale = errors.New("csi: document out of use")
	// ErrSequence: an older issue than one seen before.
	ErrSequence = errors.New("csi: sequence number lower than one already seen")
	// ErrDistribution: the document does not name the place where it was found.
	ErrDistribution = errors.New("csi: document found where it does not say it lives")
	// ErrDomain: ERDSDomain is not the host of the smtp supply point.
	ErrDomain = errors.New("csi: domain of the document is not that of the service")
	// ErrGoverningBody: ERDSGoverningBody is not the provider's name (TSPName).
	ErrGoverningBody = errors.New("csi: governing body of the document is not the provider")
)

// VerifyOptions are what a document is judged against. What is not given is not
// judged.
type VerifyOptions struct {
	// Now is the present, for the check fresh.
	Now time.Time
	// Lists are the trusted lists that know the service.
	Lists *tsl.Set
	// Kind is the kind of service that may sign, tsl.REM() when its Name is
	// empty.
	Kind tsl.ServiceKind
	// At is the time for which the signer's standing is looked up, Now when
	// zero; set it to judge a past issue by the history of the lists.
	At time.Time
	// Peer is the service whose document it should be, see FindByMX. Without
	// it, it may be any that Lists know.
	Peer *Peer
	// Authorities are the certificates of the REMID authority, which may sign
	// in place of the service (§C.2.3.4.1 c.3.1.12), or of the one that issued
	// them.
	Authorities []*x509.Certificate
	// Location is the URL where the document was found.
	Location string
	// DigestFile is the content of its digest file, see DigestLocation.
	DigestFile []byte
	// LastSequence is the highest sequence number seen so far.
	LastSequence int
	// Certificate and PreparedKey may be those of a trust.Store, which
	// remembers; nil means neither.
	Certificate func(der []byte) (*x509.Certificate, error)
	PreparedKey func(*x509.Certificate) crypto.PublicKey
}

// Role says as who somebody signed a document.
type Role string

// The roles that EN 319 532-4 §C.2.3.4.1 c.3.1.12 allows.
const (
	RoleService   Role = "service"
	RoleAuthority Role = "remid-authority"
)

// Verification is what is known of a document.
type Verification struct {
	Document *Document
	// Checks are signature, signer, fresh, sequence, digest,
	// distribution-point, domain and governing-body, in this order.
	Checks []trust.Check
	// Signer is the certificate whose key made the signature, when it holds,
	// Chain the others that came with it, SigningTime what it claims.
	Signer      *x509.Certificate
	Chain       []*x509.Certificate
	SigningTime time.Time
	// Role is set when the signer is accepted; Answer is what the lists say of
	// it, nil when none were given.
	Role     Role
	Answer   *tsl.Answer
	Findings []trust.Finding
	// Err is the first reason why the document is not believed.
	Err error
}

// Check returns the check of that name; one that was never made is skipped.
func (v *Verification) Check(name string) trust.Check {
	for _, c := range v.Checks {
		if c.Name == name {
			return c
		}
	}
	return trust.Check{Name: name, Status: trust.Skipped}
}

// Verdict sums the checks up: signature, signer and fresh are required.
func (v *Verification) Verdict() trust.Verdict {
	return trust.Judge(v.Checks, trust.CheckSignature, CheckSigner, CheckFresh)
}

// Verify judges a document (EN 319 532-4 §C.2.3.4.1 c.3.1.8 to c.3.1.12,
// §C.2.3.4.2 c.3.3): an XAdES signature over the whole document, made by the
// identity of the service in a trusted list, by a certificate that a listed
// authority issued, or by the REMID authority; in use at present, not older than
// what was seen before, where it says it lives, with its digest file; its domain
// that of the service's mail exchanger, its governing body the listed provider.
// A nil o judges the signature alone.
func (d *Document) Verify(o *VerifyOptions) *Verification {
	if o == nil {
		o = &VerifyOptions{}
	}
	v := &Verification{Document: d, Checks: make([]trust.Check, 0, 8)}
	v.judge(trust.CheckSignature, v.signature(o))
	v.judge(CheckSigner, v.signer(o))
	v.judge(CheckFresh, d.fresh(o.Now))
	v.judge(CheckSequence, d.sequence(o.LastSequence))
	v.judge(CheckDigest, d.digest(o.DigestFile))
	v.judge(CheckDistribution, d.distribution(o.Location))
	v.judge(CheckDomain, v.domain(o))
	v.judge(CheckGoverningBody, v.governingBody(o))
	return v
}

// outcome is a check that passed, failed with err, or was not made.
type outcome struct {
	status trust.Status
	detail string
	err    error
}

func passed(detail string) outcome  { return outcome{status: trust.Passed, detail: detail} }
func skipped(detail string) outcome { return outcome{status: trust.Skipped, detail: detail} }
func failed(err error) outcome      { return outcome{status: trust.Failed, detail: err.Error(), err: err} }

func (v *Verification) judge(name string, o outcome) {
	v.Checks = append(v.Checks, trust.Check{Name: name, Status: o.status, Detail: o.detail})
	if v.Err == nil {
		v.Err = o.err
	}
}

func (v *Verification) signature(o *VerifyOptions) outcome {
	s, err := xmlsig.Verify(v.Document.doc, &xmlsig.Policy{Certificate: o.Certificate, PreparedKey: o.PreparedKey})
	if err != nil {
		return failed(fmt.Errorf("%w: %w", ErrSignature, err))
	}
	if s.Err != nil {
		return failed(fmt.Errorf("%w: %w", ErrSignature, s.Err))
	}
	if s.Parsed == nil || s.SignedElement != v.Document.doc.Root {
		return failed(fmt.Errorf("%w: it does not cover the document", ErrSignature))
	}
	v.Signer, v.SigningTime = s.Parsed, s.SigningTime
	for _, der := range s.Certificates {
		if c, err := x509.ParseCertificate(der); err == nil && !bytes.Equal(der, s.Signer) {
			v.Chain = append(v.Chain, c)
		}
	}
	for _, f := range s.Findings {
		v.Findings = append(v.Findings, trust.Finding{Code: f.Code, Detail: f.Detail})
	}
	return passed("signed with " + s.SignatureMethod)
}

// signer says who signed: the service, or the REMID authority.
func (v *Verification) signer(o *VerifyOptions) outcome {
	at := o.At
	if at.IsZero() {
		at = o.Now
	}
	switch {
	case v.Signer == nil:
		return outcome{status: trust.Unknown, detail: "the signature does not hold"}
	case o.Lists == nil && len(o.Authorities) == 0:
		return skipped("neither trusted lists nor certificates of the REMID authority given")
	case v.byAuthority(o.Authorities, at):
		v.Role = RoleAuthority
		return passed("signed by the REMID authority, " + v.Signer.Subject.String())
	case o.Lists == nil:
		return failed(fmt.Errorf("%w: %s is not the REMID authority", ErrSigner, v.Signer.Subject))
	}
	kind := o.Kind
	if kind.Name == "" {
		kind = tsl.REM()
	}
	v.Answer = o.Lists.Judge(v.Signer, v.Chain, kind, at)
	c := v.Answer.Check()
	switch {
	case c.Status == trust.Failed, v.Answer.Standing == tsl.NotListed:
		return failed(fmt.Errorf("%w: %s", ErrSigner, c.Detail))
	case c.Status != trust.Passed:
		return outcome{status: trust.Unknown, detail: c.Detail}
	case o.Peer != nil && !v.speaksFor(o.Peer):
		return failed(fmt.Errorf("%w: it is another service: %s", ErrSigner, v.Answer.Reason))
	}
	v.Role = RoleService
	return passed(c.Detail)
}

// byAuthority says whether the signer is one of the authority's certificates,
// or issued under one.
func (v *Verification) byAuthority(authorities []*x509.Certificate, at time.Time) bool {
	roots := x509.NewCertPool()
	for _, c := range authorities {
		if c == nil {
			continue
		}
		if bytes.Equal(c.Raw, v.Signer.Raw) {
			return true
		}
		if c.IsCA {
			roots.AddCert(c)
		}
	}
	if at.IsZero() || v.Signer.IsCA {
		return false
	}
	between := x509.NewCertPool()
	for _, c := range v.Chain {
		between.AddCert(c)
	}
	_, err := v.Signer.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil && (v.Signer.KeyUsage == 0 || v.Signer.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) != 0)
}

// speaksFor says whether one of the services that the signer belongs to is the
// peer.
func (v *Verification) speaksFor(p *Peer) bool {
	return slices.ContainsFunc(v.Answer.Matches, func(m tsl.Match) bool {
		return (m.Standing == tsl.Qualified || m.Standing == tsl.Listed) && (m.Service == p.Service || sameIdentity(m.Service, p.Service))
	})
}

// fresh: a document whose NextUpdate has passed is discarded.
func (d *Document) fresh(now time.Time) outcome {
	next := d.Scheme.NextUpdate
	switch {
	case now.IsZero():
		return skipped("no present time given")
	case next.IsZero():
		return failed(fmt.Errorf("%w: it does not say until when it is in use", ErrStale))
	case now.After(next):
		return failed(fmt.Errorf("%w since %s", ErrStale, next.Format(time.RFC3339)))
	}
	return passed("in use until " + next.Format(time.RFC3339))
}

func (d *Document) sequence(last int) outcome {
	switch n := d.Scheme.Sequence; {
	case last == 0:
		return skipped("no earlier issue to compare with")
	case n < last:
		return failed(fmt.Errorf("%w: %d, seen before: %d", ErrSequence, n, last))
	}
	return passed(fmt.Sprintf("%d, seen before: %d", d.Scheme.Sequence, last))
}

func (d *Document) digest(file []byte) outcome {
	if file == nil {
		return skipped("no digest file given")
	}
	if err := tsl.CompareDigest(d.Raw(), file); err != nil {
		return failed(err)
	}
	return passed("the digest file fits")
}

func (d *Document) distribution(location string) outcome {
	switch {
	case location == "":
		return skipped("not told where the document was found")
	case !slices.Contains(d.Scheme.DistributionPoints, location):
		return failed(fmt.Errorf("%w: %s, expected one of %q", ErrDistribution, location, d.Scheme.DistributionPoints))
	}
	return passed(location)
}

// domain: ERDSDomain is the host of the smtp supply point (§C.2.3.4.2 c.3.3.1).
func (v *Verification) domain(o *VerifyOptions) outcome {
	if o.Peer == nil {
		return skipped("no service given to compare with")
	}
	if got, want := v.Document.Capabilities.Domain, o.Peer.SupplyPoints.Host; !SameHost(got, want) {
		return failed(fmt.Errorf("%w: %q, expected %q", ErrDomain, got, want))
	}
	return passed(o.Peer.SupplyPoints.Host)
}

// governingBody: ERDSGoverningBody is the English TSPName (§C.2.3.4.2 c.3.3.2).
func (v *Verification) governingBody(o *VerifyOptions) outcome {
	if o.Peer == nil {
		return skipped("no service given to compare with")
	}
	name := v.Document.Capabilities.GoverningBody
	switch p := o.Peer; {
	case p.named(name):
		return passed(name)
	case p.Service.Names.Has(name):
		return failed(fmt.Errorf("%w: %q is the name of the service, expected that of its provider, %q", ErrGoverningBody, name, p.Provider.Names.English()))
	default:
		return failed(fmt.Errorf("%w: %q, expected %q", ErrGoverningBody, name, p.Provider.Names.English()))
	}
}
