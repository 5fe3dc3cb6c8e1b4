//go:build unix

package sendbench

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"strconv"
	"testing"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec/pectest"
)

// Postfix starts a Postfix of its own.
func Postfix(tb testing.TB) *Server {
	tb.Helper()
	ca := pectest.NewAuthority(1)
	cert, err := ca.ServerCertificate(reftest.PostfixHost)
	must(tb, err)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	must(tb, err)
	chain := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE" + " KEY", Bytes: key})
	for _, der := range cert.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	const password = "secret"
	server := reftest.Postfix(tb, chain, map[string]string{"anna": password, "bruno": ""})
	pool := x509.NewCertPool()
	pool.AddCert(ca.Certificate())
	user := "anna@" + reftest.PostfixHost
	out := At(tb, net.JoinHostPort("127.0.0.1", strconv.Itoa(server.TLSPort)), reftest.PostfixHost, pool, user, password)
	out.From, out.To = user, "bruno@"+reftest.PostfixHost
	return out
}
