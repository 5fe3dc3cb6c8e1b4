package sdi_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/sdi/sditest"
)

var (
	exchange = sditest.New(7)
	at       = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
)

func notification(t testing.TB, n *sdi.Notification) []byte {
	t.Helper()
	doc, err := exchange.Notification(n, at)
	require.NoError(t, err)
	return doc
}

// signers is a folder with keys and certificates for outside programs.
type signers struct {
	dir string
	ca  *testpki.Authority
}

func newSigners(t testing.TB) *signers {
	t.Helper()
	s := &signers{t.TempDir(), testpki.NewAuthority(21, "CA firme", nil)}
	s.write(t, "ca.pem", s.ca.PEM())
	for _, name := range []string{"anna", "bruno", "carla", "dora"} {
		leaf := s.ca.Provider(name, name+"@alfa.example", func(c *x509.Certificate) {
			c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageContentCommitment, nil
		})
		key, err := x509.MarshalPKCS8PrivateKey(leaf.Key)
		require.NoError(t, err)
		s.write(t, name+".pem", append(testpki.PEM(leaf.Certificate), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...))
	}
	return s
}

func (s *signers) path(name string) string { return filepath.Join(s.dir, name) }

func (s *signers) write(t testing.TB, name string, data []byte) string {
	t.Helper()
	require.NoError(t, os.WriteFile(s.path(name), data, 0o600))
	return s.path(name)
}

// openssl signs content into the file out, by more arguments of cms -sign.
func (s *signers) openssl(t testing.TB, who, content, out string, more ...string) []byte {
	t.Helper()
	args := append([]string{"cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-signer", s.path(who + ".pem"), "-in", content, "-out", s.path(out)}, more...)
	text, err := exec.Command(reftest.Tool(t, "openssl"), args...).CombinedOutput()
	require.NoError(t, err, "%s", text)
	data, err := os.ReadFile(s.path(out))
	require.NoError(t, err)
	return data
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(reftest.Tool(t, name), args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return string(out)
}
