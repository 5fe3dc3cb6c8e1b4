package envelope_test

import (
	"bytes"
	"crypto"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
)

func wrapped() *envelope.Wrap {
	return &envelope.Wrap{
		Header: []envelope.Field{
			{Name: "From", Value: "<rem-service@gestore-a.example>"},
			{Name: "Subject", Value: "REM Dispatch: perché no"},
			{Name: "REM-MetadataVersion", Value: "EN31953203V010201"},
		},
		Time: accepted,
		Entity: &envelope.Entity{Type: "multipart/mixed", Parts: []*envelope.Entity{
			{
				Type:   "multipart/alternative",
				Header: []envelope.Field{{Name: "REM-Section-Type", Value: "rem_message/introduction"}},
				Parts: []*envelope.Entity{
					{Type: `text/plain; charset="UTF-8"`, Encoding: envelope.QuotedPrintable, Body: strings.NewReader("Messaggio è qui\n")},
					{Type: `text/html; charset="UTF-8"`, Encoding: envelope.QuotedPrintable, Body: strings.NewReader("<p>Messaggio è qui</p>\n")},
				},
			},
			{Type: "message/rfc822; name=AttachedMimeMessage", Encoding: "binary", Body: strings.NewReader("Subject: a\r\n\r\nè così\r\n")},
			{Type: `application/xml; name="A.xml"`, Encoding: envelope.Base64, Body: strings.NewReader("<a/>")},
		}},
	}
}

// A wrap of any shape reads back as what was put in, byte for byte, and its
// signature names its certificate by RFC 5035.
func TestWriteWrap(t *testing.T) {
	ca, signer := alfa(t)
	var b bytes.Buffer
	require.NoError(t, envelope.WriteWrap(&b, wrapped(), signer))
	entity := reftest.OpenSSLVerify(t, b.Bytes(), ca.PEM())

	m, err := envelope.OpenBytes(b.Bytes(), nil)
	require.NoError(t, err)
	require.Empty(t, m.Findings)
	require.Equal(t, "REM Dispatch: perché no", m.Header.Text("Subject"))
	signed, err := io.ReadAll(m.Signed.WholeEntity())
	require.NoError(t, err)
	require.Equal(t, string(entity), string(signed))
	sig := m.VerifySignature(nil)
	require.NoError(t, sig.Err)
	require.True(t, sig.OK())
	require.Equal(t, envelope.CertificateSignedV2, sig.Signers[0].CertificateSigned)

	require.Len(t, m.Signed.Parts, 3)
	require.Equal(t, "rem_message/introduction", m.Signed.Parts[0].Header.Get("REM-Section-Type"))
	original, err := io.ReadAll(m.Signed.Parts[1].Raw())
	require.NoError(t, err)
	require.Equal(t, "Subject: a\r\n\r\nè così\r\n", string(original))
	xml, err := m.Signed.Parts[2].Bytes(100)
	require.NoError(t, err)
	require.Equal(t, "<a/>", string(xml))
}

func TestWriteWrapRefuses(t *testing.T) {
	_, signer := alfa(t)
	weak := *signer
	weak.Hash = crypto.SHA1
	require.ErrorIs(t, envelope.WriteWrap(io.Discard, wrapped(), &weak), envelope.ErrBuild)
	require.ErrorIs(t, envelope.WriteWrap(io.Discard, wrapped(), nil), envelope.ErrBuild)
	require.ErrorIs(t, envelope.WriteWrap(io.Discard, &envelope.Wrap{}, signer), envelope.ErrBuild)
	injected := wrapped()
	injected.Header[1].Value = "a\r\nBcc: b@c.example"
	require.ErrorIs(t, envelope.WriteWrap(io.Discard, injected, signer), envelope.ErrBuild)
	deep := wrapped()
	for range 20 {
		deep.Entity = &envelope.Entity{Type: "multipart/mixed", Parts: []*envelope.Entity{deep.Entity}}
	}
	require.ErrorIs(t, envelope.WriteWrap(io.Discard, deep, signer), envelope.ErrBuild)
	broken := wrapped()
	broken.Entity.Parts[1].Body = io.MultiReader(strings.NewReader("a"), errReader{})
	require.ErrorIs(t, envelope.WriteWrap(io.Discard, broken, signer), io.ErrNoProgress)
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

func TestWriteCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb": "a\r\nb", "a\r\nb\r\n": "a\r\nb\r\n", "a\r\r\nb\n": "a\r\nb\r\n", "": "", "a\rb\n": "a\rb\r\n",
	} {
		var b bytes.Buffer
		n, err := envelope.WriteCanonical(&b, strings.NewReader(in))
		require.NoError(t, err)
		require.Equal(t, want, b.String(), "%q", in)
		require.EqualValues(t, len(want), n)
	}
}
