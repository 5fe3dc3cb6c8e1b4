package cms_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
	"go.mozilla.org/pkcs7"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 987654321, time.FixedZone("CET", 3600))

// remote is a key somewhere else: any type of the caller's.
type remote struct {
	crypto.Signer
	spoil bool
	err   error
}

func (k remote) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if k.err != nil {
		return nil, k.err
	}
	sig, err := k.Signer.Sign(r, digest, o)
	if k.spoil {
		sig[0] ^= 1
	}
	return sig, err
}

func signing(key string, h crypto.Hash) *cms.Signing {
	leaf := person(key)
	return &cms.Signing{Key: leaf.Key, Certificate: leaf.Certificate, Hash: h, SigningTime: noon}
}

// TestSignOpenSSLVerifies: every key and digest, verified with chain, dates and
// S/MIME purpose by OpenSSL, by go.mozilla.org/pkcs7 and by ourselves.
func TestSignOpenSSLVerifies(t *testing.T) {
	o := newOracle(t)
	for _, key := range []string{"rsa2048", "rsa1024", "rsa4096", "p256", "p384"} {
		for _, h := range []crypto.Hash{0, crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			for _, ess := range []bool{false, true} {
				s := signing(key, h)
				s.IncludeESS = ess
				s.Chain = person(key).Chain
				s.Key = remote{Signer: s.Key}
				actual := h
				if h == 0 {
					actual = crypto.SHA256
				}
				p7s, err := cms.Sign(sum(actual, content), s)
				require.NoError(t, err)

				args := []string{"-CAfile", "ca.crt", "-purpose", "smimesign", "-attime", "1772000000", "-auth_level", "0"}
				if ess {
					args = append(args, "-cades")
				}
				out, err := o.verify(p7s, content, args...)
				require.NoError(t, err, "%s %v %s", key, actual, out)
				_, err = o.verify(p7s, []byte("other"), args...)
				require.Error(t, err)

				other, err := pkcs7.Parse(p7s)
				require.NoError(t, err)
				other.Content = content
				require.NoError(t, other.Verify())

				sd, err := cms.Parse(p7s, nil)
				require.NoError(t, err)
				require.False(t, sd.BER || sd.HasContent)
				require.Empty(t, sd.Findings)
				require.Len(t, sd.Signers, 1)
				require.Equal(t, [][]byte{s.Certificate.Raw, s.Chain[0].Raw}, sd.Certificates)
				require.Equal(t, s.Certificate.Raw, sd.CertificateOf(0))
				r := sd.Verify(0, s.Certificate, digester(content))
				require.True(t, r.OK(), r.Err)
				require.False(t, r.NonDERAttributes)
				require.Equal(t, actual, r.Digest)
				require.Equal(t, noon.UTC().Truncate(time.Second), r.SigningTime)
				require.Equal(t, ess, r.ESSCertificate == cms.Match)
			}
		}
	}
}

// TestSignEd25519: OpenSSL 3.0 knows no Ed25519 in CMS, but it can verify the
// signature over the attributes.
func TestSignEd25519(t *testing.T) {
	o := newOracle(t)
	for _, h := range []crypto.Hash{0, crypto.SHA512} {
		s := signing("ed25519", h)
		p7s, err := cms.Sign(sum(crypto.SHA512, content), s)
		require.NoError(t, err)
		sd, err := cms.Parse(p7s, nil)
		require.NoError(t, err)
		r := sd.Verify(0, s.Certificate, digester(content))
		require.True(t, r.OK(), r.Err)
		require.Equal(t, "Ed25519", r.SignatureAlgorithm)
		attributes := bytes.Clone(sd.Signers[0].RawSignedAttributes)
		attributes[0] = 0x31
		o.write("attributes", attributes)
		o.write("signature", sd.Signers[0].Signature)
		out, err := o.run("pkeyutl", "-verify", "-rawin", "-certin", "-inkey", "ed25519.crt", "-in", "attributes", "-sigfile", "signature")
		require.NoError(t, err, string(out))
	}
	_, err := cms.Sign(sum(crypto.SHA256, content), signing("ed25519", crypto.SHA256))
	requireError(t, err, cms.ErrAlgorithmMismatch)
}

func TestSignDeterministic(t *testing.T) {
	for _, key := range []string{"rsa2048", "ed25519"} {
		a, err := cms.Sign(sum(crypto.SHA512, content), signing(key, crypto.SHA512))
		require.NoError(t, err)
		s := signing(key, crypto.SHA512)
		s.Key = remote{Signer: s.Key}
		b, err := cms.Sign(sum(crypto.SHA512, content), s)
		require.NoError(t, err)
		require.Equal(t, a, b)
	}
}

