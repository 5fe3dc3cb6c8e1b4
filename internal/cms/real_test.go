package cms_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"regexp"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/stretchr/testify/require"
	"go.mozilla.org/pkcs7"
)

// realMessage takes a stored PEC message apart: the signed part with CRLF line
// ends, and the text of its smime.p7s.
func realMessage(t *testing.T, name string) (signed, p7s []byte) {
	raw := reftest.File(t, "pec", name)
	raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	m := regexp.MustCompile(`(?is)Content-Type: multipart/signed;.*?boundary="?([^"\r\n;]+)`).FindSubmatch(raw)
	require.NotNil(t, m)
	pieces := bytes.Split(raw, append([]byte("\r\n--"), m[1]...))
	require.GreaterOrEqual(t, len(pieces), 4)
	signed = bytes.TrimPrefix(pieces[1], []byte("\r\n"))
	_, p7s, ok := bytes.Cut(pieces[2], []byte("\r\n\r\n"))
	require.True(t, ok)
	return signed, p7s
}

// TestRealMessages: provider signatures of 2018, one of them over a message
// that was altered afterwards.
func TestRealMessages(t *testing.T) {
	for _, m := range []struct {
		name    string
		altered bool
	}{
		{"aruba-2018-accettazione.eml", false},
		{"sogei-2018-posta-certificata-sdi.eml", false},
		{"sogei-2018-posta-certificata-sdi-altered.eml", true},
	} {
		t.Run(m.name, func(t *testing.T) {
			signed, text := realMessage(t, m.name)
			p7s, err := cms.Decode(text, nil)
			require.NoError(t, err)
			sd, err := cms.Parse(p7s, nil)
			require.NoError(t, err)
			require.Len(t, sd.Signers, 1)
			require.False(t, sd.HasContent)
			t.Logf("BER %v, %d certificates, findings %v", sd.BER, len(sd.Certificates), sd.Findings)
			cert, err := x509.ParseCertificate(sd.CertificateOf(0))
			require.NoError(t, err)
			r := sd.Verify(0, cert, digester(signed))
			require.Equal(t, crypto.SHA1, r.Digest)
			require.Equal(t, "RSA-PKCS1v15-SHA1", r.SignatureAlgorithm)
			require.True(t, r.SignatureOK && r.ContentTypeOK && r.SignedAttributes)
			require.Equal(t, 2018, r.SigningTime.Year())
			require.False(t, r.SigningTime.Before(cert.NotBefore) || r.SigningTime.After(time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)))
			require.Equal(t, !m.altered, r.DigestOK)
			require.Equal(t, !m.altered, r.OK())
			if m.altered {
				require.ErrorIs(t, r.Err, cms.ErrMessageDigest)
				require.NotErrorIs(t, r.Err, cms.ErrSignature)
			}
			other, err := pkcs7.Parse(p7s)
			require.NoError(t, err)
			other.Content = signed
			require.Equal(t, m.altered, other.Verify() != nil)
			out, err := newOracle(t).verify(p7s, signed, "-noverify")
			require.Equal(t, m.altered, err != nil, string(out))
		})
	}
}
