package evidence

import (
	"bytes"
	"context"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/trust"
	"github.com/stretchr/testify/require"
)

func TestV02_OnlyWhatWasSigned(t *testing.T) {
	w := newWorld(t)
	signed := string(w.sign(t, contentConsignment()))
	signature := signed[strings.Index(signed, "<ds:Signature") : strings.Index(signed, "</ds:Signature>")+len("</ds:Signature>")]
	unsigned := string(must(contentConsignment().Marshal(Baseline())))
	forged := strings.Replace(unsigned, "RD01", "RD09", 1)
	inside := func(outer, what string) string {
		return strings.Replace(outer, "</tns:Evidence>", what+"</tns:Evidence>", 1)
	}
	extension := func(outer, what string) string {
		return strings.Replace(outer, "</tns:Extensions>", `<tns:Extension isCritical="false">`+what+`</tns:Extension></tns:Extensions>`, 1)
	}
	strip := strings.TrimPrefix(signed, `<?xml version="1.0" encoding="UTF-8"?>`)
	for name, attack := range map[string]string{
		"other reason":                          strings.Replace(signed, "RD01", "RD09", 1),
		"other recipient":                       strings.Replace(signed, "ToRecipient>1<", "ToRecipient>2<", 1),
		"X1 wrapped: signed below a forged one": extension(forged, strip),
		"X1 wrapped beside the signature":       inside(forged, "<ds:Object>"+strip+"</ds:Object>"+signature),
		"X2 a second signature":                 inside(signed, signature),
		"X4 content hidden in a second one":     inside(signed, `<ds:Signature><tns:MessageIdentifier>x</tns:MessageIdentifier></ds:Signature>`),
		"X4 hidden deeper":                      extension(signed, `<ds:Signature><x/></ds:Signature>`),
		"signature of another document":         inside(forged, signature),
		"signature not below the root":          extension(unsigned, signature),
		"X3 duplicate id":                       strings.Replace(signed, `<tns:Evidence `, `<tns:Evidence Id="xades-`+signed[strings.Index(signed, `Target="#`)+9:][:35]+`" `, 1),
		"X6 without signed properties":          cut(signed, `<ds:Reference Type=`, `</ds:Reference>`),
		"X7 properties of another signature":    strings.Replace(signed, `Target="#id-`, `Target="#ie-`, 1),
		"X11 form with comments":                strings.ReplaceAll(signed, `xml-exc-c14n#"`, `xml-exc-c14n#WithComments"`),
		"transform of another kind":             strings.Replace(signed, xmlsig.TransformEnveloped, "http://www.w3.org/TR/1999/REC-xslt-19991116", 1),
		"element added":                         strings.Replace(signed, "<tns:UserContentInfo>", "<tns:Invented/><tns:UserContentInfo>", 1),
		"instruction before the root":           strings.Replace(signed, "<tns:Evidence", "<?x y?><tns:Evidence", 1),
	} {
		require.NotEqual(t, signed, attack, name)
		e, r, err := Verify(context.Background(), []byte(attack), &w.trust)
		require.NoError(t, err, name)
		require.NotNil(t, e)
		require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceSignature).Status, name)
		require.Equal(t, trust.Invalid, r.Verdict, name)
		require.Equal(t, trust.Invalid, r.Integrity, name)
		require.Nil(t, r.Certificate, name)
		require.Nil(t, r.Signer, name)
		require.Nil(t, r.TimeStamp, name)
		require.Error(t, r.SignatureErr, name)
		require.ErrorIs(t, r.Err(), ErrNotValid)
	}
	// Comments are not signed, and change nothing that is read.
	commented := strings.Replace(signed, "RD01", "R<!-- not a word -->D01", 1)
	e, r := w.verify(t, []byte(commented))
	require.NoError(t, r.Err())
	require.Equal(t, value(contentConsignment()), value(e))

	// X8: the signer's certificate is the one that the signed properties name,
	// wherever it stands.
	impostor := testpki.NewAuthority(12, "Impostor", nil).Provider(alfa, "rem-service@alfa-rem.example", nil)
	with := *w.signer
	with.Chain = []*x509.Certificate{impostor.Certificate}
	decoy, err := Sign(context.Background(), []byte(unsigned), &with)
	require.NoError(t, err)
	_, r = w.verify(t, decoy)
	require.NoError(t, r.Err())
	require.Equal(t, w.leaf.Certificate.Raw, r.Certificate.Raw)
	with.Key, with.Certificate, with.Chain = impostor.Key, impostor.Certificate, []*x509.Certificate{w.leaf.Certificate}
	forgery, err := Sign(context.Background(), []byte(unsigned), &with)
	require.NoError(t, err)
	_, r = w.verify(t, forgery)
	require.Equal(t, impostor.Certificate.Raw, r.Certificate.Raw)
	require.Equal(t, trust.Unknown, r.Check(trust.CheckSignerChain).Status)
	require.Equal(t, trust.Valid, r.Integrity)
	require.Equal(t, trust.Indeterminate, r.Trust)
	require.Equal(t, trust.Indeterminate, r.Verdict)

	// Not signed at all.
	_, r = w.verify(t, []byte(unsigned))
	require.ErrorIs(t, r.SignatureErr, xmlsig.ErrNoSignature)
	require.Equal(t, trust.Invalid, r.Verdict)
}

