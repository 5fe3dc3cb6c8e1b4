package xmlsig_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
)

// FuzzVerify: no document breaks the verification, and none that holds says
// anything but what one of the seeds says: nobody can forge by mutation.
func FuzzVerify(f *testing.F) {
	known := map[string]bool{}
	for _, style := range []xmlsig.TransformStyle{xmlsig.Enveloped, xmlsig.Filter2} {
		for _, xml := range []string{small, `<a><b x="1">t</b></a>`} {
			s := stamped(signing("RSA"))
			s.Style = style
			signed := sign(f, xml, s)
			known[told(f, verify(f, signed, nil))] = true
			f.Add(signed)
			f.Add([]byte(strings.Replace(string(signed), "</ds:Object>", "</ds:Object><ds:Object/>", 1)))
		}
	}
	f.Add([]byte(`<a><ds:Signature xmlns:ds="` + xmlsig.DSNamespace + `"><ds:SignedInfo/><ds:SignatureValue/></ds:Signature></a>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := xmltree.Parse(data, &xmltree.Limits{Bytes: 1 << 16})
		if err != nil {
			return
		}
		for _, p := range []*xmlsig.Policy{nil, {PlainXMLDSig: true, Instructions: true, SHA1CertDigest: true}} {
			s, err := xmlsig.Verify(doc, p)
			if err != nil {
				require.Nil(t, s)
				continue
			}
			if s.Err != nil {
				var typed *xmlsig.Error
				require.ErrorAs(t, s.Err, &typed)
				require.NotEmpty(t, typed.Code)
				require.Nil(t, s.SignedElement)
				continue
			}
			require.True(t, known[told(t, s)], "%q", data)
		}
	})
}

// FuzzSign: what can be signed verifies, and has not changed but for the
// signature.
func FuzzSign(f *testing.F) {
	f.Add([]byte(small), true)
	f.Add([]byte("<a/>"), false)
	f.Add([]byte("<?a?><p:a xmlns:p='urn:p' /><!-- -->"), false)
	f.Fuzz(func(t *testing.T, data []byte, filter bool) {
		s := signing("P-256")
		s.Limits = &xmltree.Limits{Bytes: 1 << 14}
		if filter {
			s.Style = xmlsig.Filter2
		}
		signed, err := xmlsig.Sign(context.Background(), data, s)
		if err != nil {
			return
		}
		result := verify(t, signed, &xmlsig.Policy{Instructions: true})
		require.NoError(t, result.Err)
		before, err := xmltree.Parse(data, nil)
		require.NoError(t, err)
		form := xmltree.Canon{Comments: true}
		want, err := before.AppendCanonical(nil, nil, form)
		require.NoError(t, err)
		form.Without = func(e *xmltree.Element) bool { return e == result.Element }
		got, err := result.SignedElement.Document().AppendCanonical(nil, nil, form)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	})
}
