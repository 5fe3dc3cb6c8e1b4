package tsp_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"io"
	"io/fs"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/stretchr/testify/require"
)

var (
	tokenOf = regexp.MustCompile(`(?s)<xades:EncapsulatedTimeStamp[^>]*>(.*?)</`)
	valueOf = regexp.MustCompile(`(?s)<ds:SignatureValue( Id="[^"]*")>(.*?)</ds:SignatureValue>`)
	partOf  = regexp.MustCompile(`(?s)Content-Transfer-Encoding: (base64|quoted-printable)\r?\n(?:[A-Za-z-]+:.*?\r?\n)*\r?\n(.*?)\r?\n--`)
)

// kitTokens gives every token of the ETSI and AgID kits, with the
// canonical ds:SignatureValue that it should be over.
func kitTokens(t testing.TB, visit func(name string, token, signed []byte)) {
	t.Helper()
	dir := reftest.Dir(t, "etsi")
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		docs := [][]byte{raw}
		switch filepath.Ext(path) {
		case ".xml":
		case ".eml":
			docs = xmlParts(t, raw)
		default:
			return nil
		}
		for _, doc := range docs {
			found := tokenOf.FindAllSubmatch(doc, -1)
			if len(found) == 0 {
				continue
			}
			require.Len(t, found, 1, path)
			token, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(found[0][1]), nil)))
			if err != nil {
				continue // the template of an evidence, with a placeholder
			}
			value := valueOf.FindSubmatch(doc)
			require.NotNil(t, value, path)
			// Exclusive canonical form: the element with its own namespace.
			signed := append([]byte(`<ds:SignatureValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`), value[1]...)
			signed = append(append(append(signed, '>'), bytes.ReplaceAll(value[2], []byte("\r\n"), []byte("\n"))...), "</ds:SignatureValue>"...)
			visit(filepath.Base(path), token, signed)
		}
		return nil
	}))
}

// xmlParts finds the evidences in a message, without being a MIME parser.
func xmlParts(t testing.TB, mail []byte) (docs [][]byte) {
	t.Helper()
	for _, part := range partOf.FindAllSubmatch(mail, -1) {
		body := part[2]
		if string(part[1]) == "base64" {
			if decoded, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(body), nil))); err == nil {
				docs = append(docs, decoded)
			}
			continue
		}
		if decoded, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body))); err == nil {
			docs = append(docs, decoded)
		}
	}
	return docs
}

// Every token of the kits holds: over the signature value of its evidence,
// with its certificates up to the root that it carries.
func TestKitTokens(t *testing.T) {
	stores := map[string]*trust.Store{}
	count := 0
	kitTokens(t, func(name string, raw, signed []byte) {
		count++
		tok, err := tsp.Parse(raw)
		require.NoError(t, err, name)
		require.Equal(t, crypto.SHA256, tok.HashAlgorithm)
		require.Equal(t, "1.2.3.4", tok.Policy)
		root := rootOf(t, tok)
		s := stores[string(root.Raw)]
		if s == nil {
			s, err = trust.NewStore(trust.Material{Anchors: []*x509.Certificate{root}}, nil)
			require.NoError(t, err)
			stores[string(root.Raw)] = s
		}
		r := tsp.Verify(tok, tsp.Query{Imprint: tsp.OfData(signed), Store: s, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
		require.NoError(t, r.Err, name)
		require.True(t, r.OK)
		require.True(t, r.Trusted, "%s: %v", name, r.Check(tsp.CheckSignerChain))

		require.Equal(t, trust.SourceAnchor, r.Signer.AtEvent.Source)
		require.Len(t, r.Signer.AtEvent.Path, 2)

		signed[len(signed)/2] ^= 1
		r = tsp.Verify(tok, tsp.Query{Imprint: tsp.OfData(signed), Store: s})
		require.ErrorIs(t, r.Err, tsp.ErrImprint)
		require.False(t, r.Trusted)
	})
	require.Equal(t, 99, count)
}

// rootOf finds the self-issued certificate that a token carries.
func rootOf(t testing.TB, tok *tsp.Token) *x509.Certificate {
	t.Helper()
	for _, raw := range tok.Certificates {
		c, err := trust.ParseCertificate(raw)
		require.NoError(t, err)
		if bytes.Equal(c.RawSubject, c.RawIssuer) {
			return c
		}
	}
	require.Fail(t, "no root in the token")
	return nil
}

// A qualified authority's time-stamp of 2018: RSASSA-PSS, in the token and in
// its certificates.
func TestQualifiedTokenOf2018(t *testing.T) {
	tok, err := tsp.Read(reftest.File(t, "timestamp", "d-trust-2018.tsr"))
	require.NoError(t, err)
	require.Equal(t, "2018-05-23T13:18:29Z", tok.GenTime.Format(time.RFC3339Nano))
	require.Equal(t, "0.4.0.2023.1.1", tok.Policy)
	require.True(t, tok.ClaimsQualified)
	require.Equal(t, "organizationIdentifier=NTRDE-HRB74346,CN=D-TRUST TSU 12 2017,O=D-Trust GmbH,C=DE",
		regexp.MustCompile(`2\.5\.4\.97=#[0-9a-f]+`).ReplaceAllString(tok.TSA(), "organizationIdentifier=NTRDE-HRB74346"))
	s, err := trust.NewStore(trust.Material{Anchors: []*x509.Certificate{rootOf(t, tok)}}, nil)
	require.NoError(t, err)
	r := tsp.Verify(tok, tsp.Query{Imprint: tsp.OfDigest(tok.Imprint, crypto.SHA256), Store: s, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
	require.NoError(t, r.Err)
	require.True(t, r.Trusted, "%v", r.Checks)
	require.Len(t, r.Signer.AtEvent.Path, 3)
	require.Equal(t, trust.Failed, r.Signer.Now.Status, "the certificate has expired since")
	require.Equal(t, "RSASSA-PSS-SHA256", r.SignatureAlgorithm)
	require.Empty(t, r.Findings)
}

// A response into whose token strangers put certificates (CVE-2026-39984): the
// third is the signer's, and all that is found is about that one.
func TestInjectedCertificates(t *testing.T) {
	resp, err := tsp.ParseResponse(reftest.File(t, "timestamp", "odd-injected-certificates.tsr"))
	require.NoError(t, err)
	require.Equal(t, tsp.Granted, resp.Status)
	tok := resp.Token
	require.Len(t, tok.Certificates, 3)
	digest := tsp.OfData([]byte("hello"))
	require.Equal(t, "36a44f9f4a391fd3", tok.Nonce.Text(16))
	verify := func(anchors ...int) *tsp.Result {
		m := trust.Material{}
		for _, i := range anchors {
			c, err := x509.ParseCertificate(tok.Certificates[i])
			require.NoError(t, err)
			m.Anchors = append(m.Anchors, c)
		}
		s, err := trust.NewStore(m, nil)
		require.NoError(t, err)
		return tsp.Verify(tok, tsp.Query{Imprint: digest, Store: s, Nonce: tok.Nonce})
	}
	r := verify()
	require.NoError(t, r.Err)
	require.Equal(t, tok.Certificates[2], r.Certificate.Raw)
	require.Equal(t, trust.Unknown, r.Check(tsp.CheckSignerChain).Status)
	require.False(t, r.Trusted)

	// To believe the injected ones does not lend the signer their trust.
	require.False(t, verify(0, 1).Trusted)
	require.True(t, verify(2).Trusted)
}
