package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
)

const (
	seed     = 11
	fromAlfa = "posta-certificata@pec.alfa.example"
)

var (
	atEvent = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	today   = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
)

func keyAnchor(c *x509.Certificate) KeyAnchor {
	return KeyAnchor{Name: "Test CA", SPKI: sha256.Sum256(c.RawSubjectPublicKeyInfo)}
}

func newStore(t testing.TB, m Material, p *Policy) *Store {
	t.Helper()
	s, err := NewStore(m, p)
	require.NoError(t, err)
	return s
}

func ask(leaf *x509.Certificate, bag ...*x509.Certificate) Query {
	q := Query{Leaf: leaf.Raw, Bag: [][]byte{leaf.Raw}, From: fromAlfa, At: atEvent, Now: today}
	for _, c := range bag {
		q.Bag = append(q.Bag, c.Raw)
	}
	return q
}

func codes(findings []Finding) []string {
	list := []string{}
	for _, f := range findings {
		list = append(list, f.Code)
	}
	return list
}

// refCert reads one certificate of the reference data.
func refCert(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	certs, err := ParseCertificates(reftest.File(t, "pec", name))
	require.NoError(t, err)
	return certs[0]
}

// refSigner takes signer and certificates out of the Aruba receipt of 2018.
func refSigner(t testing.TB) (leaf []byte, bag [][]byte) {
	t.Helper()
	mail := string(reftest.File(t, "pec", "aruba-2018-accettazione.eml"))
	part := regexp.MustCompile(`(?s)smime\.p7s"?\r?\n\r?\n(.*?)\r?\n--`).FindStringSubmatch(mail)
	require.NotNil(t, part)
	der, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(part[1]))
	require.NoError(t, err)
	sd, err := cms.Parse(der, nil)
	require.NoError(t, err)
	return sd.CertificateOf(0), sd.Certificates
}

// openssl runs the OpenSSL of this machine in a folder of its own.
type openssl struct {
	t    testing.TB
	path string
	dir  string
}

func newOpenSSL(t testing.TB) *openssl {
	return &openssl{t, reftest.Tool(t, "openssl"), t.TempDir()}
}

func (o *openssl) write(name string, data []byte) string {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	require.NoError(o.t, os.WriteFile(path, data, 0o600))
	return path
}

func (o *openssl) try(args ...string) (string, error) {
	cmd := exec.Command(o.path, args...)
	cmd.Dir = o.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (o *openssl) run(args ...string) {
	o.t.Helper()
	out, err := o.try(args...)
	require.NoError(o.t, err, out)
}

func (o *openssl) read(name string) []byte {
	o.t.Helper()
	data, err := os.ReadFile(filepath.Join(o.dir, name))
	require.NoError(o.t, err)
	return data
}

func (o *openssl) certificate(name string) *x509.Certificate {
	o.t.Helper()
	certs, err := ParseCertificates(o.read(name))
	require.NoError(o.t, err)
	return certs[0]
}

func newCA(name string) *testpki.Authority { return testpki.NewAuthority(seed, name, nil) }
