//go:build unix

package reftest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// A port that somebody takes between the choice and the start costs another
// try, and is not taken for the server.
func TestPostfixFindsOtherPorts(t *testing.T) {
	if testing.Short() {
		t.Skip("Postfix takes 8 seconds to give a port up")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	chain := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE" + " KEY", Bytes: pkcs8}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	n := 0
	p := postfixAt(t, chain, map[string]string{"anna": "secret"}, func() int {
		if n++; n == 2 { // the second port of the first try
			return taken.Addr().(*net.TCPAddr).Port
		}
		return freePort(t)
	})
	if n != 4 {
		t.Fatalf("%d ports were asked for, want those of two tries", n)
	}
	p.Stop()
}
