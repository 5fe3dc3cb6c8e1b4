package tsp_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

// openssl runs the OpenSSL of this machine in a folder of its own.
type openssl struct {
	t    testing.TB
	path string
	dir  string
}

func newOpenSSL(t testing.TB) *openssl {
	return &openssl{t, reftest.Tool(t, "openssl"), t.TempDir()}
}

func (o *openssl) write(name string, data []byte) {
	o.t.Helper()
	require.NoError(o.t, os.WriteFile(filepath.Join(o.dir, name), data, 0o600))
}

func (o *openssl) try(args ...string) (string, error) {
	cmd := exec.Command(o.path, args...)
	cmd.Dir = o.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (o *openssl) run(args ...string) string {
	o.t.Helper()
	out, err := o.try(args...)
	require.NoError(o.t, err, out)
	return out
}

func (o *openssl) read(name string) []byte {
	o.t.Helper()
	data, err := os.ReadFile(filepath.Join(o.dir, name))
	require.NoError(o.t, err)
	return data
}

// verifies asks OpenSSL about a token over data.
func (o *openssl) verifies(token []byte, root *x509.Certificate, digest []byte) error {
	o.write("token.tst", token)
	o.write("root.pem", testpki.PEM(root))
	_, err := o.try("ts", "-verify", "-digest", hex.EncodeToString(digest), "-in", "token.tst", "-token_in", "-CAfile", "root.pem",
		"-attime", strconv.FormatInt(moment.Unix(), 10))
	return err
}

// Our tokens verify with OpenSSL, and where ours says no, OpenSSL does, except
// where it is known to look away.
func TestOpenSSLJudgesOurTokens(t *testing.T) {
	o := newOpenSSL(t)
	digest, err := tsp.OfData(data)(crypto.SHA256)
	require.NoError(t, err)
	lenient := map[tsptest.Fault]bool{
		tsptest.ClockAhead: true, tsptest.OtherPolicy: true, // not asked of it
		tsptest.CriticalExtension: true, // it does not look at extensions
	}
	for _, f := range append([]tsptest.Fault{""}, tsptest.Faults()...) {
		a := faulty(t, f)
		token, err := a.TimeStamp(t.Context(), digest, crypto.SHA256)
		if err != nil {
			require.Equal(t, tsptest.Refuses, f)
			continue
		}
		theirs := o.verifies(token, a.Root(), digest)
		ours := false
		if tok, err := tsp.Parse(token); err == nil {
			q := full(storeOf(t, a))
			q.Policies = []string{tsptest.DefaultPolicy}
			ours = tsp.Verify(tok, q).Trusted
		}
		if f == tsptest.DecoyFirst { // it takes the first of that name and number for the signer's
			require.True(t, ours)
			continue
		}
		require.Equal(t, ours || lenient[f], theirs == nil, "%q: ours %v, theirs %v", f, ours, theirs)
	}
	for name, c := range map[string]func(*tsptest.Config){
		"ecdsa":   func(c *tsptest.Config) { c.Key = ellipticKey(t) },
		"4096":    func(c *tsptest.Config) { c.Key = largeKey(t) },
		"sha-512": func(c *tsptest.Config) { c.Hash, c.Qualified = crypto.SHA512, true },
		"plain":   func(c *tsptest.Config) { c.Accuracy = 0 },
		"fine":    func(c *tsptest.Config) { c.Accuracy = 1234567 * time.Microsecond },
	} {
		a := authority(t, c)
		token, err := a.TimeStamp(t.Context(), digest, crypto.SHA256)
		require.NoError(t, err)
		require.NoError(t, o.verifies(token, a.Root(), digest), name)
		require.True(t, tsp.Verify(parse(t, token), full(storeOf(t, a))).Trusted, name)
	}
}

// largeKey is a key of 4096 bits, another in each run: testpki takes its time.
func largeKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := newLargeKey()
	require.NoError(t, err)
	return key
}

var newLargeKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 4096) })

// ellipticKey is the same P-256 key every time.
func ellipticKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	d := make([]byte, 32)
	_, err := testpki.Reader(seed, "elliptic").Read(d)
	require.NoError(t, err)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	require.NoError(t, err)
	return key
}

const tsaConfig = `
[tsa]
default_tsa = t1
[t1]
serial = ./serial
signer_cert = ./tsa.pem
certs = ./root.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.7
digests = sha1,sha256,sha384,sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
`

// tsa sets up an authority of OpenSSL's.
func (o *openssl) tsa(key crypto.Signer, ess string) *trust.Store {
	o.t.Helper()
	root := testpki.NewAuthority(seed, "OpenSSL Root", nil)
	leaf := authority(o.t, func(c *tsptest.Config) { c.Key = key }).Certificate()
	issued := root.Issue(key, "OpenSSL TSA", "", func(c *x509.Certificate) {
		c.EmailAddresses, c.Policies, c.ExtKeyUsage = nil, nil, nil
		c.ExtraExtensions = slices.DeleteFunc(slices.Clone(leaf.Extensions), func(e pkix.Extension) bool {
			return !e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) // all but the extended key usage
		})
		c.Subject = leaf.Subject
	})
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(o.t, err)
	o.write("tsa.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE " + "KEY", Bytes: der}))
	o.write("tsa.pem", testpki.PEM(issued.Certificate))
	o.write("root.pem", testpki.PEM(root.Certificate))
	o.write("serial", []byte("0A1B2C3D4E5F"))
	o.write("tsa.cnf", []byte(tsaConfig+"ess_cert_id_alg = "+ess+"\n"))
	s, err := trust.NewStore(trust.Material{Anchors: []*x509.Certificate{root.Certificate}}, nil)
	require.NoError(o.t, err)
	return s
}

