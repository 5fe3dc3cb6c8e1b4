package cms_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"testing"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
)

func rsaCert() *x509.Certificate { return person("rsa2048").Certificate }

func plain() []byte { return detached(signer{content: content}) }

// requireError: every error of Parse is an *Error around a sentinel.
func requireError(t *testing.T, err, sentinel error) {
	t.Helper()
	require.ErrorIs(t, err, sentinel)
	var typed *cms.Error
	require.ErrorAs(t, err, &typed)
	require.NotEmpty(t, typed.Part)
	require.ErrorContains(t, err, "cms: ")
}

func TestS15DetachedWithContent(t *testing.T) {
	p7s := signedDataDraft{infos: [][]byte{signer{content: content}.info()}, eContent: tlv(0xa0, octet([]byte("forged")))}.build()
	sd, err := cms.Parse(p7s, nil)
	require.NoError(t, err)
	require.True(t, sd.HasContent)
	require.Equal(t, "forged", string(sd.Content))
	// Verified over the message beside, as every reader would; HasContent is
	// what the caller refuses. Over the content inside it does not hold.
	r := sd.Verify(0, rsaCert(), digester(content))
	require.True(t, r.OK())
	r = sd.Verify(0, rsaCert(), nil)
	require.ErrorIs(t, r.Err, cms.ErrMessageDigest)
	require.False(t, r.OK())
}

func TestEmptyContentInsideCounts(t *testing.T) {
	for _, empty := range [][]byte{tlv(0xa0, octet(nil)), endless(0xa0, endless(0x24))} {
		sd, err := cms.Parse(signedDataDraft{infos: [][]byte{signer{}.info()}, eContent: empty}.build(), nil)
		require.NoError(t, err)
		require.True(t, sd.HasContent)
		require.Empty(t, sd.Content)
	}
}

func TestContentInPieces(t *testing.T) {
	pieces := endless(0x24, octet(content[:7]), endless(0x24, octet(content[7:9]), tlv(0x24, octet(content[9:20]), octet(nil))), octet(content[20:]))
	sd, err := cms.Parse(signedDataDraft{infos: [][]byte{signer{content: content}.info()}, eContent: endless(0xa0, pieces), ber: true}.build(), nil)
	require.NoError(t, err)
	require.True(t, sd.BER)
	require.Equal(t, content, sd.Content)
	r := sd.Verify(0, rsaCert(), nil)
	require.True(t, r.OK(), r.Err)

	for _, bad := range [][]byte{endless(0x24, integer(1)), tlv(0x24, []byte{4}), tlv(0x24, []byte{0x24, 0x80, 4, 1, 0}), tlv(0x24, []byte{0, 0})} {
		_, err := cms.Parse(signedDataDraft{infos: [][]byte{signer{}.info()}, eContent: endless(0xa0, bad)}.build(), nil)
		require.Error(t, err, "%x", bad)
	}
}

func TestContentOfAnotherType(t *testing.T) {
	// PKCS #7 with a SEQUENCE as the content: the digest leaves out the header.
	inner := seq(integer(1), integer(2))
	s := signer{content: inner[2:], attrs: sorted(attr(oidCT, oidTST), attr(oidMD, octet(sum(crypto.SHA256, inner[2:]))))}
	sd, err := cms.Parse(signedDataDraft{infos: [][]byte{s.info()}, eType: oidTST, eContent: tlv(0xa0, inner)}.build(), nil)
	require.NoError(t, err)
	require.Equal(t, "1.2.840.113549.1.9.16.1.4", sd.EContentType)
	require.Equal(t, "content-not-octet-string", sd.Findings[0].Code)
	r := sd.Verify(0, rsaCert(), nil)
	require.True(t, r.OK(), r.Err)
}

func TestContentDigest(t *testing.T) {
	sd, err := cms.Parse(plain(), nil)
	require.NoError(t, err)
	_, err = sd.ContentDigest(crypto.SHA256)
	require.ErrorIs(t, err, cms.ErrMessageDigest)
	r := sd.Verify(0, rsaCert(), nil)
	require.ErrorIs(t, r.Err, cms.ErrMessageDigest)
	sd, err = cms.Parse(signedDataDraft{infos: [][]byte{signer{content: content}.info()}, eContent: tlv(0xa0, octet(content))}.build(), nil)
	require.NoError(t, err)
	for h := range digestOIDs {
		digest, err := sd.ContentDigest(h)
		require.NoError(t, err)
		require.Equal(t, sum(h, content), digest)
	}
	_, err = sd.ContentDigest(crypto.MD5)
	require.ErrorIs(t, err, cms.ErrUnsupportedAlgorithm)
}

