package envelope_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
)

var (
	rome     = time.FixedZone("CET", 3600)
	accepted = time.Date(2026, 3, 3, 10, 15, 32, 0, rome)
)

const submitted = "Received: from pc-rossi\n\tby gestore-a.example; Tue, 3 Mar 2026 10:15:30 +0100\n" +
	"From: Mario Rossi <mario.rossi@pec.alfa.example>\nTo: ufficio@pec.beta.example,\n info@gamma.example\nCc: copia@pec.beta.example\n" +
	"Subject: =?utf-8?q?Contratto_n=2E_7_=E2=80=93_perch=C3=A9_firmare?=\nMessage-ID: <7f3c@pc-rossi.alfa.example>\nX-TipoRicevuta: breve\n" +
	"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=inner\n\n--inner\nContent-Type: text/plain\n\nCiao\n--inner\n" +
	"Content-Type: application/pdf; name=\"a.pdf\"\nContent-Transfer-Encoding: base64\n\nJVBERi0=\n--inner--\n"

func authority() *testpki.Authority { return testpki.NewAuthority(11, "CA di prova", nil) }

func alfa(t testing.TB) (*testpki.Authority, *envelope.Signer) {
	t.Helper()
	ca := authority()
	leaf := ca.Provider("Gestore Alfa S.p.A.", "posta-certificata@gestore-a.example", nil)
	return ca, &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain}
}

func transport() *envelope.Transport {
	return &envelope.Transport{
		Provider:   envelope.Provider{Name: "Gestore Alfa S.p.A.", Address: "posta-certificata@gestore-a.example"},
		Identifier: "pec1.20260303101532.00042.1@gestore-a.example",
		Time:       accepted,
		Sender:     "mario.rossi@pec.alfa.example",
		Recipients: []daticert.Recipient{
			{Address: "ufficio@pec.beta.example", Type: daticert.RecipientCertified},
			{Address: "info@gamma.example", Type: daticert.RecipientExternal},
			{Address: "copia@pec.beta.example", Type: daticert.RecipientCertified},
		},
		HTML: true,
	}
}

func section(s string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s)))
}

func TestWriteTransport(t *testing.T) {
	ca, signer := alfa(t)
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA1, crypto.SHA384, crypto.SHA512} {
		t.Run(hash.String(), func(t *testing.T) {
			signer.Hash = hash
			var b bytes.Buffer
			data, err := envelope.WriteTransport(&b, section(submitted), transport(), signer)
			require.NoError(t, err)
			entity := reftest.OpenSSLVerify(t, b.Bytes(), ca.PEM())

			m, err := envelope.OpenBytes(b.Bytes(), nil)
			require.NoError(t, err)
			require.Empty(t, m.Findings)
			require.Equal(t, envelope.KindTransport, m.Class.Kind)
			whole, err := io.ReadAll(m.Signed.WholeEntity())
			require.NoError(t, err)
			require.Equal(t, string(bytes.TrimSuffix(entity, []byte("\r\n"))), string(bytes.TrimSuffix(whole, []byte("\r\n"))))
			sig := m.VerifySignature(nil)
			require.True(t, sig.OK(), "%v", sig.Signers)
			require.Equal(t, hash, sig.Signers[0].Digest)
			require.Equal(t, accepted.UTC(), sig.Signers[0].SigningTime.UTC())

			h := m.Header
			require.Equal(t, "POSTA CERTIFICATA: Contratto n. 7 – perché firmare", h.Text("Subject"))
			require.Equal(t, `"Per conto di: mario.rossi@pec.alfa.example" <posta-certificata@gestore-a.example>`, h.Get("From"))
			require.Equal(t, "mario.rossi@pec.alfa.example", h.Get("Reply-To"))
			require.Equal(t, "ufficio@pec.beta.example, info@gamma.example", h.Get("To"))
			require.Equal(t, "<7f3c@pc-rossi.alfa.example>", h.Get("X-Riferimento-Message-ID"))
			require.Equal(t, "<pec1.20260303101532.00042.1@gestore-a.example>", h.Get("Message-ID"))
			require.Equal(t, "breve", h.Get("X-TipoRicevuta"))
			require.Equal(t, "Tue, 03 Mar 2026 10:15:32 +0100", h.Get("Date"))
			require.Equal(t, 1, h.Count("Received"))

			xml, err := m.Certification.Bytes(1 << 20)
			require.NoError(t, err)
			reftest.ValidDaticert(t, xml)
			back, err := daticert.Parse(xml, nil)
			require.NoError(t, err)
			require.Empty(t, back.Findings)
			require.Empty(t, back.Validate())
			require.Equal(t, data.Recipients, back.Recipients)
			require.Equal(t, daticert.ReceiptBrief, back.ReceiptType)

			o, err := m.OpenOriginal()
			require.NoError(t, err)
			require.Equal(t, "<"+data.Identifier+">", o.Header.Get("Message-ID"))
			require.Equal(t, "<7f3c@pc-rossi.alfa.example>", o.Header.Get("X-Riferimento-Message-ID"))
			body, err := io.ReadAll(io.NewSectionReader(o.Source(), o.Root.Body.Start, o.Root.Body.Len()))
			require.NoError(t, err)
			_, want, _ := strings.Cut(submitted, "\n\n")
			require.Equal(t, strings.ReplaceAll(want, "\n", "\r\n"), string(body))
		})
	}
}

