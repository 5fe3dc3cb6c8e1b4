package xmlsig_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
)

// TestSignedForXmlsec1: xmlsec1 accepts what we sign, of either style, with each
// kind of key, stamped or not, and refuses it altered.
func TestSignedForXmlsec1(t *testing.T) {
	for _, who := range []string{"RSA", "RSA3072", "P-256", "P-384", "P-521"} {
		for _, style := range []xmlsig.TransformStyle{xmlsig.Enveloped, xmlsig.Filter2} {
			for _, hash := range []crypto.Hash{0, crypto.SHA384, crypto.SHA512} {
				s := stamped(signing(who))
				s.Style, s.Hash = style, hash
				s.Chain = people()[who].Chain
				signed := sign(t, small, s)
				out, err := xmlsecVerify(t, signed)
				require.NoError(t, err, "%s %v %v: %s\n%s", who, style, hash, out, signed)

				result := verify(t, signed, nil)
				require.NoError(t, result.Err)
				require.Equal(t, style, result.Style)
				require.Equal(t, s.Certificate.Raw, result.Signer)
				require.Equal(t, s.Certificate.Raw, result.Parsed.Raw)
				require.Equal(t, signingTime, result.SigningTime)
				require.Len(t, result.Certificates, 2)
				require.Empty(t, result.Findings)
				require.Len(t, result.TimeStamps, 1)
				imprint, err := result.TimeStamps[0].Imprint(crypto.SHA256)
				require.NoError(t, err)
				require.Equal(t, append([]byte("token for "), imprint...), result.TimeStamps[0].Token)

				altered := changed(t, signed, "09:30:00Z", "09:30:01Z")
				_, err = xmlsecVerify(t, altered)
				require.Error(t, err)
				refuse(t, altered, xmlsig.ErrDigest, who)
				if testing.Short() {
					break // one digest is enough for a quick look
				}
			}
		}
	}
}

// TestSignedPSS: OpenSSL verifies the signature value over the canonical
// SignedInfo; this xmlsec1 knows no PSS.
func TestSignedPSS(t *testing.T) {
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		s := signing("RSA")
		s.PSS, s.Hash = true, hash
		signed := sign(t, small, s)
		doc := read(t, signed)
		at, err := xmlsig.Find(doc, nil)
		require.NoError(t, err)
		info, err := doc.AppendCanonical(nil, at.First(xmlsig.DSNamespace, "SignedInfo"), xmltree.Canon{Exclusive: true})
		require.NoError(t, err)
		value, err := base64.StdEncoding.DecodeString(at.First(xmlsig.DSNamespace, "SignatureValue").Text())
		require.NoError(t, err)
		public, err := x509.MarshalPKIXPublicKey(s.Key.Public())
		require.NoError(t, err)
		name := strings.ReplaceAll(strings.ToLower(hash.String()), "-", "")
		cmd := exec.Command(reftest.Tool(t, "openssl"), "dgst", "-"+name, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest",
			"-verify", write(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})), "-signature", write(t, "value", value))
		cmd.Stdin = bytes.NewReader(info)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.NoError(t, verify(t, signed, nil).Err)
		// The other padding is another algorithm.
		refuse(t, []byte(strings.Replace(string(signed), "2007/05/xmldsig-more#"+name+"-rsa-MGF1", "2001/04/xmldsig-more#rsa-"+name, 1)), xmlsig.ErrSignature, name)
	}
}

// TestSignChangesNothingElse: the signature goes in before the last end tag.
func TestSignChangesNothingElse(t *testing.T) {
	for source, end := range map[string]string{
		small: "</tns:Evidence>\n",
		"\uFEFF<a>\r\n\t<ds:b xmlns:ds='urn:other'/></a\n><!-- x -->": "</a\n><!-- x -->",
	} {
		signed := string(sign(t, source, signing("RSA")))
		require.True(t, strings.HasPrefix(signed, strings.TrimSuffix(source, end)+"<ds:Signature "))
		require.True(t, strings.HasSuffix(signed, "</ds:Signature>"+end))
	}
	for source, want := range map[string][2]string{
		`<a/>`:                            {"<a><ds:Signature", "</ds:Signature></a>"},
		"<p:a xmlns:p='urn:p' b='' /> \n": {"<p:a xmlns:p='urn:p' b='' ><ds:Signature", "</ds:Signature></p:a> \n"},
		`<ds:a xmlns:ds="urn:other" xmlns:xades="urn:other" ds:b="x"></ds:a>`: {`<ds:a xmlns:ds="urn:other" xmlns:xades="urn:other" ds:b="x"><ds:Signature`, "</ds:Signature></ds:a>"},
	} {
		signed := sign(t, source, signing("RSA"))
		require.True(t, strings.HasPrefix(string(signed), want[0]), "%s", signed)
		require.True(t, strings.HasSuffix(string(signed), want[1]), "%s", signed)
		out, err := xmlsecVerify(t, signed)
		require.NoError(t, err, "%s", out)
	}
}

