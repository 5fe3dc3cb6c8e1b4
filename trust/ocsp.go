package trust

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// maxOCSP bounds one OCSP response.
const maxOCSP = 1 << 20

var (
	oidOCSPBasic     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidArchiveCutoff = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 6}
	ocspHashes       = []struct {
		oid  asn1.ObjectIdentifier
		hash crypto.Hash
	}{
		{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, crypto.SHA1},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, crypto.SHA256},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA384},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA512},
	}
)

// ocspResponse is an OCSP response with the certificates it speaks of, which
// golang.org/x/crypto/ocsp compares by serial number only.
type ocspResponse struct {
	raw []byte
	ids []certID
}

type certID struct {
	Hash              pkix.AlgorithmIdentifier
	NameHash, KeyHash []byte
	Serial            *big.Int
}

// parseOCSP reads the part of a response (RFC 6960 §4.2.1) that says whom it
// is about. Its signature is checked when it is used.
func parseOCSP(raw []byte) (*ocspResponse, error) {
	if len(raw) > maxOCSP {
		return nil, fmt.Errorf("longer than %d bytes", maxOCSP)
	}
	raw = bytes.Clone(raw)
	var outer struct {
		Status   asn1.Enumerated
		Response struct {
			Type asn1.ObjectIdentifier
			Body []byte
		} `asn1:"explicit,tag:0,optional"`
	}
	if rest, err := asn1.Unmarshal(raw, &outer); err != nil {
		return nil, err
	} else if len(rest) > 0 {
		return nil, errors.New("trailing data")
	}
	if outer.Status != 0 {
		return nil, fmt.Errorf("responder answered with an error, status %d", outer.Status)
	}
	if !outer.Response.Type.Equal(oidOCSPBasic) {
		return nil, errors.New("not a basic OCSP response")
	}
	var basic struct {
		Data struct {
			Version   int `asn1:"optional,default:0,explicit,tag:0"`
			Responder asn1.RawValue
			Produced  time.Time `asn1:"generalized"`
			Responses []struct{ ID certID }
		}
	}
	if _, err := asn1.Unmarshal(outer.Response.Body, &basic); err != nil {
		return nil, err
	}
	r := &ocspResponse{raw: raw}
	for _, single := range basic.Data.Responses {
		r.ids = append(r.ids, single.ID)
	}
	return r, nil
}

// names says whether the response speaks of this certificate of this issuer,
// and of no other one with the same serial number.
func (r *ocspResponse) names(cert, issuer *x509.Certificate) bool {
	found := false
	for _, id := range r.ids {
		if id.Serial == nil || id.Serial.Cmp(cert.SerialNumber) != 0 {
			continue
		}
		if !id.isIssuer(issuer) {
			return false
		}
		found = true
	}
	return found
}

func (id *certID) isIssuer(issuer *x509.Certificate) bool {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &spki); err != nil {
		return false
	}
	for _, known := range ocspHashes {
		if id.Hash.Algorithm.Equal(known.oid) && known.hash.Available() {
			return bytes.Equal(id.NameHash, sum(known.hash, issuer.RawSubject)) &&
				bytes.Equal(id.KeyHash, sum(known.hash, spki.Key.RightAlign()))
		}
	}
	return false
}

func sum(h crypto.Hash, data []byte) []byte {
	d := h.New()
	d.Write(data)
	return d.Sum(nil)
}

// about says what the response states on a certificate that it names, or why
// it states nothing.
func (r *ocspResponse) about(cert, issuer *x509.Certificate, allowSHA1 bool) (*statement, string) {
	resp, err := ocsp.ParseResponseForCert(r.raw, cert, nil)
	if err != nil {
		return nil, "OCSP response: " + err.Error()
	}
	name := "OCSP response of " + stamp(resp.ThisUpdate)
	if isSHA1Algorithm(resp.SignatureAlgorithm) && !allowSHA1 {
		return nil, name + " is signed with SHA-1, not allowed by the policy"
	}
	if err := checkResponder(resp, issuer, allowSHA1); err != nil {
		return nil, name + ": " + err.Error()
	}
	st := &statement{source: name, thisUpdate: resp.ThisUpdate, nextUpdate: resp.NextUpdate, raw: r.raw, ocsp: true}
	for _, e := range resp.Extensions {
		if e.Id.Equal(oidArchiveCutoff) {
			_, _ = asn1.UnmarshalWithParams(e.Value, &st.expiredKept, "generalized")
		}
	}
	switch resp.Status {
	case ocsp.Good:
	case ocsp.Revoked:
		st.revoked, st.revokedAt, st.reason = true, resp.RevokedAt, resp.RevocationReason
	default:
		return nil, name + " does not know the certificate"
	}
	return st, ""
}

// checkResponder accepts the issuer itself and whom it delegated (RFC 6960
// §4.2.2.2): a certificate that the issuer signed, for OCSP signing, valid
// when the response was produced.
func checkResponder(resp *ocsp.Response, issuer *x509.Certificate, allowSHA1 bool) error {
	delegate := resp.Certificate
	if delegate == nil || bytes.Equal(delegate.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) {
		if resp.CheckSignatureFrom(issuer) != nil {
			return errors.New("not signed by the key of " + nameOf(issuer))
		}
		return nil
	}
	// ParseResponseForCert verified the response under the delegate's key.
	switch {
	case isSHA1(delegate) && !allowSHA1:
		return errors.New("the responder's certificate is signed with SHA-1, not allowed by the policy")
	case issuer.CheckSignature(delegate.SignatureAlgorithm, delegate.RawTBSCertificate, delegate.Signature) != nil:
		return errors.New("the responder's certificate is not by " + nameOf(issuer))
	case !slices.Contains(delegate.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("the responder's certificate is not for OCSP signing")
	case delegate.KeyUsage != 0 && delegate.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return errors.New("the responder's key usage excludes signatures")
	case resp.ProducedAt.Before(delegate.NotBefore) || resp.ProducedAt.After(delegate.NotAfter):
		return errors.New("the responder's certificate was not valid when it answered")
	}
	return nil
}