func TestS17NoSigners(t *testing.T) {
	sd, err := cms.Parse(signedDataDraft{}.build(), nil)
	requireError(t, err, cms.ErrNoSigners)
	require.Nil(t, sd)
	sd, err = cms.Parse(plain(), nil)
	require.NoError(t, err)
	for _, i := range []int{-1, 1, 1 << 30} {
		r := sd.Verify(i, rsaCert(), digester(content))
		requireError(t, r.Err, cms.ErrNoSigners)
		require.False(t, r.OK())
		require.Nil(t, sd.CertificateOf(i))
		require.Nil(t, sd.CandidatesOf(i))
	}
	var none cms.Result
	require.False(t, none.OK(), "the zero Result accepts nothing")
	r := new(cms.SignedData).Verify(0, rsaCert(), nil)
	require.False(t, r.OK())
}

func TestS18TwoSignersOneBad(t *testing.T) {
	for _, swap := range []bool{false, true} {
		good := signer{content: content}.info()
		bad := signer{content: content, leaf: person("rsa2048"), named: person("other")}.info()
		infos := [][]byte{good, bad}
		if swap {
			infos = [][]byte{bad, good}
		}
		sd, err := cms.Parse(signedDataDraft{infos: infos}.build(), nil)
		require.NoError(t, err)
		require.Len(t, sd.Signers, 2)
		oks := 0
		for i := range sd.Signers {
			cert, err := x509.ParseCertificate(sd.CertificateOf(i))
			require.NoError(t, err)
			r := sd.Verify(i, cert, digester(content))
			if r.OK() {
				oks++
				require.True(t, cert.Equal(rsaCert()))
				continue
			}
			requireError(t, r.Err, cms.ErrSignature)
			require.ErrorContains(t, r.Err, fmt.Sprintf("signer %d", i+1))
			require.True(t, r.DigestOK && r.ContentTypeOK)
		}
		require.Equal(t, 1, oks)
	}
}

// TestSameIssuerAndSerial: somebody puts another certificate with the signer's
// name in front.
func TestSameIssuerAndSerial(t *testing.T) {
	ca := testpki.NewAuthority(11, "CMS CA", nil)
	twin := ca.Issue(testpki.RSAKey(11, "twin", 2048), "Gestore rsa2048", "posta-certificata@rsa2048.example", func(c *x509.Certificate) {
		c.SerialNumber = rsaCert().SerialNumber
	})
	d := signedDataDraft{infos: [][]byte{signer{content: content}.info()}, certs: [][]byte{twin.Certificate.Raw, rsaCert().Raw, twin.Certificate.Raw}}
	sd, err := cms.Parse(d.build(), nil)
	require.NoError(t, err)
	require.Len(t, sd.Certificates, 2, "duplicates are left out")
	require.Equal(t, twin.Certificate.Raw, sd.CertificateOf(0))
	require.Equal(t, [][]byte{twin.Certificate.Raw, rsaCert().Raw}, sd.CandidatesOf(0))
	r := sd.Verify(0, twin.Certificate, digester(content))
	require.ErrorIs(t, r.Err, cms.ErrSignature)
	require.NotErrorIs(t, r.Err, cms.ErrCertificateMismatch)
	r = sd.Verify(0, rsaCert(), digester(content))
	require.True(t, r.OK(), r.Err)
}

func TestKeyIdentifier(t *testing.T) {
	id := rsaCert().SubjectKeyId
	for name, sid := range map[string][]byte{"DER": tlv(0x80, id), "pieces": endless(0xa0, octet(id[:5]), octet(id[5:]))} {
		sd, err := cms.Parse(detached(signer{content: content, sid: sid, version: 3}), nil)
		require.NoError(t, err, name)
		require.Equal(t, id, sd.Signers[0].SubjectKeyID)
		require.Equal(t, rsaCert().Raw, sd.CertificateOf(0))
		require.Empty(t, sd.Findings)
		r := sd.Verify(0, rsaCert(), digester(content))
		require.True(t, r.OK(), r.Err)
		r = sd.Verify(0, person("other").Certificate, digester(content))
		require.ErrorIs(t, r.Err, cms.ErrCertificateMismatch)
	}
	sd, err := cms.Parse(detached(signer{content: content, sid: tlv(0x80, id)}), nil)
	require.NoError(t, err)
	require.Equal(t, "signer-version", sd.Findings[0].Code)
	_, err = cms.Parse(detached(signer{sid: tlv(0x80)}), nil)
	requireError(t, err, cms.ErrMalformed)
}

