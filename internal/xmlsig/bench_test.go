package xmlsig_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/rsakey"
	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
)

// BenchmarkEvidence reads and verifies a kit's evidence: with nothing prepared,
// with certificate and key at hand as trust.Store has them, and next to that the
// cryptography alone: crypto/rsa over the signature, SHA-256 over the octets.
func BenchmarkEvidence(b *testing.B) {
	xml := reftest.KitEvidence(b)[0].XML
	doc, err := xmltree.Parse(xml, nil)
	require.NoError(b, err)
	s, err := xmlsig.Verify(doc, nil)
	require.NoError(b, err)
	require.NoError(b, s.Err)
	public := s.Parsed.PublicKey.(*rsa.PublicKey)
	key := rsakey.New(public)
	warm := &xmlsig.Policy{
		Certificate: func([]byte) (*x509.Certificate, error) { return s.Parsed, nil },
		PreparedKey: func(*x509.Certificate) crypto.PublicKey { return key },
	}
	run := func(p *xmlsig.Policy) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				doc, err := xmltree.Parse(xml, nil)
				if err != nil {
					b.Fatal(err)
				}
				if s, err := xmlsig.Verify(doc, p); err != nil || s.Err != nil {
					b.Fatal(err, s)
				}
			}
		}
	}
	b.Run("cold", run(nil))
	b.Run("warm", run(warm))
	b.Run("parsed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if s, err := xmlsig.Verify(doc, warm); err != nil || s.Err != nil {
				b.Fatal(err, s)
			}
		}
	})
	b.Run("cryptography", func(b *testing.B) {
		digest := sha256.Sum256(xml)
		signature, err := rsa.SignPKCS1v15(nil, people()["RSA"].Key.(*rsa.PrivateKey), crypto.SHA256, digest[:])
		require.NoError(b, err)
		public := people()["RSA"].Key.Public().(*rsa.PublicKey)
		for b.Loop() {
			digest := sha256.Sum256(xml)
			if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkList reads and verifies a trusted list of 3 MB, and has xmlsec1 verify
// the same file.
func BenchmarkList(b *testing.B) {
	list := reftest.File(b, "tsl", "SI-seq69-2023-06.xml")
	doc, err := xmltree.Parse(list, nil)
	require.NoError(b, err)
	at, err := xmlsig.Find(doc, nil)
	require.NoError(b, err)
	bare := append(bytes.Clone(list[:at.Start]), list[at.End:]...)
	from := bytes.Index(bare, []byte("<TrustServiceProvider>"))
	const end = "</TrustServiceProvider>"
	to := bytes.LastIndex(bare, []byte(end)) + len(end)
	require.Positive(b, from)
	big := append(bytes.Clone(bare[:to]), bytes.Repeat(bare[from:to], 5)...)
	signed := sign(b, string(append(big, bare[to:]...)), signing("RSA"))
	b.Run("certmail", func(b *testing.B) {
		b.SetBytes(int64(len(signed)))
		for b.Loop() {
			doc, err := xmltree.Parse(signed, nil)
			if err != nil {
				b.Fatal(err)
			}
			if s, err := xmlsig.Verify(doc, xmlsig.ForLists()); err != nil || s.Err != nil {
				b.Fatal(err, s)
			}
		}
	})
	b.Run("xmlsec1", func(b *testing.B) {
		b.SetBytes(int64(len(signed)))
		tool := reftest.Tool(b, "xmlsec1")
		file := write(b, "list.xml", signed)
		args := append([]string{"--verify", "--insecure"}, append(ids, file)...)
		for b.Loop() {
			if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
		}
	})
}
