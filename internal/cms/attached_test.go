package cms_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
	"go.mozilla.org/pkcs7"
)

// verifyAttached asks OpenSSL about a SignedData with content inside, and
// returns the content that it took out.
func (o *oracle) verifyAttached(p7m []byte, args ...string) ([]byte, []byte, error) {
	o.write("in.p7m", p7m)
	o.write("verified", nil)
	args = append([]string{"cms", "-verify", "-binary", "-inform", "DER", "-in", "in.p7m", "-out", "verified"}, args...)
	text, err := o.run(args...)
	return o.read("verified"), text, err
}

// TestSignAttachedOpenSSLVerifies: every key and digest, with chain and dates,
// by OpenSSL, by go.mozilla.org/pkcs7 and by ourselves.
func TestSignAttachedOpenSSLVerifies(t *testing.T) {
	o := newOracle(t)
	trusting := []string{"-CAfile", "ca.crt", "-purpose", "smimesign", "-attime", "1772000000", "-auth_level", "0"}
	for _, key := range []string{"rsa2048", "rsa1024", "rsa4096", "p256", "p384"} {
		for _, h := range []crypto.Hash{0, crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			s := signing(key, h)
			s.Chain = person(key).Chain
			p7m, err := cms.SignAttached(content, s)
			require.NoError(t, err)

			inside, text, err := o.verifyAttached(p7m, trusting...)
			require.NoError(t, err, "%s %v %s", key, h, text)
			require.Equal(t, content, inside)

			other, err := pkcs7.Parse(p7m)
			require.NoError(t, err)
			require.Equal(t, content, other.Content)
			require.NoError(t, other.Verify())

			sd, err := cms.Parse(p7m, nil)
			require.NoError(t, err)
			require.True(t, sd.HasContent && !sd.BER)
			require.Equal(t, content, sd.Content)
			require.Equal(t, cms.TypeData, sd.EContentType)
			require.Empty(t, sd.Findings)
			require.Zero(t, sd.TrailingBytes)
			r := sd.Verify(0, s.Certificate, nil)
			require.True(t, r.OK(), r.Err)
			require.False(t, r.NonDERAttributes)
			require.Equal(t, noon.UTC().Truncate(time.Second), r.SigningTime)

			i := bytes.Index(p7m, content)
			require.Positive(t, i)
			p7m[i] ^= 1
			_, _, err = o.verifyAttached(p7m, trusting...)
			require.Error(t, err)
			sd, err = cms.Parse(p7m, nil)
			require.NoError(t, err)
			require.ErrorIs(t, sd.Verify(0, s.Certificate, nil).Err, cms.ErrMessageDigest)
		}
	}
}

// TestSignAttachedSizes: the content is inside to the octet, however long.
func TestSignAttachedSizes(t *testing.T) {
	o := newOracle(t)
	for _, n := range []int{0, 1, 127, 128, 255, 256, 65535, 65536, 3 << 20} {
		content := bytes.Repeat([]byte{'\n', 0, 0xff, 'x'}, n/4+1)[:n]
		p7m, err := cms.SignAttached(content, signing("rsa2048", 0))
		require.NoError(t, err)
		inside, text, err := o.verifyAttached(p7m, "-CAfile", "ca.crt", "-purpose", "smimesign", "-attime", "1772000000")
		require.NoError(t, err, "%d %s", n, text)
		require.True(t, bytes.Equal(content, inside), n)
		sd, err := cms.Parse(p7m, &cms.Limits{Size: 8 << 20})
		require.NoError(t, err)
		require.True(t, sd.HasContent)
		require.True(t, bytes.Equal(content, sd.Content), n)
		r := sd.Verify(0, rsaCert(), nil)
		require.True(t, r.OK(), r.Err)
	}
}

// TestSignAttachedIsSignWithContent: the two differ in the content alone.
func TestSignAttachedIsSignWithContent(t *testing.T) {
	p7s, err := cms.Sign(sum(crypto.SHA256, content), signing("rsa2048", 0))
	require.NoError(t, err)
	p7m, err := cms.SignAttached(content, signing("rsa2048", 0))
	require.NoError(t, err)
	again, err := cms.SignAttached(content, signing("rsa2048", 0))
	require.NoError(t, err)
	require.Equal(t, p7m, again)
	_, detached := decodeStrict(t, p7s)
	_, attached := decodeStrict(t, p7m)
	require.Equal(t, tlv(0xa0, octet(content)), attached.Encap.Content.FullBytes)
	attached.Encap.Content = detached.Encap.Content
	require.Equal(t, detached.Signers, attached.Signers)
	require.Equal(t, detached.DigestAlgorithms, attached.DigestAlgorithms)

	none, err := cms.SignAttached(nil, signing("rsa2048", 0))
	require.NoError(t, err)
	sd, err := cms.Parse(none, nil)
	require.NoError(t, err)
	require.True(t, sd.HasContent)
	r := sd.Verify(0, rsaCert(), nil)
	require.True(t, r.OK(), r.Err)
}

func TestSignAttachedRefuses(t *testing.T) {
	_, err := cms.SignAttached(content, nil)
	requireError(t, err, cms.ErrCertificateMissing)
	s := signing("rsa2048", crypto.MD5)
	_, err = cms.SignAttached(content, s)
	requireError(t, err, cms.ErrUnsupportedAlgorithm)
	s = signing("rsa2048", 0)
	s.Key = testpki.RSAKey(11, "beta", 2048)
	_, err = cms.SignAttached(content, s)
	requireError(t, err, cms.ErrKeyMismatch)
}

// Another content type and further attributes, as a time-stamp token has them.
func TestSignOtherContentType(t *testing.T) {
	s := signing("rsa2048", crypto.SHA256)
	s.ContentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	ess := func(names []byte) []byte {
		sum := sha256.Sum256(s.Certificate.Raw)
		return seq(seq(seq(octet(sum[:]), seq(seq(names), must(asn1.Marshal(s.Certificate.SerialNumber))))))
	}
	for name, c := range map[string]struct {
		value []byte
		want  cms.Presence
	}{
		"issuer":         {ess(tlv(0xa4, s.Certificate.RawIssuer)), cms.Match},
		"another issuer": {ess(tlv(0xa4, s.Certificate.RawSubject)), cms.Mismatch},
		"no issuer":      {ess(tlv(0x82, []byte("tsa.example"))), cms.Mismatch},
		"nothing":        {ess(nil), cms.Mismatch},
	} {
		s.Attributes = []cms.Attribute{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}, Value: c.value}}
		der, err := cms.SignAttached([]byte("content"), s)
		require.NoError(t, err)
		sd, err := cms.Parse(der, nil)
		require.NoError(t, err)
		require.Equal(t, "1.2.840.113549.1.9.16.1.4", sd.EContentType)
		require.Equal(t, 3, sd.Version)
		require.False(t, sd.BER)
		require.True(t, sd.Names(0, s.Certificate.Raw))
		require.False(t, sd.Names(1, s.Certificate.Raw))
		r := sd.Verify(0, s.Certificate, nil)
		require.Equal(t, c.want, r.ESSCertificate, name)
		require.Equal(t, c.want == cms.Match, r.OK(), name)
		require.False(t, r.NonDERAttributes)
	}
	s.Attributes[0].Type = nil
	_, err := cms.SignAttached([]byte("content"), s)
	require.Error(t, err)
}
