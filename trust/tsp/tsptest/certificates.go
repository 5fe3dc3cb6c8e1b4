package tsptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"

	"github.com/certmail/certmail/internal/testpki"
)

var (
	oidExtKeyUsage     = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidEmailProtection = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4}
)

const signerSerial = 4711

// certify makes keys and certificates, as the fault would have them.
func (a *Authority) certify() {
	c := &a.config
	seed, fault := c.Seed, c.Fault
	a.root = root(seed, c.Name).Certificate
	if fault == Impostor {
		seed++
	}
	issuer := root(seed, c.Name)
	a.key = c.Key
	if a.key == nil || fault == Impostor {
		a.key = testpki.RSAKey(seed, "tsa "+c.Name, 2048)
	}
	if key, ok := a.key.(*ecdsa.PrivateKey); ok {
		a.key = deterministic{key}
	}
	a.signer = issue(issuer, a.key.Public(), c.Name, signerSerial, func(t *x509.Certificate) {
		if !c.NotBefore.IsZero() {
			t.NotBefore = c.NotBefore
		}
		if !c.NotAfter.IsZero() {
			t.NotAfter = c.NotAfter
		}
		bend(t, fault)
	})
	stranger := issue(issuer, testpki.RSAKey(seed, "stranger "+c.Name, 2048).Public(), c.Name+" Stranger", signerSerial+1, nil)
	a.named = a.signer
	if fault == OtherSigningCertificate {
		a.named = stranger
	}
	a.bag = [][]byte{a.signer.Raw}
	switch fault {
	case NoCertificates:
		a.bag = nil
	case DecoyFirst:
		twin := issue(root(seed+1, c.Name), testpki.RSAKey(seed, "twin "+c.Name, 2048).Public(), c.Name, signerSerial, nil)
		a.bag = [][]byte{twin.Raw, stranger.Raw, a.signer.Raw}
	case DecoySigned:
		a.bag = [][]byte{stranger.Raw, a.signer.Raw}
	}
}

func root(seed uint64, name string) *testpki.Authority {
	return testpki.NewAuthority(seed, name+" Root", nil)
}

// issue makes a certificate for time-stamping (RFC 3161 §2.3), which change may
// bend.
func issue(issuer *testpki.Authority, public crypto.PublicKey, name string, serial int64, change func(*x509.Certificate)) *x509.Certificate {
	return issuer.Issue(publicOnly{public: public}, name, "", func(t *x509.Certificate) {
		t.SerialNumber = big.NewInt(serial)
		t.Subject = pkix.Name{Country: []string{"IT"}, Organization: []string{"Certmail Test"}, CommonName: name}
		t.EmailAddresses, t.Policies, t.ExtKeyUsage = nil, nil, nil
		t.ExtraExtensions = []pkix.Extension{usage(true, oidTimeStamping)}
		if change != nil {
			change(t)
		}
	}).Certificate
}

func bend(t *x509.Certificate, fault Fault) {
	switch fault {
	case Expired:
		t.NotAfter = t.NotBefore.Add(time.Second)
	case NotYetValid:
		t.NotBefore = t.NotAfter.Add(-time.Second)
	case UsageMissing:
		t.ExtraExtensions = nil
	case UsageNotCritical:
		t.ExtraExtensions = []pkix.Extension{usage(false, oidTimeStamping)}
	case UsageNotAlone:
		t.ExtraExtensions = []pkix.Extension{usage(true, oidTimeStamping, oidEmailProtection)}
	case UsageMail, DecoySigned:
		t.ExtraExtensions = []pkix.Extension{usage(true, oidEmailProtection)}
	case KeyUsage:
		t.KeyUsage |= x509.KeyUsageKeyEncipherment
	case CA:
		t.IsCA, t.BasicConstraintsValid = true, true
		t.KeyUsage |= x509.KeyUsageCertSign
	}
}

// usage is an extended key usage extension.
func usage(critical bool, purposes ...asn1.ObjectIdentifier) pkix.Extension {
	value, err := asn1.Marshal(purposes)
	if err != nil {
		panic("tsptest: " + err.Error()) // a mistake in this file
	}
	return pkix.Extension{Id: oidExtKeyUsage, Critical: critical, Value: value}
}

// publicOnly is a key that has only to be certified.
type publicOnly struct {
	crypto.Signer
	public crypto.PublicKey
}

func (k publicOnly) Public() crypto.PublicKey { return k.public }
