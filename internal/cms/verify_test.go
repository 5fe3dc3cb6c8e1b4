package cms_test

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
)

// TestDigestFunctionFails: the caller's own trouble comes back.
func TestDigestFunctionFails(t *testing.T) {
	sd, err := cms.Parse(plain(), nil)
	require.NoError(t, err)
	mine := errors.New("not hashed with this one")
	r := sd.Verify(0, rsaCert(), func(h crypto.Hash) ([]byte, error) {
		require.Equal(t, crypto.SHA256, h)
		return nil, mine
	})
	require.ErrorIs(t, r.Err, mine)
	require.True(t, r.SignatureOK)
	require.False(t, r.DigestOK || r.OK())
	for _, n := range []int{0, 20, 31, 33} {
		r := sd.Verify(0, rsaCert(), func(crypto.Hash) ([]byte, error) { return make([]byte, n), nil })
		require.ErrorIs(t, r.Err, cms.ErrMessageDigest)
	}
}

func TestSmallKeysRefused(t *testing.T) {
	key := testpki.RSAKey(11, "tiny", 768)
	ca := testpki.NewAuthority(11, "CMS CA", nil)
	leaf := ca.Issue(person("rsa1024").Key, "tiny", "tiny@tiny.example", nil)
	// Go signs with no such key either: the certificate is given the key, and
	// any signature will do.
	cert := *leaf.Certificate
	cert.PublicKey = &key.PublicKey
	sd, err := cms.Parse(signedDataDraft{infos: [][]byte{signer{content: content, leaf: leaf}.info()}, certs: [][]byte{cert.Raw}}.build(), nil)
	require.NoError(t, err)
	r := sd.Verify(0, &cert, digester(content))
	require.ErrorIs(t, r.Err, cms.ErrKeySize)
	require.False(t, r.OK())
	cert.PublicKey = "no key"
	r = sd.Verify(0, &cert, digester(content))
	require.ErrorIs(t, r.Err, cms.ErrAlgorithmMismatch)
	r = sd.Verify(0, &x509.Certificate{}, digester(content))
	require.ErrorIs(t, r.Err, cms.ErrCertificateMismatch)
}

// TestSigningTimes in the forms met.
func TestSigningTimes(t *testing.T) {
	for in, want := range map[string]time.Time{
		"\x17\x0d181114120000Z":         time.Date(2018, 11, 14, 12, 0, 0, 0, time.UTC),
		"\x17\x0b1811141200Z":           time.Date(2018, 11, 14, 12, 0, 0, 0, time.UTC),
		"\x17\x11181114120000+0100":     time.Date(2018, 11, 14, 11, 0, 0, 0, time.UTC),
		"\x17\x0d491231235959Z":         time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC),
		"\x17\x0d500101000000Z":         time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC),
		"\x18\x0f20501114120000Z":       time.Date(2050, 11, 14, 12, 0, 0, 0, time.UTC),
		"\x18\x1120501114120000.5Z":     time.Date(2050, 11, 14, 12, 0, 0, 5e8, time.UTC),
		"\x17\x0d181314120000Z":         {},
		"\x17\x0f20501114120000Z":       {},
		"\x04\x0d181114120000Z":         {},
		"\x18\x0f\x00\x00501114120000Z": {},
	} {
		attrs := sorted(attr(oidCT, oidData), attr(oidMD, octet(sum(crypto.SHA256, content))), attr(oidTime, []byte(in)))
		sd, err := cms.Parse(detached(signer{content: content, attrs: attrs}), nil)
		require.NoError(t, err)
		r := sd.Verify(0, rsaCert(), digester(content))
		require.True(t, r.OK(), "%q %v", in, r.Err)
		require.Equal(t, want, r.SigningTime, "%q", in)
		require.Equal(t, want.IsZero(), len(r.Findings) == 1, "%q", in)
	}
}

// TestWithoutCertificate: what needs none is still checked.
func TestWithoutCertificate(t *testing.T) {
	ess := attr(oidESS2, seq(seq(seq(octet(sum(crypto.SHA256, rsaCert().Raw))))))
	sd, err := cms.Parse(signedDataDraft{infos: [][]byte{signer{content: content, attrs: with(ess)}.info()}, certs: [][]byte{person("other").Certificate.Raw}}.build(), nil)
	require.NoError(t, err)
	require.Nil(t, sd.CertificateOf(0))
	r := sd.Verify(0, nil, digester(content))
	requireError(t, r.Err, cms.ErrCertificateMissing)
	require.NotErrorIs(t, r.Err, cms.ErrSignature)
	require.True(t, r.SignedAttributes && r.ContentTypeOK && r.DigestOK)
	require.False(t, r.SignatureOK || r.OK())
	require.Equal(t, cms.Unchecked, r.ESSCertificate)
	require.Equal(t, "RSA-PKCS1v15-SHA256", r.SignatureAlgorithm)
	r = sd.Verify(0, rsaCert(), digester(content))
	require.True(t, r.OK(), r.Err)
}

// TestAllTroublesAtOnce: the error names every one of them.
func TestAllTroublesAtOnce(t *testing.T) {
	s := signer{leaf: person("other"), named: person("rsa2048"), attrs: [][]byte{attr(oidMD, octet(make([]byte, 32)))}}
	sd, err := cms.Parse(detached(s), nil)
	require.NoError(t, err)
	r := sd.Verify(0, rsaCert(), digester(content))
	for _, want := range []error{cms.ErrContentType, cms.ErrMessageDigest, cms.ErrSignature} {
		requireError(t, r.Err, want)
	}
	require.EqualError(t, r.Err, "cms: signer 1: contentType: contentType attribute does not match: it is missing; "+
		"cms: signer 1: messageDigest: messageDigest does not match; cms: signer 1: signature does not verify")
}

func TestPresenceNames(t *testing.T) {
	require.Equal(t, "absent match mismatch unchecked", fmt.Sprint(cms.Absent, " ", cms.Match, " ", cms.Mismatch, " ", cms.Unchecked))
}