func cut(s, from, to string) string {
	i := strings.Index(s, from)
	j := strings.Index(s[i:], to)
	return s[:i] + s[i+j+len(to):]
}

// cutBetween replaces the text of the first element that starts so.
func cutBetween(s, start, end, text string) string {
	i := strings.Index(s, start)
	i += strings.Index(s[i:], ">") + 1
	j := i + strings.Index(s[i:], end)
	return s[:i] + text + s[j:]
}

// One bit flipped anywhere in a signed evidence, and it is not valid. The
// exceptions are what nobody signs and nobody reads: what is no part of any
// canonical form (the XML declaration, a namespace declaration that nothing
// uses), the Id attributes around the time-stamp, and the version numbers and
// digestAlgorithms of its CMS (RFC 5652 §5.1). Then all that was certified is as
// before.
func TestFlipEveryByte(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(t, submissionRejection())
	want, r := w.verify(t, signed)
	require.NoError(t, r.Err())
	masks := []byte{0x01, 0x20, 0x80, 0x04}
	if testing.Short() {
		masks = masks[:1] // leaves out three of four bits
	}
	canonical := func(xml []byte) string {
		doc, err := xmltree.Parse(xml, nil)
		require.NoError(t, err)
		var b strings.Builder
		require.NoError(t, doc.WriteCanonical(&b, nil, xmltree.Canon{Exclusive: true}))
		return b.String()
	}
	same := canonical(signed)
	stamp := bytes.Index(signed, []byte("<xades:SignatureTimeStamp "))
	unsigned := func(i int) bool {
		return i > stamp && i < bytes.Index(signed, []byte("</xades:EncapsulatedTimeStamp>"))
	}
	verdicts := map[trust.Verdict]int{}
	for i := range signed {
		for _, mask := range masks {
			damaged := bytes.Clone(signed)
			damaged[i] ^= mask
			o := w.trust
			got, r, err := Verify(context.Background(), damaged, &o)
			if err != nil {
				require.Nil(t, r)
				continue
			}
			verdicts[r.Verdict]++
			if r.Verdict == trust.Valid {
				require.True(t, unsigned(i) || same == canonical(damaged), "octet %d ^ %#x: %q is valid", i, mask, damaged[max(0, i-30):min(len(damaged), i+30)])
				require.Equal(t, value(want), value(got))
				require.Equal(t, w.leaf.Certificate.Raw, r.Certificate.Raw)
				require.Equal(t, signingTime, r.SigningTime)
				require.Equal(t, signingTime.Add(time.Second), r.TimeStamp.Time)
				require.Equal(t, w.tsa.Certificate().Raw, r.TimeStamp.Certificate.Raw)
			}
		}
	}
	require.Greater(t, verdicts[trust.Invalid], len(signed)*len(masks)/3)
	require.Less(t, verdicts[trust.Valid], 300)
	t.Log(len(signed), verdicts)
}
