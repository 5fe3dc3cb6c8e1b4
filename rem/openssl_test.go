package rem_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
)

// opensslSign lets OpenSSL sign an entity, detached, and returns the signature
// as it stands in a message.
func opensslSign(t testing.TB, entity []byte, leaf *testpki.Leaf, flags ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(leaf.Key)
	require.NoError(t, err)
	for name, data := range map[string][]byte{
		"in": entity, "cert.pem": testpki.PEM(leaf.Certificate), "chain.pem": testpki.PEM(leaf.Chain...),
		"key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	args := append([]string{"cms", "-sign", "-binary", "-in", "in", "-signer", "cert.pem", "-inkey", "key.pem", "-certfile", "chain.pem",
		"-outform", "DER", "-out", "out"}, flags...)
	cmd := exec.Command(reftest.Tool(t, "openssl"), args...)
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
	der, err := os.ReadFile(filepath.Join(dir, "out"))
	require.NoError(t, err)
	return base64Lines(der)
}

// base64Lines encodes with lines, without the last line end.
func base64Lines(data []byte) []byte {
	var b bytes.Buffer
	for len(data) > 0 {
		n := min(len(data), 48)
		if b.Len() > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(base64.StdEncoding.EncodeToString(data[:n]))
		data = data[n:]
	}
	return b.Bytes()
}
