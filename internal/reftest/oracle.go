package reftest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// OpenSSLVerify lets OpenSSL judge a whole signed message with the anchors
// given in PEM, fails the test unless it accepts it, and returns the signed
// entity as OpenSSL saw it.
func OpenSSLVerify(tb testing.TB, message, anchors []byte) []byte {
	tb.Helper()
	dir := tb.TempDir()
	file, ca, out := filepath.Join(dir, "m.eml"), filepath.Join(dir, "ca.pem"), filepath.Join(dir, "entity")
	for name, data := range map[string][]byte{file: message, ca: anchors} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	text, err := exec.Command(Tool(tb, "openssl"), "cms", "-verify", "-in", file, "-inform", "SMIME",
		"-CAfile", ca, "-purpose", "smimesign", "-out", out).CombinedOutput()
	if err != nil {
		tb.Fatalf("openssl cms -verify: %v\n%s", err, text)
	}
	entity, err := os.ReadFile(out)
	if err != nil {
		tb.Fatal(err)
	}
	return entity
}

// ValidDaticert lets xmllint validate certification data against the DTD.
func ValidDaticert(tb testing.TB, xml []byte) {
	tb.Helper()
	cmd := exec.Command(Tool(tb, "xmllint"), "--noout", "--nonet", "--dtdvalid", Dir(tb, "pec", "daticert.dtd"), "-")
	cmd.Stdin = bytes.NewReader(xml)
	if text, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("xmllint: %v\n%s\n%s", err, text, xml)
	}
}