// An authority of OpenSSL's answers our requests, and ours its requests.
func TestOpenSSLTokens(t *testing.T) {
	for name, key := range map[string]crypto.Signer{
		"rsa": testpki.RSAKey(seed, "openssl", 2048), "rsa-4096": largeKey(t), "ecdsa": ellipticKey(t),
	} {
		for _, ess := range []string{"sha1", "sha256", "sha512"} {
			t.Run(name+" "+ess, func(t *testing.T) {
				o := newOpenSSL(t)
				store := o.tsa(key, ess)
				nonce, err := tsp.NewNonce(testpki.Reader(seed, name+ess))
				require.NoError(t, err)
				digest, err := tsp.OfData(data)(crypto.SHA512)
				require.NoError(t, err)
				ask := tsp.Request{HashAlgorithm: crypto.SHA512, Imprint: digest, Nonce: nonce, Policy: "1.2.3.4.7", Certificate: true}
				der, err := ask.Marshal()
				require.NoError(t, err)
				o.write("q.tsq", der)
				o.run("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "r.tsr")
				resp, err := tsp.ParseResponse(o.read("r.tsr"))
				require.NoError(t, err)
				require.NoError(t, resp.Err())
				tok := resp.Token
				require.Equal(t, 1500100*time.Microsecond, tok.Accuracy)
				require.True(t, tok.Ordering)
				require.Equal(t, "CN=Certmail Test TSA,O=Certmail Test,C=IT", tok.TSA())
				require.Equal(t, "a1b2c3d4e60", tok.SerialNumber.Text(16))
				r := tsp.Verify(tok, tsp.Query{Imprint: tsp.OfData(data), Nonce: nonce, Policies: []string{"1.2.3.4.7"}, Store: store, Now: time.Now()})
				require.NoError(t, r.Err)
				require.True(t, r.Trusted, "%v", r.Checks)
				require.WithinDuration(t, time.Now(), r.Time, time.Minute)

				// The bare token, without the certificate.
				o.write("data", data)
				o.run("ts", "-query", "-data", "data", "-sha256", "-no_nonce", "-out", "bare.tsq")
				o.run("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "bare.tsq", "-token_out", "-out", "bare.tst")
				tok, err = tsp.Read(o.read("bare.tst"))
				require.NoError(t, err)
				require.Nil(t, tok.Nonce)
				require.Empty(t, tok.Certificates)
				q := tsp.Query{Imprint: tsp.OfData(data), Store: store}
				require.ErrorIs(t, tsp.Verify(tok, q).Err, tsp.ErrNoCertificate)
				leaf, err := trust.ParseCertificates(o.read("tsa.pem"))
				require.NoError(t, err)
				q.Certificates = [][]byte{leaf[0].Raw}
				require.True(t, tsp.Verify(tok, q).Trusted)
			})
		}
	}
}

// OpenSSL's requests are answered, and its own check of the answer is content.
func TestOpenSSLRequests(t *testing.T) {
	o := newOpenSSL(t)
	a := authority(t, nil)
	o.write("data", data)
	o.write("root.pem", testpki.PEM(a.Root()))
	for _, args := range [][]string{
		{"-sha256", "-cert"}, {"-sha512", "-cert", "-no_nonce"}, {"-sha384", "-cert", "-tspolicy", tsptest.DefaultPolicy},
	} {
		o.run(append([]string{"ts", "-query", "-data", "data", "-out", "q.tsq"}, args...)...)
		query, err := tsp.ParseRequest(o.read("q.tsq"))
		require.NoError(t, err)
		again, err := query.Marshal()
		require.NoError(t, err)
		require.Equal(t, o.read("q.tsq"), again, "our request is octet for octet theirs")
		answer, err := a.Respond(again)
		require.NoError(t, err)
		o.write("r.tsr", answer)
		o.run("ts", "-verify", "-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "root.pem", "-attime", strconv.FormatInt(moment.Unix(), 10))
	}
	o.run("ts", "-query", "-data", "data", "-out", "q.tsq", "-tspolicy", "1.2.3.4.9")
	answer, err := a.Respond(o.read("q.tsq"))
	require.NoError(t, err)
	o.write("r.tsr", answer)
	require.Contains(t, o.run("ts", "-reply", "-in", "r.tsr", "-text"), "Status: Rejected.\nStatus description: policy 1.2.3.4.9 not known\nFailure info: the requested TSA policy is not supported")
}