func TestIndefiniteCertificateAndIssuer(t *testing.T) {
	raw := rsaCert().Raw
	loose := endless(0x30, raw[4:]) // the same certificate, its length left open
	issuer := rsaCert().RawIssuer
	sid := seq(endless(0x30, issuer[2:]), integer(int(rsaCert().SerialNumber.Int64())))
	sd, err := cms.Parse(signedDataDraft{infos: [][]byte{signer{content: content, sid: sid}.info()}, certs: [][]byte{loose, raw}, ber: true}.build(), nil)
	require.NoError(t, err)
	require.Equal(t, [][]byte{raw}, sd.Certificates)
	r := sd.Verify(0, rsaCert(), digester(content))
	require.True(t, r.OK(), r.Err)
}

func TestBagOfOtherThings(t *testing.T) {
	crl := seq(seq(integer(1)), seq(oidRSASHA256), tlv(3, []byte{0, 1}))
	d := signedDataDraft{
		infos: [][]byte{signer{content: content, unsigned: tlv(0xa1, attr(oid(1, 2, 3), null()))}.info()},
		certs: [][]byte{seq([]byte{0xff, 1, 0}), tlv(0xa3, oid(1, 2, 3)), rsaCert().Raw},
		crls:  tlv(0xa1, crl, tlv(0xa1, oid(1, 2, 3))),
	}
	sd, err := cms.Parse(d.build(), nil)
	require.NoError(t, err)
	require.Equal(t, [][]byte{crl}, sd.CRLs)
	require.Len(t, sd.Certificates, 2, "garbage stays, it disturbs nobody")
	require.Equal(t, []string{"certificate-other", "revocation-other"}, codes(sd))
	require.Equal(t, tlv(0xa1, attr(oid(1, 2, 3), null())), sd.Signers[0].RawUnsignedAttributes)
	r := sd.Verify(0, rsaCert(), digester(content))
	require.True(t, r.OK(), r.Err)
}

func codes(sd *cms.SignedData) (out []string) {
	for _, f := range sd.Findings {
		out = append(out, f.Code)
	}
	return out
}

func TestTrailingOctets(t *testing.T) {
	for _, ber := range []bool{false, true} {
		p7s := signedDataDraft{infos: [][]byte{signer{content: content}.info()}, ber: ber}.build()
		sd, err := cms.Parse(append(bytes.Clone(p7s), 0, 0, 0, 0), nil)
		require.NoError(t, err)
		require.Equal(t, 4, sd.TrailingBytes)
		require.Equal(t, []string{"trailing-zeros"}, codes(sd))
		r := sd.Verify(0, rsaCert(), digester(content))
		require.True(t, r.OK(), r.Err)
		sd, err = cms.Parse(append(bytes.Clone(p7s), "\r\nx"...), nil)
		require.NoError(t, err)
		require.Equal(t, 3, sd.TrailingBytes)
		require.Equal(t, []string{"trailing-data"}, codes(sd))
	}
}

func TestTruncatedAtEveryOffset(t *testing.T) {
	for _, ber := range []bool{false, true} {
		p7s := signedDataDraft{infos: [][]byte{signer{content: content}.info()}, ber: ber}.build()
		for n := range p7s {
			sd, err := cms.Parse(p7s[:n:n], nil)
			require.Nil(t, sd)
			var typed *cms.Error
			require.ErrorAs(t, err, &typed)
			if n > 0 {
				require.ErrorIs(t, err, cms.ErrTruncated, "%d of %d", n, len(p7s))
			}
		}
	}
}

