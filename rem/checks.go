package rem

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/trust"
)

// checkSignature judges the S/MIME signature, which must be CAdES-B-B (EN 319
// 532-4 C.4.2 a): it names its certificate itself, and not by SHA-1.
func checkSignature(s *envelope.Signature) trust.Check {
	c := trust.Check{Name: trust.CheckSignature, Status: trust.Failed}
	switch {
	case s.OK():
		switch s.Signers[0].CertificateSigned {
		case envelope.CertificateSignedV2:
			c.Status, c.Detail = trust.Passed, "the signed part is as it was signed"
		case envelope.CertificateSignedSHA1:
			c.Detail = "the signature names its certificate by SHA-1 only (signing-certificate, version 1), want signing-certificate-v2"
		default:
			c.Detail = "no CAdES signature: there is no signing-certificate-v2 attribute (EN 319 122-1 §5.2.2)"
		}
	case s.Err != nil:
		c.Detail = s.Err.Error()
	case len(s.Signers) != 1:
		c.Detail = fmt.Sprintf("%d signers, want 1", len(s.Signers))
	case s.Signers[0].Certificate == nil && s.Signers[0].RawCertificate == nil:
		// Nothing is wrong yet, but nothing can be verified either.
		c.Status, c.Detail = trust.Unknown, s.Signers[0].Err.Error()
		if !s.Signers[0].DigestOK || !s.Signers[0].ContentTypeOK {
			c.Status = trust.Failed
		}
	case errors.Is(s.Signers[0].Err, envelope.ErrUnsupported):
		c.Status, c.Detail = trust.Unknown, s.Signers[0].Err.Error()
		if s.Signers[0].Digest != 0 && !s.Signers[0].DigestOK {
			c.Status = trust.Failed // whoever signed, it was not this
		}
	case s.Signers[0].Err != nil:
		c.Detail = s.Signers[0].Err.Error()
	default:
		c.Detail = "the signature does not hold"
	}
	return c
}

// checkAlgorithm reports the strength of the signature: SHA-256 and longer, RSA
// from 2048 bits, ECDSA from P-256 (ETSI TS 119 312; REM never used SHA-1).
func checkAlgorithm(s *envelope.Signature) trust.Check {
	c := trust.Check{Name: trust.CheckDigestAlgorithm, Status: trust.Skipped, Detail: "no readable signature"}
	if len(s.Signers) == 0 {
		return c
	}
	switch h := s.Signers[0].Digest; h {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
		c.Status, c.Detail = trust.Passed, h.String()
	case crypto.SHA1:
		c.Status, c.Detail = trust.Failed, "SHA-1, which REM does not use"
		return c
	default:
		c.Status, c.Detail = trust.Unknown, "the digest algorithm is not supported"
		return c
	}
	if s.Signers[0].Certificate == nil {
		return c
	}
	bits, least := 0, 0
	switch key := s.Signers[0].Certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		bits, least = key.N.BitLen(), 2048
	case *ecdsa.PublicKey:
		bits, least = key.Curve.Params().BitSize, 256
	}
	if bits < least {
		c.Status, c.Detail = trust.Failed, fmt.Sprintf("a key of %d bits, want at least %d", bits, least)
	}
	return c
}
