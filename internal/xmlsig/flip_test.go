package xmlsig_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
)

// told is all that a verified signature says with authority, in one string.
func told(tb testing.TB, s *xmlsig.Signature) string {
	tb.Helper()
	require.True(tb, s.OK())
	doc := s.SignedElement.Document()
	without := func(e *xmltree.Element) bool { return e == s.Element }
	out, err := doc.AppendCanonical(nil, s.SignedElement, xmltree.Canon{Exclusive: true, Without: without})
	require.NoError(tb, err)
	if s.Properties != nil {
		out, err = doc.AppendCanonical(out, s.Properties, xmltree.Canon{Exclusive: true})
		require.NoError(tb, err)
	}
	return string(out) + s.SigningTime.String() + string(s.Signer) + string(s.Parsed.Raw) + s.DigestMethod + s.SignatureMethod + s.Style.String()
}

// TestEveryBitCounts: no bit of a signed document can be turned without the
// signature saying so, unless what it says with authority stays the same.
func TestEveryBitCounts(t *testing.T) {
	s := stamped(signing("RSA"))
	s.Chain = people()["RSA"].Chain
	for _, style := range []xmlsig.TransformStyle{xmlsig.Enveloped, xmlsig.Filter2} {
		s.Style = style
		signed := sign(t, small, s)
		want := told(t, verify(t, signed, nil))
		bits := 8
		if testing.Short() || style == xmlsig.Filter2 {
			bits = 1 // leaves out seven of eight
		}
		held := 0
		for i := range signed {
			for bit := range bits {
				bad := bytes.Clone(signed)
				bad[i] ^= 1 << bit
				doc, err := xmltree.Parse(bad, nil)
				if err != nil {
					continue
				}
				result, err := xmlsig.Verify(doc, nil)
				if err != nil || result.Err != nil {
					if result != nil {
						require.Nil(t, result.SignedElement)
						require.Nil(t, result.Signer)
						require.True(t, result.SigningTime.IsZero())
					}
					continue
				}
				held++
				require.Equal(t, want, told(t, result), "bit %d of octet %d", bit, i)
				if from := bytes.Index(signed, []byte("<ds:SignedInfo>")); i >= from && i < bytes.Index(signed, []byte("</ds:SignedInfo>")) {
					t.Fatalf("bit %d of octet %d, inside SignedInfo", bit, i)
				}
			}
		}
		// The intermediate certificate, the token and comments are free.
		require.Greater(t, held, 100)
		require.Less(t, held, len(signed)*bits/2)
	}
}