func TestWriteAnomaly(t *testing.T) {
	ca, signer := alfa(t)
	var b bytes.Buffer
	require.NoError(t, envelope.WriteAnomaly(&b, section(submitted), &envelope.Anomalous{
		Provider: transport().Provider, Time: accepted, Sender: "mario@gamma.example",
		Recipients: []string{"ufficio@pec.alfa.example"}, Reason: "messaggio non firmato",
	}, signer))
	reftest.OpenSSLVerify(t, b.Bytes(), ca.PEM())
	m, err := envelope.OpenBytes(b.Bytes(), nil)
	require.NoError(t, err)
	require.Equal(t, envelope.KindAnomaly, m.Class.Kind)
	require.Nil(t, m.Certification)
	require.Equal(t, "<7f3c@pc-rossi.alfa.example>", m.Header.Get("Message-ID"))
	require.False(t, m.Header.Has("X-Riferimento-Message-ID"))
	whole, err := io.ReadAll(m.Original.Raw())
	require.NoError(t, err)
	require.Equal(t, strings.ReplaceAll(submitted, "\n", "\r\n"), string(whole))
	require.True(t, m.VerifySignature(nil).OK())
}

// TestWriteSevenBit holds R §2.1: every part is 7-bit on the wire, and lines
// are short, whatever the text.
func TestWriteSevenBit(t *testing.T) {
	ca, signer := alfa(t)
	tr := transport()
	original := strings.Replace(submitted, "Subject:", "Subject: "+strings.Repeat("è ", 300)+"\nX-Old:", 1)
	var b bytes.Buffer
	_, err := envelope.WriteTransport(&b, section("Subject: =?utf-8?q?"+strings.Repeat("=C3=A8_", 200)+"?=\n"+original[strings.Index(original, "MIME"):]), tr, signer)
	require.NoError(t, err)
	reftest.OpenSSLVerify(t, b.Bytes(), ca.PEM())
	for _, line := range strings.Split(b.String(), "\r\n") {
		if !strings.HasPrefix(line, "Subject: =?utf-8?q?=C3") { // the original's own
			require.LessOrEqual(t, len(line), 200)
		}
		require.NotContains(t, line, "\n")
		require.NotContains(t, line, "\r")
	}
	for _, c := range b.Bytes() {
		require.Less(t, c, byte(128))
	}
}

// remote is a signer that only has an interface, like an HSM.
type remote struct{ key *rsa.PrivateKey }

func (r remote) Public() crypto.PublicKey { return r.key.Public() }
func (r remote) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return r.key.Sign(random, digest, opts)
}

func TestWriteWithAnySigner(t *testing.T) {
	ca, signer := alfa(t)
	var plain, hsm bytes.Buffer
	tr := transport()
	tr.Style.Random = testpki.Reader(1, "boundaries")
	_, err := envelope.WriteTransport(&plain, section(submitted), tr, signer)
	require.NoError(t, err)
	signer.Key = remote{signer.Key.(*rsa.PrivateKey)}
	tr.Style.Random = testpki.Reader(1, "boundaries")
	_, err = envelope.WriteTransport(&hsm, section(submitted), tr, signer)
	require.NoError(t, err)
	require.Equal(t, plain.String(), hsm.String(), "the same seed gives the same bytes")
	reftest.OpenSSLVerify(t, hsm.Bytes(), ca.PEM())
}

func TestWriteRefuses(t *testing.T) {
	_, signer := alfa(t)
	var b bytes.Buffer
	require.ErrorIs(t, envelope.Write(&b, &envelope.Draft{}, nil), envelope.ErrBuild)
	require.ErrorIs(t, envelope.Write(&b, &envelope.Draft{Header: []envelope.Field{{Name: "Subject", Value: "a\r\nBcc: x"}}}, signer), envelope.ErrBuild)
	require.ErrorIs(t, envelope.Write(&b, &envelope.Draft{Header: []envelope.Field{{Name: "Sub ject", Value: "a"}}}, signer), envelope.ErrBuild)
	_, err := envelope.WriteTransport(&b, section(""), transport(), signer)
	require.ErrorIs(t, err, envelope.ErrEmpty)
	tr := transport()
	tr.Recipients = nil
	_, err = envelope.WriteTransport(&b, section(submitted), tr, signer)
	require.Error(t, err)
}