func TestSignIsDeterministicWithRSA(t *testing.T) {
	s := signing("RSA")
	s.ID = ""
	one, two := sign(t, small, s), sign(t, small, s)
	require.Equal(t, string(one), string(two))
	s.Time = s.Time.Add(1e9)
	later := sign(t, small, s)
	require.NotEqual(t, between(t, one, `Signature xmlns:ds="`, `">`), between(t, later, `Signature xmlns:ds="`, `">`), "another identifier")
}

func TestSignRefuses(t *testing.T) {
	boom := errors.New("no answer")
	for name, c := range map[string]struct {
		xml    string
		change func(*xmlsig.Signing)
		want   error
	}{
		"no key":             {small, func(s *xmlsig.Signing) { s.Key = nil }, xmlsig.ErrSigning},
		"no certificate":     {small, func(s *xmlsig.Signing) { s.Certificate = nil }, xmlsig.ErrSigning},
		"no time":            {small, func(s *xmlsig.Signing) { s.Time = time.Time{} }, xmlsig.ErrSigning},
		"another's key":      {small, func(s *xmlsig.Signing) { s.Key = people()["other"].Key }, xmlsig.ErrKey},
		"a small key":        {small, func(s *xmlsig.Signing) { *s = *signing("RSA1024") }, xmlsig.ErrKey},
		"a small curve":      {small, func(s *xmlsig.Signing) { *s = *signing("P-224") }, xmlsig.ErrKey},
		"SHA-1":              {small, func(s *xmlsig.Signing) { s.Hash = crypto.SHA1 }, xmlsig.ErrAlgorithm},
		"an odd identifier":  {small, func(s *xmlsig.Signing) { s.ID = `x" y="` }, xmlsig.ErrSigning},
		"identifier taken":   {`<a Id="id-X"/>`, func(*xmlsig.Signing) {}, xmlsig.ErrDuplicateID},
		"signed already":     {string(sign(t, small, signing("RSA"))), func(*xmlsig.Signing) {}, xmlsig.ErrSeveralSignatures},
		"signed inside":      {"<a><b>" + between(t, sign(t, small, signing("RSA")), "<ds:Signature", "</ds:Signature>") + "</b></a>", func(*xmlsig.Signing) {}, xmlsig.ErrMisplaced},
		"not XML":            {"<a>", func(*xmlsig.Signing) {}, xmltree.ErrMalformed},
		"too large":          {small, func(s *xmlsig.Signing) { s.Limits = &xmltree.Limits{Bytes: 100} }, xmltree.ErrTooLarge},
		"relative namespace": {`<a xmlns="x"/>`, func(*xmlsig.Signing) {}, xmltree.ErrRelativeNamespace},
		"no time-stamp": {small, func(s *xmlsig.Signing) {
			s.TimeStamp = func(context.Context, []byte, crypto.Hash) ([]byte, error) { return nil, boom }
		}, boom},
		"an empty time-stamp": {small, func(s *xmlsig.Signing) {
			s.TimeStamp = func(context.Context, []byte, crypto.Hash) ([]byte, error) { return nil, nil }
		}, xmlsig.ErrSigning},
		"a broken key": {small, func(s *xmlsig.Signing) { s.Key = broken{s.Key} }, xmlsig.ErrSignature},
	} {
		s := signing("RSA")
		c.change(s)
		out, err := xmlsig.Sign(context.Background(), []byte(c.xml), s)
		require.ErrorIs(t, err, c.want, name)
		require.Nil(t, out, name)
	}
	_, err := xmlsig.Sign(context.Background(), []byte(small), nil)
	require.ErrorIs(t, err, xmlsig.ErrSigning)
	// The limits count for the document, not for what is added to it.
	s := signing("RSA")
	s.Limits = &xmltree.Limits{Bytes: len(small), Depth: 3, Elements: 10}
	require.NoError(t, verify(t, sign(t, small, s), nil).Err)
}

// broken signs something else.
type broken struct{ crypto.Signer }

func (b broken) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	other := bytes.Clone(digest)
	other[0] ^= 1
	return b.Signer.Sign(r, other, o)
}
