package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrCapture: a capture is incomplete or cannot be read.
var ErrCapture = errors.New("trust: capture")

const captureVersion = 1

// Capture keeps what can never be recovered once a message has been received:
// the certificates above its signer, the revocation data as of that moment
// (authorities drop expired certificates from their lists), and the moment
// itself, which decides about certificates revoked later. It is a plain value
// to be stored beside the message, as JSON for instance.
//
// A Capture is evidence only as far as its storage is: whoever can rewrite it
// can move FirstSeen.
type Capture struct {
	Version int `json:"version"`
	// FirstSeen is when the message was received, Event the time it certifies.
	FirstSeen time.Time `json:"first_seen"`
	Event     time.Time `json:"event"`
	// MessageSHA256 ties the capture to the message's bytes, in lower-case
	// hexadecimal; optional, for the caller to set.
	MessageSHA256 string `json:"message_sha256,omitempty"`
	// Leaf is the signer's certificate, Certificates those of its path and of
	// the message, in DER.
	Leaf         []byte   `json:"leaf"`
	Certificates [][]byte `json:"certificates"`
	// CRLs and OCSP (DER) are the revocation data that spoke of them.
	CRLs [][]byte `json:"crls,omitempty"`
	OCSP [][]byte `json:"ocsp,omitempty"`
}

// Capture evaluates the query and collects what the answer rested on.
// q.FirstSeen (else q.Now) becomes the first-seen time. Revocation data that
// are unrelated, or not signed by the issuer, are left out.
func (s *Store) Capture(q Query) (*Capture, error) {
	c := &Capture{Version: captureVersion, FirstSeen: q.FirstSeen, Event: q.At, Leaf: bytes.Clone(q.Leaf)}
	if c.FirstSeen.IsZero() {
		c.FirstSeen = q.Now
	}
	if len(q.Leaf) == 0 {
		return nil, fmt.Errorf("%w: %w", ErrCapture, ErrNoCertificate)
	}
	p := s.newPlan(q.Leaf, q.Parsed, q.Bag, q.Purpose)
	if p.certErr != nil {
		return nil, fmt.Errorf("%w: %w", ErrCapture, p.certErr)
	}
	event := p.at(q.At, s)
	if event.cand != nil {
		for _, cert := range event.cand.path[1:] {
			c.addCertificate(cert)
		}
	}
	for _, cert := range p.around {
		c.addCertificate(cert)
	}
	_, used := new(Signer).revocation(s, p, &q, event.cand)
	for i := range used {
		if used[i].ocsp {
			c.OCSP = append(c.OCSP, bytes.Clone(used[i].raw))
		} else {
			c.CRLs = append(c.CRLs, bytes.Clone(used[i].raw))
		}
	}
	if q.Parsed != nil {
		return c, c.Validate()
	}
	for _, raw := range c.Certificates {
		if len(raw) > maxCertificate {
			return c, c.Validate()
		}
	}
	return c, c.complete() // everything in it was parsed on the way
}

func (c *Capture) addCertificate(cert *x509.Certificate) {
	for _, have := range c.Certificates {
		if bytes.Equal(have, cert.Raw) {
			return
		}
	}
	c.Certificates = append(c.Certificates, bytes.Clone(cert.Raw))
}

// ParseCapture reads a Capture from JSON and validates it.
func ParseCapture(data []byte) (*Capture, error) {
	c := new(Capture)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCapture, err)
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// Validate says whether the capture is complete and readable. It does not
// judge anything.
func (c *Capture) Validate() error {
	if err := c.complete(); err != nil {
		return err
	}
	if _, err := parseBounded(c.Leaf); err != nil {
		return fmt.Errorf("%w: leaf: %w", ErrCapture, err)
	}
	for i, raw := range c.Certificates {
		if _, err := parseBounded(raw); err != nil {
			return fmt.Errorf("%w: certificate %d: %w", ErrCapture, i+1, err)
		}
	}
	for i, raw := range c.CRLs {
		if _, err := parseCRL(raw); err != nil {
			return fmt.Errorf("%w: CRL %d: %w", ErrCapture, i+1, err)
		}
	}
	for i, raw := range c.OCSP {
		if _, err := parseOCSP(raw); err != nil {
			return fmt.Errorf("%w: OCSP response %d: %w", ErrCapture, i+1, err)
		}
	}
	return nil
}

// complete says whether everything is there.
func (c *Capture) complete() error {
	switch {
	case c.Version != captureVersion:
		return fmt.Errorf("%w: version %d, want %d", ErrCapture, c.Version, captureVersion)
	case c.FirstSeen.IsZero():
		return fmt.Errorf("%w: no first-seen time", ErrCapture)
	case c.Event.IsZero():
		return fmt.Errorf("%w: no event time", ErrCapture)
	case len(c.Certificates) > 2*maxBag:
		return fmt.Errorf("%w: more than %d certificates", ErrCapture, 2*maxBag)
	}
	if c.MessageSHA256 != "" {
		if b, err := hex.DecodeString(c.MessageSHA256); err != nil || len(b) != 32 {
			return fmt.Errorf("%w: message digest is not a SHA-256", ErrCapture)
		}
	}
	return nil
}

// AddTo adds the captured certificates, as intermediates and never as
// anchors, and the revocation data to the material of a Store.
func (c *Capture) AddTo(m *Material) error {
	if err := c.Validate(); err != nil {
		return err
	}
	for _, raw := range c.Certificates {
		cert, err := parseBounded(raw)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCapture, err)
		}
		m.Intermediates = append(m.Intermediates, cert)
	}
	m.CRLs = append(m.CRLs, c.CRLs...)
	m.OCSP = append(m.OCSP, c.OCSP...)
	return nil
}

// Query asks again about the captured signer, with everything captured.
func (c *Capture) Query(from string, now time.Time) Query {
	return Query{Leaf: c.Leaf, Bag: c.Certificates, From: from, At: c.Event, Now: now, FirstSeen: c.FirstSeen, CRLs: c.CRLs, OCSP: c.OCSP}
}
