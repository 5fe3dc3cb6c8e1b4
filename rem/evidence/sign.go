package evidence

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/trust/tsp"
)

// Signer signs evidence (EN 319 532-4 C.4.3, C.4.4). It may be used by several
// goroutines as far as its key, source and clock may.
type Signer struct {
	// Key signs: RSA of 2048 bits or more, or ECDSA on P-256, P-384 or P-521.
	Key crypto.Signer
	// Certificate is that of the key, and of the service in its trusted list.
	Certificate *x509.Certificate
	// Chain goes into the signature too, issuer first, without the root.
	Chain []*x509.Certificate
	// TimeStamp is asked for the signature time-stamp, which the REM baseline
	// requires. Without it Sign fails, unless BaselineB asks for XAdES-B-B.
	TimeStamp tsp.Source
	BaselineB bool
	// Now is the clock of SigningTime; it must be given.
	Now func() time.Time
	// Filter2 writes the transform of the ETSI and AgID examples instead of
	// enveloped-signature.
	Filter2 bool
	// Rand is for ECDSA; crypto/rand when nil.
	Rand io.Reader
	// Options bound the document; nil for the defaults.
	Options *Options
}

// ErrSigner: the Signer lacks something.
var ErrSigner = errors.New("evidence: signer is not complete")

// Sign signs an evidence document as [Evidence.Marshal] wrote it: XAdES-B-B,
// then the signature time-stamp that makes it B-T (EN 319 532-4 C.4.3 c, C.4.4
// e). The signature is inserted before the end of the root and no other octet
// is touched; nothing may touch the result either.
//
// A document that is not evidence, is signed already, or attests an event of
// the future (by more than a minute) is refused. The result was verified.
func Sign(ctx context.Context, xml []byte, s *Signer) ([]byte, error) {
	switch {
	case s == nil || s.Key == nil || s.Certificate == nil:
		return nil, fmt.Errorf("%w: key and certificate are needed", ErrSigner)
	case s.Now == nil:
		return nil, fmt.Errorf("%w: a clock is needed", ErrSigner)
	case s.TimeStamp == nil && !s.BaselineB:
		return nil, fmt.Errorf("%w: a source of time-stamps is needed (EN 319 532-4 C.4.4)", ErrSigner)
	}
	e, err := Parse(xml, s.Options)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	c := checker{e: e, p: GenericERDS()}
	c.order("G05", "signing", now, "the event", e.Time.UTC)
	if len(c.out) > 0 {
		return nil, &NonConformant{Profile: "EN 319 532-4 C.4.5", Deviations: c.out}
	}
	lim, _ := s.Options.limits()
	signing := xmlsig.Signing{
		Key: s.Key, Certificate: s.Certificate, Chain: s.Chain, Time: now, Rand: s.Rand,
		MimeType: "application/xml", Limits: &xmltree.Limits{Bytes: lim.Bytes, Depth: lim.Depth, Elements: lim.Elements},
	}
	if s.Filter2 {
		signing.Style = xmlsig.Filter2
	}
	if s.TimeStamp != nil {
		signing.TimeStamp = s.TimeStamp.TimeStamp
	}
	signed, err := xmlsig.Sign(ctx, xml, &signing)
	if err != nil {
		return nil, fmt.Errorf("evidence: sign: %w", err)
	}
	return signed, nil
}
