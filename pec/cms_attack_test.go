package pec_test

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// detached signs bytes.
func (g *gestore) detached(t testing.TB, content []byte, h crypto.Hash) []byte {
	t.Helper()
	sum := h.New()
	sum.Write(content)
	der, err := cms.Sign(sum.Sum(nil), &cms.Signing{Key: g.leaf.Key, Certificate: g.leaf.Certificate, Chain: g.leaf.Chain, Hash: h, SigningTime: eventTime})
	require.NoError(t, err)
	return der
}

// signedData is a SignedData in the pieces that the attacks move about, each
// with its own identifier and length.
type signedData struct {
	Version                                 asn1.RawValue
	Digests, Content, Certificates, Signers asn1.RawValue
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue
}

func takeApart(t testing.TB, p7s []byte) (signedData, contentInfo) {
	t.Helper()
	var outer contentInfo
	rest, err := asn1.Unmarshal(p7s, &outer)
	require.NoError(t, err)
	require.Empty(t, rest)
	var sd signedData
	_, err = asn1.Unmarshal(outer.Content.Bytes, &sd)
	require.NoError(t, err)
	return sd, outer
}

// rebuild changes a SignedData.
func rebuild(t testing.TB, p7s []byte, change func(*signedData)) []byte {
	t.Helper()
	sd, outer := takeApart(t, p7s)
	change(&sd)
	inner, err := asn1.Marshal(sd)
	require.NoError(t, err)
	outer.Content = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner}
	out, err := asn1.Marshal(outer)
	require.NoError(t, err)
	return out
}

// setBytes replaces the content of a constructed value.
func setBytes(v *asn1.RawValue, content ...[]byte) {
	v.FullBytes, v.Bytes = nil, bytes.Join(content, nil)
}

// p7sOf returns the signature of a message, decoded.
func p7sOf(t testing.TB, message []byte) []byte {
	t.Helper()
	m, err := envelope.OpenBytes(message, nil)
	require.NoError(t, err)
	der, err := m.SignaturePart.Bytes(1 << 20)
	require.NoError(t, err)
	return der
}

// withP7S puts another signature into a message.
func withP7S(t testing.TB, message, p7s []byte) []byte {
	t.Helper()
	return withP7SText(t, message, base64Lines(p7s))
}

func withP7SText(t testing.TB, message []byte, text string) []byte {
	t.Helper()
	m, err := envelope.OpenBytes(message, nil)
	require.NoError(t, err)
	body := m.SignaturePart.Body
	return []byte(string(message[:body.Start]) + strings.TrimSuffix(text, "\r\n") + string(message[body.End:]))
}

func TestS15_ContentInsideTheDetachedSignature(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	m, err := envelope.OpenBytes(good, nil)
	require.NoError(t, err)
	signed := good[m.Signed.Entity.Start:m.Signed.Entity.End]
	for name, content := range map[string][]byte{"the same": signed, "other": []byte("Content-Type: text/plain\r\n\r\nfalso\r\n"), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			octets, err := asn1.Marshal(content)
			require.NoError(t, err)
			p7s := rebuild(t, p7sOf(t, good), func(sd *signedData) {
				oid, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1})
				require.NoError(t, err)
				explicit, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: octets})
				require.NoError(t, err)
				setBytes(&sd.Content, oid, explicit)
			})
			r := g.judge(t, withP7S(t, good, p7s))
			requireInvalid(t, r, trust.CheckSignature)
			require.ErrorIs(t, r.Signature.Err, envelope.ErrAmbiguousContent)
		})
	}
}

// TestS15_ContentInsideAForgedMessage: the signature inside fits the content
// inside, and the message shows something else.
func TestS15_ContentInsideAForgedMessage(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	m, err := envelope.OpenBytes(good, nil)
	require.NoError(t, err)
	octets, err := asn1.Marshal(good[m.Signed.Entity.Start:m.Signed.Entity.End])
	require.NoError(t, err)
	p7s := rebuild(t, p7sOf(t, good), func(sd *signedData) {
		oid, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1})
		require.NoError(t, err)
		explicit, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: octets})
		require.NoError(t, err)
		setBytes(&sd.Content, oid, explicit)
	})
	forged := g.draft(t, g.data("avvenuta-consegna"))
	r := g.judge(t, withP7S(t, g.sign(t, forged), p7s))
	requireInvalid(t, r, trust.CheckSignature)
	require.False(t, r.Signature.Signers[0].DigestOK)
}

