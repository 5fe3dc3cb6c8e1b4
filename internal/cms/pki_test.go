package cms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
)

// everybody are the signers of the tests, by the kind of their key.
var everybody = []string{"rsa2048", "rsa1024", "other", "p256", "p384", "ed25519", "rsa4096"}

var met sync.Map // name -> func() *testpki.Leaf

// person returns one of them. Fuzzing processes never pay for the large key.
func person(name string) *testpki.Leaf {
	once, _ := met.LoadOrStore(name, sync.OnceValue(func() *testpki.Leaf {
		var key crypto.Signer
		switch name {
		case "rsa2048":
			key = testpki.RSAKey(11, "alfa", 2048)
		case "rsa1024":
			key = testpki.RSAKey(11, "alfa", 1024)
		case "other":
			key = testpki.RSAKey(11, "beta", 2048)
		case "rsa4096":
			key = must(rsa.GenerateKey(rand.Reader, 4096))
		case "p256":
			key = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		case "p384":
			key = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
		case "ed25519":
			key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
		}
		ca := testpki.NewAuthority(11, "CMS CA", nil)
		return ca.Issue(key, "Gestore "+name, "posta-certificata@"+name+".example", func(c *x509.Certificate) {
			c.SerialNumber = big.NewInt(int64(20 + slices.Index(everybody, name)))
		})
	}))
	return once.(func() *testpki.Leaf)()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// digester returns a digest function over content in memory.
func digester(content []byte) func(crypto.Hash) ([]byte, error) {
	return func(h crypto.Hash) ([]byte, error) {
		w := h.New()
		w.Write(content)
		return w.Sum(nil), nil
	}
}

func sum(h crypto.Hash, content []byte) []byte { return must(digester(content)(h)) }

// oracle is OpenSSL with a folder of keys and certificates.
type oracle struct {
	tb  testing.TB
	exe string
	dir string
}

func newOracle(tb testing.TB) *oracle {
	o := &oracle{tb: tb, exe: reftest.Tool(tb, "openssl"), dir: tb.TempDir()}
	var anchors []byte
	for _, name := range everybody {
		leaf := person(name)
		o.write(name+".crt", testpki.PEM(leaf.Certificate))
		der := must(x509.MarshalPKCS8PrivateKey(leaf.Key))
		o.write(name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		anchors = testpki.PEM(leaf.Chain[0])
	}
	o.write("ca.crt", anchors)
	return o
}

func (o *oracle) write(name string, data []byte) {
	require.NoError(o.tb, os.WriteFile(filepath.Join(o.dir, name), data, 0o600))
}

func (o *oracle) read(name string) []byte {
	data, err := os.ReadFile(filepath.Join(o.dir, name))
	require.NoError(o.tb, err)
	return data
}

func (o *oracle) run(args ...string) ([]byte, error) {
	cmd := exec.Command(o.exe, args...)
	cmd.Dir = o.dir
	return cmd.CombinedOutput()
}

// sign lets OpenSSL sign content; args are its options without the usual ones.
func (o *oracle) sign(content []byte, args ...string) []byte {
	o.tb.Helper()
	o.write("content", content)
	args = append([]string{"cms", "-sign", "-binary", "-in", "content", "-outform", "DER", "-out", "out.p7s"}, args...)
	out, err := o.run(args...)
	require.NoError(o.tb, err, "openssl %v\n%s", args, out)
	return o.read("out.p7s")
}

// verify asks OpenSSL for its verdict on a detached signature, without chain.
func (o *oracle) verify(p7s, content []byte, args ...string) ([]byte, error) {
	o.write("in.p7s", p7s)
	o.write("content", content)
	args = append([]string{"cms", "-verify", "-binary", "-inform", "DER", "-in", "in.p7s", "-content", "content", "-out", "verified"}, args...)
	return o.run(args...)
}
