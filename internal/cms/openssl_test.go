package cms_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/certmail/certmail/internal/cms"
	"github.com/stretchr/testify/require"
)

// shape is one way OpenSSL may sign.
type shape struct {
	name      string
	signers   []string // keys
	args      []string
	digest    crypto.Hash
	algorithm string
	ber       bool
	attached  bool
	noAttrs   bool
	noCerts   bool
	keyID     bool
	ess       cms.Presence
}

func shapes() []shape {
	names := map[crypto.Hash]string{crypto.SHA1: "sha1", crypto.SHA256: "sha256", crypto.SHA384: "sha384", crypto.SHA512: "sha512"}
	upper := func(h crypto.Hash) string { return strings.ToUpper(names[h]) }
	hashes := []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512}
	var all []shape
	for _, h := range hashes {
		md := []string{"-md", names[h]}
		for _, key := range []string{"rsa2048", "rsa1024", "rsa4096"} {
			all = append(all, shape{name: key + " " + names[h], signers: []string{key}, args: md, digest: h, algorithm: "RSA-PKCS1v15-" + upper(h)})
		}
		for _, key := range []string{"p256", "p384"} {
			all = append(all, shape{name: key + " " + names[h], signers: []string{key}, args: md, digest: h, algorithm: "ECDSA-" + upper(h)})
		}
		pss := append([]string{"-keyopt", "rsa_padding_mode:pss"}, md...)
		all = append(all, shape{name: "pss " + names[h], signers: []string{"rsa2048"}, args: pss, digest: h, algorithm: "RSASSA-PSS-" + upper(h)})
	}
	rsa256 := func(s shape, args ...string) shape {
		if s.signers == nil {
			s.signers = []string{"rsa2048"}
		}
		if s.algorithm == "" {
			s.algorithm = "RSA-PKCS1v15-SHA256"
		}
		s.args = append([]string{"-md", "sha256"}, args...)
		s.digest = crypto.SHA256
		return s
	}
	for _, salt := range []string{"0", "8", "digest", "max"} {
		all = append(all, rsa256(shape{name: "pss salt " + salt, algorithm: "RSASSA-PSS-SHA256"}, "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:"+salt))
	}
	// With DER output and -stream OpenSSL always puts the content inside.
	return append(all,
		rsa256(shape{name: "no attributes", noAttrs: true}, "-noattr"),
		rsa256(shape{name: "no attributes stream", noAttrs: true, ber: true, attached: true}, "-noattr", "-stream"),
		rsa256(shape{name: "key identifier", keyID: true}, "-keyid"),
		rsa256(shape{name: "key identifier stream", keyID: true, ber: true, attached: true}, "-keyid", "-stream"),
		rsa256(shape{name: "stream", ber: true, attached: true}, "-stream"),
		rsa256(shape{name: "indef", ber: true, attached: true}, "-indef"),
		rsa256(shape{name: "ECDSA stream key identifier", signers: []string{"p256"}, algorithm: "ECDSA-SHA256", ber: true, attached: true, keyID: true}, "-stream", "-keyid"),
		rsa256(shape{name: "no certificates", noCerts: true}, "-nocerts"),
		rsa256(shape{name: "cades", ess: cms.Match}, "-cades"),
		rsa256(shape{name: "cades stream", ess: cms.Match, ber: true, attached: true}, "-cades", "-stream"),
		rsa256(shape{name: "two signers", signers: []string{"rsa2048", "other"}}),
		rsa256(shape{name: "two signers stream", signers: []string{"rsa2048", "other"}, ber: true, attached: true}, "-stream"),
		rsa256(shape{name: "no capabilities"}, "-nosmimecap"),
		rsa256(shape{name: "chain inside"}, "-certfile", "ca.crt"),
		rsa256(shape{name: "attached", attached: true}, "-nodetach"),
		rsa256(shape{name: "attached stream", attached: true, ber: true}, "-nodetach", "-stream"),
		// OpenSSL's ESS v1 needs SHA-1.
		shape{name: "cades v1", signers: []string{"rsa2048"}, args: []string{"-md", "sha1", "-cades"}, digest: crypto.SHA1, algorithm: "RSA-PKCS1v15-SHA1", ess: cms.Match},
	)
}

