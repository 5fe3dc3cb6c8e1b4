package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/certmail/certmail/internal/rsakey"
)

// plan is all that a store can say about one signer certificate, as it came
// with the other certificates of its message, for one purpose, whatever the
// judged time. It is a function of those and of the store, so that remembering it (see
// cache) cannot change an answer.
type plan struct {
	purpose Purpose
	leaf    []byte   // of the query; own copies once the plan is remembered
	bag     [][]byte // likewise, in the order given

	cert       *x509.Certificate // nil when the leaf cannot be read
	certErr    error
	leafErr    error // makes the certificate unfit at any time
	sha256     [32]byte
	hexSHA256  string
	hexSPKI    string
	provider   string
	addresses  []signerAddress
	around     []*x509.Certificate // the bag, read
	candidates []*candidate
	findings   []Finding

	prepare  sync.Once
	prepared *rsakey.Key
	sha512   atomic.Pointer[[sha512.Size]byte] // of the leaf, when it was asked for
}

// outcome is how a plan stands at one time.
type outcome struct {
	status   Status
	cand     *candidate // the path it speaks of, if any
	err      error
	detail   string
	findings []Finding
}

func (s *Store) newPlan(leaf []byte, parsed *x509.Certificate, bag [][]byte, purpose Purpose) *plan {
	p := &plan{purpose: purpose, leaf: leaf, bag: bag, sha256: sha256.Sum256(leaf)}
	p.hexSHA256 = hex.EncodeToString(p.sha256[:])
	if parsed != nil && bytes.Equal(parsed.Raw, leaf) && len(leaf) <= maxCertificate {
		p.cert = parsed
	} else if p.cert, p.certErr = parseBounded(p.leaf); p.certErr != nil {
		p.certErr = fmt.Errorf("%w: %w", ErrCertificate, p.certErr)
		return p
	}
	spki := sha256.Sum256(p.cert.RawSubjectPublicKeyInfo)
	p.hexSPKI = hex.EncodeToString(spki[:])
	p.provider = organization(p.cert)
	p.addresses = signerAddresses(p.cert)
	p.leafErr = purpose.Fits(p.cert)
	p.findings = purpose.findings(p.cert)
	p.readBag(s)
	p.candidates = s.candidates(p.cert, p.sha256, p.around, purpose)
	return p
}

// readBag reads the message's other certificates. One that cannot be read
// does not spoil the rest.
func (p *plan) readBag(s *Store) {
	for i, raw := range p.bag {
		if len(p.around) == maxBag {
			p.findings = append(p.findings, Finding{"too-many-certificates",
				"only the first " + strconv.Itoa(maxBag) + " certificates of the message were used"})
			return
		}
		if bytes.Equal(raw, p.leaf) {
			continue
		}
		c, err := s.held(raw), error(nil)
		if c == nil {
			c, err = parseBounded(raw)
		}
		if err != nil {
			p.findings = append(p.findings, Finding{"unreadable-certificate",
				"certificate " + strconv.Itoa(i+1) + " of the message: " + err.Error()})
			continue
		}
		p.around = append(p.around, c)
	}
}

// held returns the certificate of the store's with these bytes: providers send
// their issuer's along, which the store mostly has.
func (s *Store) held(raw []byte) *x509.Certificate {
	for i := range s.anchors {
		if bytes.Equal(s.anchors[i].cert.Raw, raw) {
			return s.anchors[i].cert
		}
	}
	for _, c := range s.intermediates {
		if bytes.Equal(c.Raw, raw) {
			return c
		}
	}
	return nil
}

// parseBounded parses a copy: x509.Certificate.Raw aliases what is parsed.
func parseBounded(raw []byte) (*x509.Certificate, error) {
	if len(raw) > maxCertificate {
		return nil, errors.New("longer than " + strconv.Itoa(maxCertificate) + " bytes")
	}
	return ParseCertificate(bytes.Clone(raw))
}

