package xmlsig_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/internal/xmlsig"
)

const seed = 5_001

// small is a document with what canonical forms care about.
const small = `<?xml version="1.0" encoding="UTF-8"?>
<!-- before -->
<tns:Evidence xmlns:tns="http://uri.etsi.org/19522/v1#" xmlns:u="urn:unused" version='EN319522v1.2.1' xml:lang="it">
  <tns:EvidenceIdentifier>6f1c.certmail@provider.example</tns:EvidenceIdentifier>
  <EventTime>2026-01-15T09:30:00Z</EventTime><e xmlns="urn:e" b="2" a='"1"'/><!-- not signed -->
  <Details>caff&#232; &amp; t&#xE8; <![CDATA[<&>]]></Details>
</tns:Evidence>
`

// people are the signers of the tests, by kind of key.
var people = sync.OnceValue(func() map[string]*testpki.Leaf {
	ca := testpki.NewAuthority(seed, "XML Test CA", nil)
	all := map[string]*testpki.Leaf{
		"RSA":     ca.Provider("Provider", "rem@provider.example", nil),
		"other":   ca.Provider("Other", "rem@other.example", nil),
		"RSA3072": ca.Issue(testpki.RSAKey(seed, "3072", 3072), "Large", "rem@large.example", nil),
		"RSA1024": ca.Issue(testpki.RSAKey(seed, "1024", 1024), "Little", "rem@little.example", nil),
	}
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			panic(err)
		}
		all[curve.Params().Name] = ca.Issue(key, curve.Params().Name, "rem@curve.example", nil)
	}
	return all
})

var signingTime = time.Date(2026, 1, 15, 9, 30, 2, 0, time.UTC)

func signing(who string) *xmlsig.Signing {
	leaf := people()[who]
	return &xmlsig.Signing{Key: leaf.Key, Certificate: leaf.Certificate, Time: signingTime, ID: "id-X"}
}

func sign(tb testing.TB, xml string, s *xmlsig.Signing) []byte {
	tb.Helper()
	out, err := xmlsig.Sign(context.Background(), []byte(xml), s)
	require.NoError(tb, err)
	return out
}

// stamped adds a time-stamp that nobody made: here a token is any octets.
func stamped(s *xmlsig.Signing) *xmlsig.Signing {
	s.TimeStamp = func(_ context.Context, imprint []byte, _ crypto.Hash) ([]byte, error) {
		return append([]byte("token for "), imprint...), nil
	}
	return s
}

// changed replaces text that must be there.
func changed(tb testing.TB, xml []byte, oldnew ...string) []byte {
	tb.Helper()
	s := string(xml)
	for i := 0; i < len(oldnew); i += 2 {
		require.Contains(tb, s, oldnew[i])
		s = strings.Replace(s, oldnew[i], oldnew[i+1], 1)
	}
	return []byte(s)
}

// between returns what stands between two marks, the marks included.
func between(tb testing.TB, xml []byte, from, to string) string {
	tb.Helper()
	i := bytes.Index(xml, []byte(from))
	require.GreaterOrEqual(tb, i, 0, from)
	j := bytes.Index(xml[i:], []byte(to))
	require.GreaterOrEqual(tb, j, 0, to)
	return string(xml[i : i+j+len(to)])
}

// refuse sees that a document's signature is refused, for that reason, and that
// nothing is told about it then.
func refuse(tb testing.TB, xml []byte, want error, what string) {
	tb.Helper()
	s, err := xmlsig.Verify(read(tb, xml), nil)
	if s == nil {
		require.ErrorIs(tb, err, want, what)
		return
	}
	require.NoError(tb, err, what)
	require.ErrorIs(tb, s.Err, want, what)
	var typed *xmlsig.Error
	require.ErrorAs(tb, s.Err, &typed)
	require.NotEmpty(tb, typed.Code)
	require.False(tb, s.OK())
	require.Nil(tb, s.Signer)
	require.Nil(tb, s.Parsed)
	require.Nil(tb, s.SignedElement)
	require.Nil(tb, s.Properties)
	require.Nil(tb, s.TimeStamps)
	require.True(tb, s.SigningTime.IsZero())
}

// ids tells xmlsec1 which attributes are identifiers.
var ids = []string{"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:KeyInfo",
	"--id-attr:Id", "http://uri.etsi.org/19522/v1#:Evidence"}

func write(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), name)
	require.NoError(tb, os.WriteFile(file, data, 0o600))
	return file
}

// xmlsecVerify lets xmlsec1 judge.
func xmlsecVerify(tb testing.TB, xml []byte) ([]byte, error) {
	tb.Helper()
	args := append([]string{"--verify", "--trusted-pem", write(tb, "ca.pem", testpki.PEM(people()["RSA"].Chain...))}, ids...)
	return exec.Command(reftest.Tool(tb, "xmlsec1"), append(args, write(tb, "signed.xml", xml))...).CombinedOutput()
}

// xmlsecSign lets xmlsec1 fill in a template.
func xmlsecSign(tb testing.TB, template []byte, who string) []byte {
	tb.Helper()
	leaf := people()[who]
	der, err := x509.MarshalPKCS8PrivateKey(leaf.Key)
	require.NoError(tb, err)
	key := write(tb, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	cert := write(tb, "cert.pem", testpki.PEM(leaf.Certificate))
	args := append([]string{"--sign", "--privkey-pem", key + "," + cert}, ids...)
	var stderr bytes.Buffer
	cmd := exec.Command(reftest.Tool(tb, "xmlsec1"), append(args, write(tb, "template.xml", template))...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(tb, err, "%s\n%s", stderr.String(), template)
	return out
}
