package pec_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// opensslSigner is a folder with keys and certificates of providers that all
// have the mailbox of Alfa.
type opensslSigner struct {
	t        testing.TB
	exe, dir string
	ca       *testpki.Authority
	leaves   map[string]*testpki.Leaf
}

func newOpenSSLSigner(t testing.TB) *opensslSigner {
	t.Helper()
	o := &opensslSigner{t: t, exe: reftest.Tool(t, "openssl"), dir: t.TempDir(), ca: testAuthority(), leaves: map[string]*testpki.Leaf{}}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	for _, k := range []struct {
		name string
		key  crypto.Signer
	}{
		{"rsa2048", testpki.RSAKey(11, "openssl", 2048)}, {"rsa1024", testpki.RSAKey(11, "openssl", 1024)}, {"other", testpki.RSAKey(11, "altra", 2048)},
		{"p256", p256}, {"p384", p384},
	} {
		leaf := o.ca.Issue(k.key, "Gestore Alfa S.p.A.", alfaMailbox, nil)
		o.leaves[k.name] = leaf
		o.write(k.name+".crt", testpki.PEM(leaf.Certificate))
		der, err := x509.MarshalPKCS8PrivateKey(k.key)
		require.NoError(t, err)
		o.write(k.name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	o.write("ca.crt", o.ca.PEM())
	return o
}

func (o *opensslSigner) write(name string, data []byte) {
	require.NoError(o.t, os.WriteFile(filepath.Join(o.dir, name), data, 0o600))
}

// message lets OpenSSL write the whole multipart/signed around an entity.
func (o *opensslSigner) message(t testing.TB, header, entity string, keys, args []string) []byte {
	t.Helper()
	o.write("entity", []byte(entity))
	all := []string{"cms", "-sign", "-binary", "-in", "entity", "-outform", "SMIME", "-out", "out.eml"}
	for _, key := range keys {
		all = append(all, "-signer", key+".crt", "-inkey", key+".key")
	}
	all = append(all, args...)
	cmd := exec.Command(o.exe, all...)
	cmd.Dir = o.dir
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "openssl %v\n%s", all, text)
	out, err := os.ReadFile(filepath.Join(o.dir, "out.eml"))
	require.NoError(t, err)
	return append([]byte(header), out...)
}

// TestOpenSSLSignsMessages: the verdict on every shape of certified message
// that OpenSSL can write.
func TestOpenSSLSignsMessages(t *testing.T) {
	o := newOpenSSLSigner(t)
	g := gestoreAlfa()
	entity := signedPartOf(t, g.receipt(t, "avvenuta-consegna"))
	trusted := store(t, trust.Material{Anchors: []*x509.Certificate{o.ca.Certificate}})
	type shape struct {
		keys    []string
		args    []string
		failed  []string // checks; none: valid, or open when unknown is set
		unknown []string
		weak    bool
		beyond  bool // an algorithm that we do not know decides nothing, and nothing helps
	}
	unsupported := []string{trust.CheckSignature, trust.CheckDigestAlgorithm}
	sha256 := []string{"-md", "sha256"}
	rsa := func(args ...string) shape {
		return shape{keys: []string{"rsa2048"}, args: append(sha256[:2:2], args...)}
	}
	shapes := map[string]shape{
		"no attributes":        {keys: []string{"rsa2048"}, args: []string{"-noattr"}, failed: []string{trust.CheckSignature}},
		"no attributes stream": {keys: []string{"rsa2048"}, args: []string{"-noattr", "-stream"}, failed: []string{trust.CheckSignature}},
		"key id":               rsa("-keyid"),
		"key id stream":        rsa("-keyid", "-stream"),
		"stream":               rsa("-stream"),
		"indef":                rsa("-indef"),
		"no capabilities":      rsa("-nosmimecap"),
		"cades":                rsa("-cades"),
		"cades key id":         rsa("-cades", "-keyid"),
		"chain inside":         rsa("-certfile", "ca.crt"),
		"no certificates": {keys: []string{"rsa2048"}, args: []string{"-nocerts"},
			unknown: []string{trust.CheckSignature, trust.CheckSignerChain, trust.CheckSignerAddress}},
		"no certificates, key id": {keys: []string{"rsa2048"}, args: []string{"-nocerts", "-keyid"},
			unknown: []string{trust.CheckSignature, trust.CheckSignerChain, trust.CheckSignerAddress}},
		"two signers":        {keys: []string{"rsa2048", "other"}, args: sha256, failed: []string{trust.CheckSignature}},
		"two signers stream": {keys: []string{"p256", "rsa2048"}, args: []string{"-stream"}, failed: []string{trust.CheckSignature}},
		"opaque":             {keys: []string{"rsa2048"}, args: []string{"-nodetach"}, failed: []string{trust.CheckSignature, trust.CheckCertificationData}},
		"opaque stream":      {keys: []string{"rsa2048"}, args: []string{"-nodetach", "-stream"}, failed: []string{trust.CheckSignature, trust.CheckCertificationData}},
		"LF":                 rsa("-crlfeol"),
		"md5":                {keys: []string{"rsa2048"}, args: []string{"-md", "md5"}, unknown: unsupported, beyond: true},
		"SHA-224":            {keys: []string{"rsa2048"}, args: []string{"-md", "sha224"}, unknown: unsupported, beyond: true},
		"SHA3-256":           {keys: []string{"rsa2048"}, args: []string{"-md", "sha3-256"}, unknown: unsupported, beyond: true},
		"pss with SHA-1 mask": {keys: []string{"rsa2048"}, args: []string{"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_mgf1_md:sha1", "-md", "sha256"},
			unknown: unsupported[:1], beyond: true},
	}
	for _, md := range []string{"sha1", "sha256", "sha384", "sha512"} {
		for _, key := range []string{"rsa2048", "rsa1024", "p256", "p384"} {
			shapes[key+" "+md] = shape{keys: []string{key}, args: []string{"-md", md}, weak: key == "rsa1024"}
		}
		shapes["pss "+md] = shape{keys: []string{"rsa2048"}, args: []string{"-keyopt", "rsa_padding_mode:pss", "-md", md}}
	}
	for _, salt := range []string{"0", "digest", "max"} {
		shapes["pss salt "+salt] = shape{keys: []string{"rsa2048"}, args: []string{"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:" + salt, "-md", "sha256"}}
	}
	for name, s := range shapes {
		t.Run(name, func(t *testing.T) {
			message := o.message(t, outerHeader, entity, s.keys, s.args)
			r := judgeWith(t, message, trusted, nil)
			switch {
			case s.failed != nil:
				requireInvalid(t, r, s.failed...)
				return
			case s.beyond:
				requireOpen(t, r, s.unknown...)
				require.ErrorIs(t, r.Signature.Signers[0].Err, envelope.ErrUnsupported)
				return
			case s.unknown != nil:
				requireOpen(t, r, s.unknown...)
				certificate := o.leaves[s.keys[0]].Certificate
				given := &pec.VerifyOptions{Certificates: []*x509.Certificate{o.leaves["p384"].Certificate, certificate}}
				requireValid(t, judgeWith(t, message, trusted, given))
				wrong := &pec.VerifyOptions{Certificates: []*x509.Certificate{o.leaves["p384"].Certificate}}
				requireOpen(t, judgeWith(t, message, trusted, wrong), s.unknown...)
			default:
				requireValid(t, r)
				require.Equal(t, s.weak, contains(findingCodes(r.Findings), "weak-key"))
			}
			// The same, altered and told by somebody else.
			at := bytes.Index(message, []byte("Il messaggio"))
			require.Positive(t, at)
			altered := append(append(bytes.Clone(message[:at]), 'X'), message[at+1:]...)
			r = judgeWith(t, altered, trusted, &pec.VerifyOptions{Certificates: []*x509.Certificate{o.leaves["rsa2048"].Certificate}})
			requireInvalid(t, r, trust.CheckSignature)
			if s.unknown == nil {
				r = judgeWith(t, bytes.Replace(message, []byte(alfaFrom), []byte("From: altro@gestore-a.example\r\n"), 1), trusted, nil)
				requireInvalid(t, r, trust.CheckSignerAddress)
			}
			// Converted line ends, there and back.
			lf := bytes.ReplaceAll(message, []byte("\r\n"), []byte("\n"))
			opt := &pec.VerifyOptions{Certificates: []*x509.Certificate{o.leaves["rsa2048"].Certificate}}
			requireValid(t, judgeWith(t, lf, trusted, opt))
			requireValid(t, judgeWith(t, crlf(lf), trusted, opt))
		})
	}
}

func contains(list []string, one string) bool {
	for _, s := range list {
		if s == one {
			return true
		}
	}
	return false
}

// TestOpenSSLAcceptsWhatWeSign is the other direction, for every receipt.
func TestOpenSSLAcceptsWhatWeSign(t *testing.T) {
	g := gestoreAlfa()
	exe := reftest.Tool(t, "openssl")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), g.ca.PEM(), 0o600))
	for name, message := range map[string][]byte{
		"accettazione": g.receipt(t, "accettazione"), "consegna": g.receipt(t, "avvenuta-consegna"), "errore": g.receipt(t, "errore-consegna"),
		"busta": g.transport(t, submittedMail, nil), "anomalia": g.anomaly(t, []byte(submittedMail)),
		"busta di un originale con CR CR LF": g.transport(t, strings.Replace(submittedMail, "Ciao", "Ciao\r\r\nb", 1), nil),
		"busta di un originale con CR":       g.transport(t, strings.Replace(submittedMail, "Ciao", "a\rb", 1), nil),
		"busta di un originale con LF":       g.transport(t, strings.Replace(submittedMail, "Ciao", "a\nb", 1), nil),
		"busta che finisce con CR":           g.transport(t, submittedMail+"x\r", nil),
		"busta di un originale con NUL":      g.transport(t, strings.Replace(submittedMail, "Ciao", "a\x00b", 1), nil),
		"busta di un originale con 8 bit":    g.transport(t, strings.Replace(submittedMail, "Ciao", "perch\xe9", 1), nil),
		"busta di un originale senza fine":   g.transport(t, strings.TrimSuffix(submittedMail, "\r\n"), nil),
		"busta di righe lunghe":              g.transport(t, strings.Replace(submittedMail, "Ciao", strings.Repeat("lungo ", 4000), 1), nil),
		"busta di soli campi":                g.transport(t, "From: "+mario+"\r\nMessage-ID: "+clientID+"\r\n", nil),
	} {
		t.Run(name, func(t *testing.T) {
			requireValid(t, g.judge(t, message))
			file := filepath.Join(dir, "m.eml")
			require.NoError(t, os.WriteFile(file, message, 0o600))
			text, err := exec.Command(exe, "cms", "-verify", "-in", file, "-CAfile", filepath.Join(dir, "ca.pem"), "-purpose", "smimesign", "-out", os.DevNull).CombinedOutput()
			require.NoError(t, err, "%s", text)
		})
	}
}

// TestEd25519: the OpenSSL of today cannot sign CMS with it, we can read it.
func TestEd25519(t *testing.T) {
	g := gestoreAlfa()
	g.leaf = g.ca.Issue(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)), g.name, g.mailbox, nil)
	good := g.receipt(t, "accettazione")
	r := g.judge(t, good)
	requireValid(t, r)
	require.Equal(t, crypto.SHA512, r.Signature.Signers[0].Digest)
	requireInvalid(t, g.judge(t, edit(t, good, "Il messaggio", "il messaggio")), trust.CheckSignature)
}