// TestSignForm: the octets are what the structure in RFC 5652 says, decoded by
// encoding/asn1.
func TestSignForm(t *testing.T) {
	p7s, err := cms.Sign(sum(crypto.SHA256, content), signing("rsa2048", 0))
	require.NoError(t, err)
	outer, sd := decodeStrict(t, p7s)
	require.True(t, outer.ContentType.Equal(pkcs7.OIDSignedData))
	require.Equal(t, 1, sd.Version)
	require.Equal(t, []pkix.AlgorithmIdentifier{{Algorithm: pkcs7.OIDDigestAlgorithmSHA256}}, sd.DigestAlgorithms)
	require.True(t, sd.Encap.Type.Equal(pkcs7.OIDData))
	require.Empty(t, sd.Encap.Content.FullBytes)
	require.Len(t, sd.Signers, 1)
	si := sd.Signers[0]
	require.Equal(t, 1, si.Version)
	require.True(t, si.Signature.Algorithm.Equal(pkcs7.OIDEncryptionAlgorithmRSA))
	require.Equal(t, asn1.NullBytes, si.Signature.Parameters.FullBytes)
	require.Empty(t, si.Digest.Parameters.FullBytes)
	require.Equal(t, rsaCert().SerialNumber, si.SID.Serial)
	require.Equal(t, rsaCert().RawIssuer, si.SID.Issuer.FullBytes)
	want := tlv(0xa0, sorted(attr(oidCT, oidData), attr(oidTime, utcTime("260301110000Z")), attr(oidMD, octet(sum(crypto.SHA256, content))))...)
	require.Equal(t, want, si.Attributes.FullBytes)

	late := signing("rsa2048", 0)
	late.SigningTime = time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)
	p7s, err = cms.Sign(sum(crypto.SHA256, content), late)
	require.NoError(t, err)
	require.True(t, bytes.Contains(p7s, tlv(0x18, []byte("20500101000000Z"))))

	before := time.Now().Add(-time.Second)
	late.SigningTime = time.Time{}
	p7s, err = cms.Sign(sum(crypto.SHA256, content), late)
	require.NoError(t, err)
	parsed, err := cms.Parse(p7s, nil)
	require.NoError(t, err)
	r := parsed.Verify(0, rsaCert(), digester(content))
	require.True(t, r.SigningTime.After(before) && !r.SigningTime.After(time.Now()))
}

func TestSignChain(t *testing.T) {
	ca := testpki.NewAuthority(12, "Root", nil)
	sub := ca.Sub("Sub", nil)
	leaf := sub.Provider("Gestore", "posta-certificata@x.example", nil)
	s := &cms.Signing{Key: leaf.Key, Certificate: leaf.Certificate, Chain: []*x509.Certificate{leaf.Certificate, sub.Certificate, nil, sub.Certificate}, SigningTime: noon}
	p7s, err := cms.Sign(sum(crypto.SHA256, content), s)
	require.NoError(t, err)
	sd, err := cms.Parse(p7s, nil)
	require.NoError(t, err)
	require.Equal(t, [][]byte{leaf.Certificate.Raw, sub.Certificate.Raw}, sd.Certificates)
	require.Equal(t, 1, bytes.Count(p7s, sub.Certificate.Raw))
	o := newOracle(t)
	o.write("root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Certificate.Raw}))
	out, err := o.verify(p7s, content, "-CAfile", "root.pem", "-purpose", "smimesign", "-attime", "1772000000")
	require.NoError(t, err, string(out))
}

// notAKey has a public key of no known type.
type notAKey struct{}

func (notAKey) Public() crypto.PublicKey                                  { return "?" }
func (notAKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, nil }

func TestSignRefuses(t *testing.T) {
	digest := sum(crypto.SHA256, content)
	good := signing("rsa2048", 0)
	mine := errors.New("token removed")
	for name, c := range map[string]struct {
		digest []byte
		edit   func(*cms.Signing)
		want   error
	}{
		"digest too short":     {digest: digest[:20], want: cms.ErrMessageDigest},
		"no digest":            {digest: []byte{}, want: cms.ErrMessageDigest},
		"digest of SHA-1":      {edit: func(s *cms.Signing) { s.Hash = crypto.SHA1 }, want: cms.ErrMessageDigest},
		"no key":               {edit: func(s *cms.Signing) { s.Key = nil }, want: cms.ErrCertificateMissing},
		"no certificate":       {edit: func(s *cms.Signing) { s.Certificate = nil }, want: cms.ErrCertificateMissing},
		"empty certificate":    {edit: func(s *cms.Signing) { s.Certificate = &x509.Certificate{} }, want: cms.ErrCertificateMissing},
		"MD5":                  {digest: make([]byte, 16), edit: func(s *cms.Signing) { s.Hash = crypto.MD5 }, want: cms.ErrUnsupportedAlgorithm},
		"SHA-224":              {digest: make([]byte, 28), edit: func(s *cms.Signing) { s.Hash = crypto.SHA224 }, want: cms.ErrUnsupportedAlgorithm},
		"another key":          {edit: func(s *cms.Signing) { s.Key = person("other").Key }, want: cms.ErrKeyMismatch},
		"key of another kind":  {edit: func(s *cms.Signing) { s.Key = person("p256").Key }, want: cms.ErrKeyMismatch},
		"key of no kind":       {edit: func(s *cms.Signing) { s.Key = notAKey{} }, want: cms.ErrUnsupportedAlgorithm},
		"remote key fails":     {edit: func(s *cms.Signing) { s.Key = remote{Signer: s.Key, err: mine} }, want: mine},
		"remote key lies":      {edit: func(s *cms.Signing) { s.Key = remote{Signer: s.Key, spoil: true} }, want: cms.ErrSignature},
		"small key":            {edit: func(s *cms.Signing) { s.Key = small() }, want: cms.ErrKeySize},
		"year nobody can name": {edit: func(s *cms.Signing) { s.SigningTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, want: nil},
	} {
		s := *good
		if c.edit != nil {
			c.edit(&s)
		}
		if c.digest == nil {
			c.digest = digest
		}
		p7s, err := cms.Sign(c.digest, &s)
		require.Error(t, err, name)
		require.Nil(t, p7s)
		if c.want != nil {
			requireError(t, err, c.want)
		}
	}
	_, err := cms.Sign(digest, nil)
	requireError(t, err, cms.ErrCertificateMissing)
	require.Equal(t, ed25519.PublicKeySize, len(person("ed25519").Key.Public().(ed25519.PublicKey)))
}

func small() *rsa.PrivateKey { return testpki.RSAKey(11, "tiny", 768) }