func TestS17_NoSigners(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	p7s := rebuild(t, p7sOf(t, good), func(sd *signedData) { setBytes(&sd.Signers) })
	r := g.judge(t, withP7S(t, good, p7s))
	requireInvalid(t, r, trust.CheckSignature)
	require.ErrorIs(t, r.Signature.Err, cms.ErrNoSigners)
	require.Empty(t, r.Signature.Signers)
	require.Equal(t, trust.Unknown, r.Check(trust.CheckSignerChain).Status)
}

func TestS18_SeveralSigners(t *testing.T) {
	g := gestoreAlfa()
	evil := newGestore(testAuthority().Sub("Altra", nil), "Evil", "posta-certificata@evil.example", nil)
	good := g.receipt(t, "accettazione")
	m, err := envelope.OpenBytes(good, nil)
	require.NoError(t, err)
	signed := good[m.Signed.Entity.Start:m.Signed.Entity.End]
	other, _ := takeApart(t, evil.detached(t, signed, crypto.SHA256))
	wrong, _ := takeApart(t, evil.detached(t, []byte("x"), crypto.SHA256))
	for name, join := range map[string]func(sd *signedData){
		"genuine first":      func(sd *signedData) { setBytes(&sd.Signers, sd.Signers.Bytes, other.Signers.Bytes) },
		"genuine second":     func(sd *signedData) { setBytes(&sd.Signers, other.Signers.Bytes, sd.Signers.Bytes) },
		"the other is wrong": func(sd *signedData) { setBytes(&sd.Signers, sd.Signers.Bytes, wrong.Signers.Bytes) },
		"the same twice":     func(sd *signedData) { setBytes(&sd.Signers, sd.Signers.Bytes, sd.Signers.Bytes) },
	} {
		t.Run(name, func(t *testing.T) {
			p7s := rebuild(t, p7sOf(t, good), func(sd *signedData) {
				join(sd)
				setBytes(&sd.Certificates, sd.Certificates.Bytes, other.Certificates.Bytes)
			})
			r := g.judge(t, withP7S(t, good, p7s))
			requireInvalid(t, r, trust.CheckSignature)
			require.ErrorIs(t, r.Signature.Err, envelope.ErrSeveralSigners)
			require.Len(t, r.Signature.Signers, 2, "all are reported")
			for _, s := range r.Signature.Signers {
				require.NotNil(t, s.Certificate)
				require.True(t, s.SignatureOK)
			}
			require.NotEqual(t, trust.Passed, r.Check(trust.CheckSignerChain).Status)
		})
	}
}

// TestDecoyCertificates: certificates that somebody adds decide nothing, and
// one that says it is the signer's does not replace it.
func TestDecoyCertificates(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	decoy := testpki.NewAuthority(666, "CA di prova", nil).Provider(g.name, g.mailbox, nil) // same issuer name
	for name, certs := range map[string]func(bag []byte) [][]byte{
		"rubbish before":     func(b []byte) [][]byte { return [][]byte{{0x30, 3, 2, 1, 0}, b} },
		"another before":     func(b []byte) [][]byte { return [][]byte{decoy.Certificate.Raw, b} },
		"its own root":       func(b []byte) [][]byte { return [][]byte{b, g.ca.Certificate.Raw} },
		"forty more":         func(b []byte) [][]byte { return [][]byte{b, bytes.Repeat(decoy.Certificate.Raw, 40)} },
		"a choice of others": func(b []byte) [][]byte { return [][]byte{{0xa1, 2, 5, 0}, b} },
	} {
		t.Run(name, func(t *testing.T) {
			p7s := rebuild(t, p7sOf(t, good), func(sd *signedData) { setBytes(&sd.Certificates, certs(sd.Certificates.Bytes)...) })
			r := g.judge(t, withP7S(t, good, p7s))
			requireValid(t, r)
			require.Equal(t, g.leaf.Certificate.Raw, r.Signer.Certificate.Raw)
		})
	}
	require.Equal(t, decoy.Certificate.SerialNumber, g.leaf.Certificate.SerialNumber, "the decoy has the signer's name and number")
	p7s := rebuild(t, p7sOf(t, good), func(sd *signedData) { setBytes(&sd.Certificates, decoy.Certificate.Raw) })
	r := g.judge(t, withP7S(t, good, p7s))
	requireInvalid(t, r, trust.CheckSignature)
	require.Equal(t, trust.Unknown, r.Check(trust.CheckSignerChain).Status)
}

