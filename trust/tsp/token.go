package tsp

import (
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/trust"
)

// typeTSTInfo is id-ct-TSTInfo, what a token signs (RFC 3161 §2.4.2).
const typeTSTInfo = "1.2.840.113549.1.9.16.1.4"

// Token is a parsed time-stamp token (marca temporale). Nothing vouches for
// its fields until Verify has. It does not change after Parse, may be used by
// several goroutines, and refers to the octets it was parsed from: those must
// not be changed while it is in use.
type Token struct {
	// Raw is the token, a CMS ContentInfo, as it came.
	Raw []byte
	// GenTime is the time stated (UTC), Accuracy how far it may be off to
	// either side; HasAccuracy tells that the token says so.
	GenTime     time.Time
	Accuracy    time.Duration
	HasAccuracy bool
	// Policy of the authority, dotted.
	Policy string
	// HashAlgorithm of the imprint, 0 when it is not supported (see HashOID,
	// dotted).
	HashAlgorithm crypto.Hash
	HashOID       string
	// Imprint is the digest of the data.
	Imprint []byte
	// SerialNumber is unique for the authority.
	SerialNumber *big.Int
	// Nonce of the request, nil without one.
	Nonce *big.Int
	// Ordering tells that tokens of this authority can be put in order by
	// GenTime alone.
	Ordering bool
	// Extensions of the TSTInfo. Verify refuses critical ones that it does not
	// know.
	Extensions []Extension
	// ClaimsQualified tells that the authority calls the time-stamp qualified
	// (EN 319 422 §9.1). It is a claim: see Query.Qualify.
	ClaimsQualified bool
	// Certificates that came with the token, DER, in their order. Anybody can
	// add one.
	Certificates [][]byte
	// Findings are remarks about the form.
	Findings []trust.Finding

	tsa []byte // GeneralName, DER
	sd  *cms.SignedData
}

// Limits caps what is read. A zero field means the default.
type Limits struct {
	// Size of a token or response in octets; default 256 KiB. Real ones have
	// 1 to 10 KiB.
	Size int
	// Certificates in a token; default 32.
	Certificates int
}

func (l *Limits) orDefaults() Limits {
	out := Limits{Size: 256 << 10, Certificates: 32}
	if l != nil && l.Size > 0 {
		out.Size = l.Size
	}
	if l != nil && l.Certificates > 0 {
		out.Certificates = l.Certificates
	}
	return out
}

// Parse reads a token: a CMS SignedData in DER or BER whose content is a
// TSTInfo, with one signer, and nothing after it. Errors are of type *Error
// and wrap ErrNotToken, ErrSigners, ErrMalformed or ErrTooLarge.
func Parse(token []byte) (*Token, error) { return ParseWithin(token, nil) }

// ParseWithin is Parse with limits of the caller's; nil means the defaults.
func ParseWithin(token []byte, lim *Limits) (*Token, error) {
	l := lim.orDefaults()
	if len(token) > l.Size {
		return nil, partError("token", ErrTooLarge, "%d octets, at most %d", len(token), l.Size)
	}
	sd, err := cms.Parse(token, &cms.Limits{Size: l.Size, Certificates: l.Certificates})
	if err != nil {
		return nil, tokenError(err)
	}
	t := &Token{Raw: token, Certificates: sd.Certificates, sd: sd}
	switch {
	case sd.TrailingBytes > 0:
		return nil, partError("token", ErrMalformed, "%d octets after it", sd.TrailingBytes)
	case sd.EContentType != typeTSTInfo:
		return nil, partError("token", ErrNotToken, "the content is of type %s, want %s", sd.EContentType, typeTSTInfo)
	case !sd.HasContent:
		return nil, partError("token", ErrNotToken, "there is no content inside")
	case len(sd.Signers) != 1:
		return nil, partError("token", ErrSigners, "%d", len(sd.Signers))
	}
	for _, f := range sd.Findings {
		if f.Code == "content-not-octet-string" {
			return nil, partError("token", ErrMalformed, "%s", f.Detail)
		}
		t.finding(f.Code, f.Detail)
	}
	if err := t.parseInfo(sd.Content); err != nil {
		return nil, &Error{Part: "TSTInfo", Err: err}
	}
	return t, nil
}

func (t *Token) finding(code, detail string) {
	t.Findings = append(t.Findings, trust.Finding{Code: code, Detail: detail})
}

// tokenError gives the errors of the CMS layer our names.
func tokenError(err error) error {
	sentinel := ErrMalformed
	switch {
	case errors.Is(err, cms.ErrNotSignedData):
		sentinel = ErrNotToken
	case errors.Is(err, cms.ErrTooLarge), errors.Is(err, cms.ErrTooDeep):
		sentinel = ErrTooLarge
	case errors.Is(err, cms.ErrNoSigners):
		sentinel = ErrSigners
	}
	return &Error{Part: "token", Err: fmt.Errorf("%w: %w", sentinel, err)}
}

// TSA is the name that the authority gives itself inside the token, for
// people; empty when there is none. The signer's certificate has the name that
// counts.
func (t *Token) TSA() string {
	var name asn1.RawValue
	if rest, err := asn1.Unmarshal(t.tsa, &name); err != nil || len(rest) > 0 || name.Class != asn1.ClassContextSpecific {
		return ""
	}
	switch name.Tag {
	case 1, 2, 6: // rfc822Name, dNSName, uniformResourceIdentifier
		return string(name.Bytes)
	case 4: // directoryName
		var rdn pkix.RDNSequence
		if rest, err := asn1.Unmarshal(name.Bytes, &rdn); err == nil && len(rest) == 0 {
			return rdn.String()
		}
	}
	return ""
}

// directoryName returns the DER Name by which the authority calls itself; nil
// when there is none or it is a name of another kind.
func (t *Token) directoryName() []byte {
	in := cryptobyte.String(t.tsa)
	var name cryptobyte.String
	if !in.ReadASN1(&name, tag.Tag(4).ContextSpecific().Constructed()) || !in.Empty() {
		return nil
	}
	return name
}
