package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxCRL bounds one certificate revocation list.
const maxCRL = 64 << 20

var (
	oidIssuingDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidInvalidityDate           = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidReasonCode               = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidExpiredCertsOnCRL        = asn1.ObjectIdentifier{2, 5, 29, 60}
)

// crl is a certificate revocation list with what was found out about it.
type crl struct {
	list        *x509.RevocationList
	problem     string // why it cannot be used at all (indirect, delta, …)
	scope       distributionPoint
	expiredKept time.Time

	verifiedBy atomic.Pointer[[32]byte] // key under which the signature held
	index      sync.Once
	bySerial   map[string]int
}

// distributionPoint is the issuingDistributionPoint extension (RFC 5280
// §5.2.5).
type distributionPoint struct {
	Name           asn1.RawValue  `asn1:"optional,tag:0"`
	OnlyUsers      bool           `asn1:"optional,tag:1"`
	OnlyCAs        bool           `asn1:"optional,tag:2"`
	SomeReasons    asn1.BitString `asn1:"optional,tag:3"`
	Indirect       bool           `asn1:"optional,tag:4"`
	OnlyAttributes bool           `asn1:"optional,tag:5"`
}

// parseCRL reads DER or PEM.
func parseCRL(raw []byte) (*crl, error) {
	if len(raw) > maxCRL {
		return nil, fmt.Errorf("longer than %d bytes", maxCRL)
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("-----BEGIN")) {
		block, _ := pem.Decode(raw)
		if block == nil || block.Type != "X509 CRL" {
			return nil, errors.New("PEM without an X509 CRL block")
		}
		raw = block.Bytes
	}
	list, err := x509.ParseRevocationList(bytes.Clone(raw))
	if err != nil {
		return nil, err
	}
	c := &crl{list: list}
	for _, e := range list.Extensions {
		switch {
		case e.Id.Equal(oidIssuingDistributionPoint):
			if rest, err := asn1.Unmarshal(e.Value, &c.scope); err != nil || len(rest) > 0 {
				c.problem = "its issuing distribution point cannot be read"
			} else if c.scope.Indirect || c.scope.OnlyAttributes || len(c.scope.SomeReasons.Bytes) > 0 {
				c.problem = "it is indirect or covers only some reasons"
			}
		case e.Id.Equal(oidExpiredCertsOnCRL):
			_, _ = asn1.UnmarshalWithParams(e.Value, &c.expiredKept, "generalized")
		case e.Critical:
			c.problem = "critical extension " + e.Id.String() + " is not supported"
		}
	}
	return c, nil
}

// about says what the list states on a certificate, or why it states nothing.
func (c *crl) about(cert, issuer *x509.Certificate, allowSHA1 bool) (*statement, string) {
	name := "CRL of " + stamp(c.list.ThisUpdate)
	switch {
	case c.problem != "":
		return nil, name + ": " + c.problem
	case c.scope.OnlyUsers && cert.IsCA, c.scope.OnlyCAs && !cert.IsCA, !c.reaches(cert):
		return nil, name + " does not cover this kind of certificate"
	case isSHA1Algorithm(c.list.SignatureAlgorithm) && !allowSHA1:
		return nil, name + " is signed with SHA-1, not allowed by the policy"
	case !c.signedBy(issuer):
		return nil, name + " is not signed by the key of " + nameOf(issuer)
	}
	st := &statement{source: name, thisUpdate: c.list.ThisUpdate, nextUpdate: c.list.NextUpdate, expiredKept: c.expiredKept, raw: c.list.Raw}
	c.index.Do(func() {
		c.bySerial = make(map[string]int, len(c.list.RevokedCertificateEntries))
		for i, e := range c.list.RevokedCertificateEntries {
			key := string(e.SerialNumber.Bytes())
			if e.SerialNumber.Sign() < 0 {
				continue // no certificate that we read has one
			}
			if have, twice := c.bySerial[key]; !twice || e.RevocationTime.Before(c.list.RevokedCertificateEntries[have].RevocationTime) {
				c.bySerial[key] = i
			}
		}
	})
	i, listed := c.bySerial[string(cert.SerialNumber.Bytes())]
	if !listed {
		return st, ""
	}
	entry := &c.list.RevokedCertificateEntries[i]
	st.revoked, st.revokedAt, st.reason = true, entry.RevocationTime, entry.ReasonCode
	for _, e := range entry.Extensions {
		switch {
		case e.Id.Equal(oidInvalidityDate):
			_, _ = asn1.UnmarshalWithParams(e.Value, &st.invalidFrom, "generalized")
		case e.Critical && !e.Id.Equal(oidReasonCode):
			return nil, name + ": critical entry extension " + e.Id.String() + " is not supported"
		}
	}
	return st, ""
}

// signedBy checks the signature, once for the key under which it holds.
func (c *crl) signedBy(issuer *x509.Certificate) bool {
	key := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	if by := c.verifiedBy.Load(); by != nil && *by == key {
		return true
	}
	if c.list.CheckSignatureFrom(issuer) != nil {
		return false
	}
	c.verifiedBy.Store(&key)
	return true
}

// reaches says whether a list for one distribution point is the certificate's:
// one of its URIs has to be among the certificate's own.
func (c *crl) reaches(cert *x509.Certificate) bool {
	if len(c.scope.Name.FullBytes) == 0 {
		return true
	}
	var name asn1.RawValue // fullName [0] or nameRelativeToCRLIssuer [1]
	if _, err := asn1.Unmarshal(c.scope.Name.Bytes, &name); err != nil || name.Tag != 0 {
		return false
	}
	for rest := name.Bytes; len(rest) > 0; {
		var general asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &general); err != nil {
			return false
		}
		const uri = 6
		if general.Class == asn1.ClassContextSpecific && general.Tag == uri && slices.Contains(cert.CRLDistributionPoints, string(general.Bytes)) {
			return true
		}
	}
	return false
}

func isSHA1Algorithm(a x509.SignatureAlgorithm) bool {
	return a == x509.SHA1WithRSA || a == x509.ECDSAWithSHA1 || a == x509.DSAWithSHA1
}