// TestSignaturePartForms are the ways the signature may be written down: trap
// 14 of the measurements, and what a hostile copy may do to it.
func TestSignaturePartForms(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	der := p7sOf(t, good)
	oneLine := base64.StdEncoding.EncodeToString(der)
	for name, c := range map[string]struct {
		text  string
		valid bool
	}{
		"one line":                     {oneLine, true},
		"no padding":                   {strings.TrimRight(oneLine, "="), true},
		"spaces and tabs":              {strings.ReplaceAll(base64Lines(der), "\r\n", " \t\r\n \r\n"), true},
		"trailing zeros":               {base64Lines(append(bytes.Clone(der), make([]byte, 7)...)), true},
		"something behind the padding": {base64Lines(append(bytes.Clone(der), 0)) + "AAAA\r\n", true},
		"trailing rubbish":             {base64Lines(append(bytes.Clone(der), 1, 2, 3)), true},
		"foreign characters":           {strings.Replace(base64Lines(der), "\r\n", "!\r\n", 3), false},
		"PEM":                          {"-----BEGIN PKCS7-----\r\n" + base64Lines(der) + "-----END PKCS7-----\r\n", false},
		"hyphens behind the padding":   {base64Lines(append(bytes.Clone(der), make([]byte, 3+(1-len(der)%3+3)%3)...)) + "--\r\n", true},
		"hyphens in the data":          {strings.Replace(base64Lines(der), "\r\n", "\r\n--\r\n", 1), false},
		"cut":                          {base64Lines(der[:len(der)-9]), false},
		"empty":                        {"", false},
		"only padding":                 {"====", false},
		"not base64":                   {"ciao", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := g.judge(t, withP7SText(t, good, c.text))
			if c.valid {
				requireValid(t, r)
				return
			}
			requireInvalid(t, r, trust.CheckSignature)
		})
	}
	t.Run("binary", func(t *testing.T) {
		m := withP7SText(t, good, string(der))
		requireValid(t, g.judge(t, edit(t, m, "name=\"smime.p7s\"\r\nContent-Transfer-Encoding: base64", "name=\"smime.p7s\"\r\nContent-Transfer-Encoding: binary")))
	})
	t.Run("unknown encoding", func(t *testing.T) {
		m := edit(t, good, "name=\"smime.p7s\"\r\nContent-Transfer-Encoding: base64", "name=\"smime.p7s\"\r\nContent-Transfer-Encoding: x-uuencode")
		requireInvalid(t, g.judge(t, m), trust.CheckSignature)
	})
	const was = "Content-Type: application/x-pkcs7-signature; name=\"smime.p7s\""
	for kind, valid := range map[string]bool{
		"application/pkcs7-signature": true, "APPLICATION/X-PKCS7-SIGNATURE": true, "application/octet-stream; name=SMIME.P7S": true,
		"text/plain": false, "application/pgp-signature; name=signature.asc": false, "application/octet-stream; name=foto.jpg": false, "message/rfc822": false,
	} {
		t.Run("type "+kind, func(t *testing.T) {
			m := edit(t, good, was, "Content-Type: "+kind)
			m = edit(t, m, "Content-Disposition: attachment; filename=\"smime.p7s\"", "Content-Disposition: attachment")
			if r := g.judge(t, m); valid {
				requireValid(t, r)
			} else {
				requireInvalid(t, r, trust.CheckSignature)
			}
		})
	}
	t.Run("a bomb of nested values", func(t *testing.T) {
		bomb := bytes.Repeat([]byte{0x30, 0x80}, 400<<10)
		r := g.judge(t, withP7S(t, good, bomb))
		requireInvalid(t, r, trust.CheckSignature)
		require.ErrorIs(t, r.Signature.Err, cms.ErrTooDeep)
	})
	t.Run("too large", func(t *testing.T) {
		r := g.judge(t, withP7S(t, good, append(bytes.Clone(der), make([]byte, 2<<20)...)))
		requireInvalid(t, r, trust.CheckSignature)
		require.ErrorIs(t, r.Signature.Err, envelope.ErrTooLarge)
	})
}