func TestDigestNotAnnounced(t *testing.T) {
	for _, list := range [][]byte{set(), set(seq(oidSHA1), seq(oidSHA512, null())), set(null()), set(seq(null()))} {
		sd, err := cms.Parse(signedDataDraft{infos: [][]byte{signer{content: content}.info()}, digests: list}.build(), nil)
		require.NoError(t, err)
		require.Equal(t, []string{"digest-not-announced"}, codes(sd))
		r := sd.Verify(0, rsaCert(), digester(content))
		require.True(t, r.OK(), r.Err)
	}
}

// TestNotSignedData: what people hand over by mistake.
func TestNotSignedData(t *testing.T) {
	for name, in := range map[string][]byte{
		"empty":       nil,
		"text":        []byte("Subject: x\r\n\r\n"),
		"base64":      []byte("MIIF"),
		"PEM":         []byte("-----BEGIN PKCS7-----"),
		"certificate": rsaCert().Raw,
		"enveloped":   seq(oid(1, 2, 840, 113549, 1, 7, 3), tlv(0xa0, seq())),
		"empty SEQ":   seq(),
	} {
		_, err := cms.Parse(in, nil)
		requireError(t, err, cms.ErrNotSignedData)
		require.NotErrorIs(t, err, cms.ErrTruncated, name)
	}
}

func TestMalformed(t *testing.T) {
	info := signer{content: content}.info()
	good := func(change func(*signedDataDraft)) []byte {
		d := signedDataDraft{infos: [][]byte{info}}
		change(&d)
		return d.build()
	}
	for name, in := range map[string][]byte{
		"no content":             seq(oidSigned),
		"content twice":          seq(oidSigned, tlv(0xa0, seq()), tlv(0xa0, seq())),
		"SignedData twice":       seq(oidSigned, tlv(0xa0, seq(), seq())),
		"SignedData a SET":       seq(oidSigned, tlv(0xa0, set())),
		"SignedData empty":       seq(oidSigned, tlv(0xa0, seq())),
		"version missing":        seq(oidSigned, tlv(0xa0, seq(set(), seq(oidData), set(info)))),
		"signers missing":        seq(oidSigned, tlv(0xa0, seq(integer(1), set(), seq(oidData)))),
		"after the signers":      good(func(d *signedDataDraft) { d.tail = null() }),
		"signer no SEQUENCE":     good(func(d *signedDataDraft) { d.infos = [][]byte{set()} }),
		"signer empty":           good(func(d *signedDataDraft) { d.infos = [][]byte{seq()} }),
		"eContent twice":         good(func(d *signedDataDraft) { d.eContent = append(tlv(0xa0, octet(nil)), tlv(0xa0, octet(nil))...) }),
		"eContent untagged":      good(func(d *signedDataDraft) { d.eContent = octet(nil) }),
		"eContent with two":      good(func(d *signedDataDraft) { d.eContent = tlv(0xa0, octet(nil), octet(nil)) }),
		"eType no OID":           good(func(d *signedDataDraft) { d.eType = null() }),
		"attribute no SEQUENCE":  detached(signer{attrs: [][]byte{null()}}),
		"attribute without type": detached(signer{attrs: [][]byte{seq(set())}}),
		"attribute without SET":  detached(signer{attrs: [][]byte{seq(oidCT, oidData)}}),
		"attribute with more":    detached(signer{attrs: [][]byte{seq(oidCT, set(oidData), null())}}),
		"unsigned broken":        detached(signer{unsigned: tlv(0xa1, null())}),
		"after the signature":    detached(signer{unsigned: null()}),
		"sid of another tag":     detached(signer{sid: tlv(0x81, []byte{1})}),
		"sid with more":          detached(signer{sid: seq(rsaCert().RawIssuer, integer(1), integer(1))}),
		"sid without serial":     detached(signer{sid: seq(rsaCert().RawIssuer)}),
		"two parameters":         detached(signer{sigAlg: seq(oidRSA, null(), null())}),
		"primitive indefinite":   {0x30, 0x80, 0x06, 0x80, 0, 0, 0, 0},
		"end-of-contents":        {0x30, 0x80, 0x00, 0x01, 0, 0},
		"reserved length":        {0x30, 0xff, 0, 0},
		"high tag":               append([]byte{0x30, 0x80, 0x1f}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0),
	} {
		_, err := cms.Parse(in, nil)
		require.ErrorIs(t, err, cms.ErrMalformed, name)
	}
}