// at judges the plan at one time: the first path that holds and is in time
// decides. Without one, a path that proves something wrong makes the check
// fail, and everything else leaves it open.
func (p *plan) at(t time.Time, s *Store) outcome {
	switch {
	case p.certErr != nil:
		return outcome{status: Failed, err: p.certErr, detail: p.certErr.Error()}
	case t.IsZero():
		return outcome{status: Unknown, err: ErrNoTime, detail: ErrNoTime.Error(), findings: p.findings}
	}
	var wrong, open outcome
	for _, inTime := range [2]bool{true, false} {
		for _, c := range p.candidates {
			if c.covers(t) != inTime {
				continue
			}
			c.assess(s, p.findings)
			o := c.at(t, inTime, p.leafErr)
			switch {
			case o.status == Passed:
				return o
			case o.status == Failed && wrong.status == "":
				wrong = o
			case o.status == Unknown && open.status == "" && o.err != errNotIssuer:
				open = o
			}
		}
	}
	o := wrong
	if o.status == "" {
		o = open
	}
	if o.status == "" {
		o = outcome{status: Unknown, err: ErrNoPath, detail: ErrNoPath.Error()}
		if len(s.keys)+len(s.anchors)+len(s.pins) == 0 {
			o.err, o.detail = ErrNoAnchor, ErrNoAnchor.Error()
		}
	}
	o.findings = p.findings
	return o
}

// at judges one path, already assessed; leafErr is what makes the signer's
// certificate unfit at any time.
func (c *candidate) at(t time.Time, inTime bool, leafErr error) outcome {
	switch {
	case c.err != nil && proves(c.err):
		return failed(c, c.err)
	case c.err != nil:
		return undecided(c, c.err)
	case leafErr != nil:
		return failed(c, leafErr)
	case !inTime:
		return c.outOfTime(t)
	case c.public:
		return undecided(c, ErrPublicRoot)
	}
	return outcome{status: Passed, cand: c, detail: c.detail, findings: c.findings}
}

func failed(c *candidate, err error) outcome {
	return outcome{status: Failed, cand: c, err: err, detail: err.Error()}
}

func undecided(c *candidate, err error) outcome {
	return outcome{status: Unknown, cand: c, err: err, detail: err.Error()}
}

// proves says whether a reason shows that something is wrong, rather than
// that something is missing.
func proves(err error) bool {
	for _, reason := range []error{ErrCertificate, ErrExpired, ErrNotYetValid, ErrEmailProtection, ErrTimeStamping, ErrKeyUsage, ErrCACertificate,
		ErrNotCA, ErrNameConstraint, ErrCriticalExtension, ErrForged} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// outOfTime judges a path that holds but does not cover t. Trust in an issuing
// key does not end with one of the certificates over it: before the oldest one
// at hand (AgID CA1 issued in 2017 what its first published certificate, of
// 2018, verifies), or while another known one was valid, the leaf's own
// validity and its signature under the key are enough.
func (c *candidate) outOfTime(t time.Time) outcome {
	early, late := c.early, c.late // the certificates that bound the path's time
	if c.key != nil {
		early, late = c.path[0], c.path[0]
	}
	c.bounds.Do(func() {
		c.earlyErr = fmt.Errorf("%w: %s is valid from %s", ErrNotYetValid, nameOf(early), stamp(early.NotBefore))
		c.lateErr = fmt.Errorf("%w: %s on %s", ErrExpired, nameOf(late), stamp(late.NotAfter))
	})
	switch {
	case t.Before(early.NotBefore):
		return failed(c, c.earlyErr)
	case t.After(late.NotAfter):
		return failed(c, c.lateErr)
	case c.key == nil:
		return undecided(c, fmt.Errorf("%w: outside the era %s", ErrNoPath, c.era.Name))
	}
	issuer := c.path[1]
	if t.After(issuer.NotAfter) && !c.key.knownAt(t) {
		return undecided(c, fmt.Errorf("%w: %s, until %s", ErrIssuerOutdated, c.anchor, stamp(issuer.NotAfter)))
	}
	return outcome{
		status: Passed, cand: c,
		detail: "issued by the trusted key of " + c.anchor,
		findings: append(slices.Clip(c.findings), Finding{"no-ca-certificate-valid-at-event",
			"no certificate of " + c.anchor + " valid at " + stamp(t) + " is at hand; the nearest is valid from " +
				stamp(issuer.NotBefore) + " to " + stamp(issuer.NotAfter)}),
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