// TestSignedAttributesAreRequired: without them a reader may hash nothing and
// accept everything (trap 8), and without contentType a digest of attributes
// passes for one of content (trap 7).
func TestSignedAttributesAreRequired(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	remove := func(drop func(v asn1.RawValue) bool) []byte {
		return rebuild(t, p7sOf(t, good), func(sd *signedData) {
			var info, attrs asn1.RawValue
			_, err := asn1.Unmarshal(sd.Signers.Bytes, &info)
			require.NoError(t, err)
			var kept []byte
			for rest := info.Bytes; len(rest) > 0; {
				var v asn1.RawValue
				rest, err = asn1.Unmarshal(rest, &v)
				require.NoError(t, err)
				if v.Class != asn1.ClassContextSpecific {
					kept = append(kept, v.FullBytes...)
					continue
				}
				var members []byte
				for list := v.Bytes; len(list) > 0; {
					list, err = asn1.Unmarshal(list, &attrs)
					require.NoError(t, err)
					if !drop(attrs) {
						members = append(members, attrs.FullBytes...)
					}
				}
				if len(members) > 0 {
					setBytes(&v, members)
					der, err := asn1.Marshal(v)
					require.NoError(t, err)
					kept = append(kept, der...)
				}
			}
			setBytes(&info, kept)
			der, err := asn1.Marshal(info)
			require.NoError(t, err)
			setBytes(&sd.Signers, der)
		})
	}
	r := g.judge(t, withP7S(t, good, remove(func(asn1.RawValue) bool { return true })))
	requireInvalid(t, r, trust.CheckSignature)
	require.ErrorIs(t, r.Signature.Signers[0].Err, cms.ErrNoSignedAttributes)
	contentType, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3})
	require.NoError(t, err)
	r = g.judge(t, withP7S(t, good, remove(func(v asn1.RawValue) bool { return bytes.HasPrefix(v.Bytes, contentType) })))
	requireInvalid(t, r, trust.CheckSignature)
	require.ErrorIs(t, r.Signature.Signers[0].Err, cms.ErrContentType)
	require.Nil(t, func() *pec.Certified { c, _ := r.Certified(); return c }())
}

// TestUnknownAlgorithmIsNoShelter: an algorithm that we do not have leaves a
// signature unjudged, but not what is wrong in any case.
func TestUnknownAlgorithmIsNoShelter(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	rsa, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1})
	require.NoError(t, err)
	unknown, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 99})
	require.NoError(t, err)
	p7s := rebuild(t, p7sOf(t, good), func(sd *signedData) {
		at := bytes.LastIndex(sd.Signers.Bytes, rsa)
		require.Positive(t, at)
		copy(sd.Signers.Bytes[at:], unknown)
		setBytes(&sd.Signers, sd.Signers.Bytes)
	})
	r := g.judge(t, withP7S(t, good, p7s))
	requireOpen(t, r, trust.CheckSignature)
	// The content is not the one that the attributes speak of, whoever signed.
	r = g.judge(t, edit(t, withP7S(t, good, p7s), "Il messaggio", "il messaggio"))
	requireInvalid(t, r, trust.CheckSignature)
}