// TestOpenSSLSigns: our verdict on every shape that OpenSSL can write.
func TestOpenSSLSigns(t *testing.T) {
	o := newOracle(t)
	content := []byte("Content-Type: text/plain\r\n\r\nRicevuta di avvenuta consegna\r\n")
	altered := bytes.Replace(content, []byte("avvenuta"), []byte("mancata "), 1)
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			var args []string
			for _, key := range s.signers {
				args = append(args, "-signer", key+".crt", "-inkey", key+".key")
			}
			args = append(args, s.args...) // key options follow the signer
			p7s := o.sign(content, args...)
			sd, err := cms.Parse(p7s, nil)
			require.NoError(t, err)
			require.Equal(t, s.ber, sd.BER)
			require.Equal(t, s.attached, sd.HasContent)
			require.Equal(t, cms.TypeData, sd.EContentType)
			require.Len(t, sd.Signers, len(s.signers))
			require.Empty(t, sd.Findings)
			require.Zero(t, sd.TrailingBytes)
			if s.attached {
				require.Equal(t, content, sd.Content)
			}
			found := make(map[string]bool)
			for i := range sd.Signers {
				require.Equal(t, s.keyID, sd.Signers[i].SubjectKeyID != nil)
				require.Equal(t, s.keyID, sd.Signers[i].Issuer == nil)
				var cert *x509.Certificate
				if s.noCerts {
					require.Nil(t, sd.CertificateOf(i))
					require.Empty(t, sd.Certificates)
					cert = person(s.signers[i]).Certificate
					missing := sd.Verify(i, nil, digester(content))
					require.ErrorIs(t, missing.Err, cms.ErrCertificateMissing)
					require.True(t, missing.DigestOK && missing.ContentTypeOK && !missing.SignatureOK && !missing.OK())
				} else {
					cert, err = x509.ParseCertificate(sd.CertificateOf(i))
					require.NoError(t, err)
					require.Len(t, sd.CandidatesOf(i), 1)
				}
				for _, key := range s.signers {
					found[key] = found[key] || person(key).Certificate.Equal(cert)
				}
				r := sd.Verify(i, cert, digester(content))
				require.Equal(t, s.digest, r.Digest)
				require.Equal(t, s.algorithm, r.SignatureAlgorithm)
				if s.noAttrs {
					require.ErrorIs(t, r.Err, cms.ErrNoSignedAttributes)
					require.False(t, r.SignedAttributes || r.SignatureOK || r.DigestOK || r.OK())
					// The trap: an empty content must not help.
					require.ErrorIs(t, sd.Verify(i, cert, digester(nil)).Err, cms.ErrNoSignedAttributes)
					continue
				}
				require.NoError(t, r.Err)
				require.True(t, r.OK())
				require.False(t, r.SigningTime.IsZero())
				require.False(t, r.NonDERAttributes)
				require.Equal(t, s.ess, r.ESSCertificate)
				require.Equal(t, cms.Absent, r.AlgorithmProtection)
				if s.attached {
					inside := sd.Verify(i, cert, nil)
					require.True(t, inside.OK(), inside.Err)
				}

				r = sd.Verify(i, cert, digester(altered))
				require.ErrorIs(t, r.Err, cms.ErrMessageDigest)
				require.NotErrorIs(t, r.Err, cms.ErrSignature)
				require.True(t, r.SignatureOK && r.ContentTypeOK)
				require.False(t, r.DigestOK || r.OK())

				r = sd.Verify(i, person("ed25519").Certificate, digester(content))
				require.ErrorIs(t, r.Err, cms.ErrCertificateMismatch)
				require.False(t, r.SignatureOK || r.OK())
			}
			require.Len(t, found, len(s.signers))
			for key, ok := range found {
				require.True(t, ok, key)
			}
		})
	}
}

// TestOpenSSLLargeStream: content of 3 MB in BER pieces, where the Go libraries
// lose all but the first 4096 octets.
func TestOpenSSLLargeStream(t *testing.T) {
	o := newOracle(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 3<<16)
	p7m := o.sign(content, "-nodetach", "-stream", "-signer", "rsa2048.crt", "-inkey", "rsa2048.key")
	_, err := cms.Parse(p7m, nil)
	require.ErrorIs(t, err, cms.ErrTooLarge)
	sd, err := cms.Parse(p7m, &cms.Limits{Size: 8 << 20})
	require.NoError(t, err)
	require.True(t, sd.BER)
	require.True(t, bytes.Equal(content, sd.Content))
	r := sd.Verify(0, person("rsa2048").Certificate, nil)
	require.True(t, r.OK(), r.Err)
}

// TestOpenSSLCertificatesOnly: a bag without signers proves nothing.
func TestS17OpenSSLCertificatesOnly(t *testing.T) {
	o := newOracle(t)
	out, err := o.run("crl2pkcs7", "-nocrl", "-certfile", "ca.crt", "-outform", "DER", "-out", "bag.p7b")
	require.NoError(t, err, string(out))
	_, err = cms.Parse(o.read("bag.p7b"), nil)
	require.ErrorIs(t, err, cms.ErrNoSigners)
}

// TestOpenSSLUnsupportedDigests get an error that names the OID.
func TestOpenSSLUnsupportedDigests(t *testing.T) {
	o := newOracle(t)
	for md, oid := range map[string]string{
		"sha224": "2.16.840.1.101.3.4.2.4", "sha3-256": "2.16.840.1.101.3.4.2.8", "md5": "1.2.840.113549.2.5",
	} {
		p7s := o.sign([]byte("x"), "-md", md, "-signer", "rsa2048.crt", "-inkey", "rsa2048.key")
		sd, err := cms.Parse(p7s, nil)
		require.NoError(t, err, md)
		require.Equal(t, oid, sd.Signers[0].DigestOID)
		r := sd.Verify(0, person("rsa2048").Certificate, digester([]byte("x")))
		require.ErrorIs(t, r.Err, cms.ErrUnsupportedAlgorithm)
		require.ErrorContains(t, r.Err, oid)
		require.False(t, r.OK())
		require.Zero(t, r.Digest)
	}
}

// TestOpenSSLWeirdPSS: MGF1 with another digest is legal, but not for us.
func TestOpenSSLWeirdPSS(t *testing.T) {
	o := newOracle(t)
	p7s := o.sign([]byte("x"), "-md", "sha256", "-signer", "rsa2048.crt", "-inkey", "rsa2048.key",
		"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_mgf1_md:sha1")
	sd, err := cms.Parse(p7s, nil)
	require.NoError(t, err)
	r := sd.Verify(0, person("rsa2048").Certificate, digester([]byte("x")))
	require.ErrorIs(t, r.Err, cms.ErrUnsupportedAlgorithm)
	require.ErrorContains(t, r.Err, "1.2.840.113549.1.1.10")
	require.True(t, r.DigestOK)
	require.False(t, r.OK())
}
