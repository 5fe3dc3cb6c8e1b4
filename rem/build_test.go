package rem_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
)

var rome = time.FixedZone("CEST", 2*3600)

const kitService = "rem-service@s1-rems-only-for-test.it"

// kitPrepared is the message of AgID's kit.
func kitPrepared(t testing.TB) *rem.Prepared {
	t.Helper()
	clean := reftest.File(t, "etsi", "agid-rem-policy-it-1.2-kit", "Intra-REM-flow", "original_message.clean_from_user.eml")
	p, err := rem.Prepare(section(string(clean)), "26A0CF65.00566CE0.242DDC3F.85251369.rem-service@s1-rems-only-for-test.it", nil)
	require.NoError(t, err)
	return p
}

func kitEvidence(t testing.TB, name string) []byte {
	t.Helper()
	return reftest.File(t, "etsi", "agid-rem-policy-it-1.2-kit", "standalone-evidence", name)
}

// kitDispatchEvidence is the evidence inside the dispatch of the kit.
func kitDispatchEvidence(t testing.TB) []byte {
	t.Helper()
	m, err := rem.ParseBytes(reftest.File(t, "etsi", "agid-rem-policy-it-1.2-kit", "Intra-REM-flow", "REM_Dispatch.RA01.eml"), nil)
	require.NoError(t, err)
	require.Len(t, m.Evidence, 1)
	return m.Evidence[0].Bytes()
}

// service is a signer whose certificate stands for a service of the kit.
func service(t testing.TB, name, address string) (*testpki.Authority, *envelope.Signer) {
	t.Helper()
	ca := testpki.NewAuthority(51, "CA di prova REM", nil).Sub("Sub CA REM", nil)
	leaf := ca.Provider(name, address, nil)
	return ca, &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain}
}

func frame() rem.Frame {
	return rem.Frame{
		Service:  rem.Service{Name: "S-REMS-1 provider", Address: kitService},
		Time:     time.Date(2022, 8, 3, 16, 22, 12, 0, rome),
		Policies: []string{rem.PolicyBaseline, "https://eidas.agid.gov.it/REM/rem-policy-it"},
		Lenient:  true, // the kit's evidence is not of our signer
	}
}

func dispatch(t testing.TB) *rem.Dispatch {
	t.Helper()
	return &rem.Dispatch{Frame: frame(), Original: kitPrepared(t), Evidence: [][]byte{kitDispatchEvidence(t)}}
}

func built(t testing.TB, write func(w io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, write(&b))
	return b.Bytes()
}

// judged lets OpenSSL verify a message and reads it back.
func judged(t testing.TB, message []byte) *rem.Message {
	t.Helper()
	root := testpki.NewAuthority(51, "CA di prova REM", nil)
	entity := reftest.OpenSSLVerify(t, message, root.PEM())
	m, err := rem.ParseBytes(message, nil)
	require.NoError(t, err)
	require.Empty(t, m.Findings)
	signed, err := io.ReadAll(m.Envelope.Signed.WholeEntity())
	require.NoError(t, err)
	require.Equal(t, string(entity), string(signed))
	sig := m.Envelope.VerifySignature(nil)
	require.True(t, sig.OK(), "%+v", sig)
	require.Equal(t, envelope.CertificateSignedV2, sig.Signers[0].CertificateSigned)
	require.Len(t, sig.Certificates, 2, "leaf and intermediate")
	return m
}

func TestB17toB22_Dispatch(t *testing.T) {
	_, signer := service(t, "S-REMS-1 provider", kitService)
	d := dispatch(t)
	message := built(t, func(w io.Writer) error { return rem.WriteDispatch(w, d, signer) })
	m := judged(t, message)
	require.Equal(t, rem.KindDispatch, m.Kind)

	// The same header as the one of the kit, field by field.
	kit, err := rem.ParseBytes(reftest.File(t, "etsi", "agid-rem-policy-it-1.2-kit", "Intra-REM-flow", "REM_Dispatch.RA01.eml"), nil)
	require.NoError(t, err)
	for _, name := range []string{
		"Reply-To", "From", "To", "Subject", "Message-ID", "REM-MetadataVersion", "REM-ApplicablePolicy", "REM-MessageType",
		"REM-DigestAlgorithm", "REM-DigestValue", "REM-EventIdentifier", "REM-Evidence-ID", "REM-ReasonIdentifier", "REM-MD08", "MIME-Version",
	} {
		require.Equal(t, kit.Envelope.Header.Values(name), m.Envelope.Header.Values(name), name)
	}
	require.Equal(t, "multipart/signed", m.Envelope.Root.Type.Value)
	require.Equal(t, "application/pkcs7-signature", m.Envelope.Root.Type.Param("protocol"))
	require.Equal(t, "sha-256", m.Envelope.Root.Type.Param("micalg"))

	// Part by part as the kit has them (B-20).
	require.Len(t, m.Envelope.Signed.Parts, 3)
	for i, p := range m.Envelope.Signed.Parts {
		for _, name := range []string{"REM-Section-Type", "Content-Disposition", "Content-Transfer-Encoding"} {
			require.Equal(t, kit.Envelope.Signed.Parts[i].Header.Get(name), p.Header.Get(name), "%s of part %d", name, i)
		}
		require.Equal(t, kit.Envelope.Signed.Parts[i].Type.Value, p.Type.Value)
		require.Equal(t, kit.Envelope.Signed.Parts[i].Name(), p.Name())
	}
	require.Equal(t, kitDispatchEvidence(t), m.Evidence[0].Bytes(), "B-11: the same bytes")
	sum, err := m.OriginalDigest(5, false)
	require.NoError(t, err)
	require.Equal(t, kit.Envelope.Header.Get("REM-DigestValue"), base64.StdEncoding.EncodeToString(sum), "B-10")

	o, err := m.OpenOriginal()
	require.NoError(t, err)
	defer o.Close()
	theirs, err := kit.OpenOriginal()
	require.NoError(t, err)
	a, err := o.SHA256()
	require.NoError(t, err)
	b, err := theirs.SHA256()
	require.NoError(t, err)
	require.Equal(t, b, a)
}

// introductionOf returns the two versions of the readable part.
func introductionOf(t testing.TB, m *rem.Message) (text, html string) {
	t.Helper()
	root, found, err := envelope.Structure(m.Introduction.WholeEntity(), nil)
	require.NoError(t, err)
	require.Empty(t, found)
	require.Equal(t, "multipart/alternative", root.Type.Value)
	require.Len(t, root.Parts, 2)
	for i, kind := range []string{"text/plain", "text/html"} {
		require.Equal(t, kind, root.Parts[i].Type.Value)
		require.Equal(t, "UTF-8", root.Parts[i].Type.Param("charset"))
	}
	text, err = root.Parts[0].Text(1 << 20)
	require.NoError(t, err)
	html, err = root.Parts[1].Text(1 << 20)
	require.NoError(t, err)
	return text, html
}

func TestB21_Introduction(t *testing.T) {
	_, signer := service(t, "S-REMS-1 provider", kitService)
	d := dispatch(t)
	m := judged(t, built(t, func(w io.Writer) error { return rem.WriteDispatch(w, d, signer) }))
	text, html := introductionOf(t, m)
	for _, want := range []string{
		"Messaggio REM", "REM message", "S-REMS-1 provider", "03-08-2022", "16:22:12 (+0200)", "recC@r2-rems-only-for-test.it",
		"recD@r2-rems-only-for-test.it", d.Original.MessageID, "SubmissionAcceptance.xml", "REM-UAMessageIdentifier",
		"è stato sostituito", "was replaced",
	} {
		require.Contains(t, text, want)
		require.Contains(t, html, want)
	}
	require.Contains(t, text, "Oggetto dell'original message")
	require.Contains(t, html, "Oggetto dell&#39;original message")
	require.Contains(t, html, `<a href="mailto:recC@r2-rems-only-for-test.it">recC@r2-rems-only-for-test.it</a>`)
	require.NotContains(t, html, "<script")
	// Equivalent: without its tags the HTML says what the text says.
	require.Equal(t, words(text), words(tagless(html)))
}

func words(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "----------------------------------------", "")), " ")
}

func tagless(s string) string {
	var b strings.Builder
	_, s, _ = strings.Cut(s, "<body>")
	for len(s) > 0 {
		before, rest, ok := strings.Cut(s, "<")
		b.WriteString(before)
		if !ok {
			break
		}
		tag, after, _ := strings.Cut(rest, ">")
		if strings.HasPrefix(tag, "/p") || strings.HasPrefix(tag, "/h1") {
			b.WriteByte(' ')
		}
		s = after
	}
	return strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(b.String())
}

func TestB17toB20_Receipts(t *testing.T) {
	dir := []string{"etsi", "agid-rem-policy-it-1.2-kit", "Intra-REM-flow"}
	for _, name := range []string{
		"REM_SubmissionAcceptance.RA01.eml", "REM_SubmissionRejection.RA03.eml", "REM_RelayAcceptance.RB01.eml", "REM_RelayRejection.RB21.eml",
		"REM_RelayFailure.RB22.eml", "REM_ContentConsignment1.RD01.eml", "REM_ContentConsignmentFailure2.RD04.eml",
	} {
		t.Run(name, func(t *testing.T) {
			kit, err := rem.ParseBytes(reftest.File(t, append(dir, name)...), nil)
			require.NoError(t, err)
			from, err := kit.Envelope.Header.Author()
			require.NoError(t, err)
			_, signer := service(t, "Provider", from.Address)
			to, _, err := envelope.ParseMailboxes(kit.Envelope.Header.Get("To"))
			require.NoError(t, err)
			f := frame()
			f.Service.Address = from.Address
			r := &rem.Receipt{
				Frame: f, MessageID: kit.MessageID(), To: to, Sender: kit.Metadata().Sender,
				Evidence: [][]byte{kit.Evidence[0].Bytes()},
			}
			m := judged(t, built(t, func(w io.Writer) error { return rem.WriteReceipt(w, r, signer) }))
			require.Equal(t, rem.KindReceipt, m.Kind)
			for _, name := range []string{
				"From", "To", "Subject", "Message-ID", "REM-MetadataVersion", "REM-ApplicablePolicy", "REM-MessageType", "REM-DigestAlgorithm",
				"REM-DigestValue", "REM-UAMessageIdentifier", "REM-EventIdentifier", "REM-Evidence-ID", "REM-ReasonIdentifier", "REM-MD08",
			} {
				require.Equal(t, kit.Envelope.Header.Values(name), m.Envelope.Header.Values(name), name)
			}
			require.Empty(t, m.Envelope.Header.Get("REM-ExpirationDate"))
			require.Equal(t, kit.Evidence[0].Bytes(), m.Evidence[0].Bytes())
			require.Equal(t, kit.Evidence[0].Name, m.Evidence[0].Name)
			require.Nil(t, m.Original)
			text, html := introductionOf(t, m)
			require.Equal(t, words(text), words(tagless(html)))
			require.Contains(t, text, kit.Evidence[0].Document.Reasons[0].Code())
			if u, n, ok := kit.Evidence[0].Document.Recipient(); ok {
				require.Contains(t, text, "Riguarda il destinatario "+string(rune('0'+n))+": "+u.Address())
			}
		})
	}
}

func TestPayloadAndNotification(t *testing.T) {
	_, signer := service(t, "S", kitService)
	p := &rem.Payload{Frame: frame(), Original: kitPrepared(t)}
	m := judged(t, built(t, func(w io.Writer) error { return rem.WritePayload(w, p, signer) }))
	require.Equal(t, rem.KindPayload, m.Kind)
	require.Empty(t, m.Evidence)
	require.NotNil(t, m.Original)
	require.Equal(t, p.Original.MessageID, m.Identifier())
	require.Equal(t, p.Original.Author.Address, m.Sender())
	require.Equal(t, p.Original.Subject, m.Subject())

	n := &rem.Notification{
		Frame: frame(), MessageID: "N1@s1-rems-only-for-test.it", Identifier: newID, To: []envelope.Mailbox{{Address: "a@x.example"}},
		Sender: envelope.Mailbox{Name: "Anna", Address: "b@y.example"}, Subject: "Offerta", Location: "https://rem.example/accept?id=1&x=2",
	}
	m = judged(t, built(t, func(w io.Writer) error { return rem.WriteNotification(w, n, signer) }))
	require.Equal(t, rem.KindNotification, m.Kind)
	require.Equal(t, n.Location, m.Metadata().Location)
	_, html := introductionOf(t, m)
	require.Contains(t, html, `<a href="https://rem.example/accept?id=1&amp;x=2">https://rem.example/accept?id=1&amp;x=2</a>`)
	n.Location = "javascript:alert(1)"
	require.ErrorIs(t, rem.WriteNotification(io.Discard, n, signer), rem.ErrBuild)
}

// TestExtensionsAndPDF: P-04 and EN 319 532-3 §6.2.5.
func TestP04_ExtensionsAndPDF(t *testing.T) {
	_, signer := service(t, "S", kitService)
	d := dispatch(t)
	d.Extensions = []rem.ExtensionPart{{Name: "dati.bin", Code: "I06", Namespace: "urn:example:dati", Data: []byte{0, 1, 2}}}
	d.PDF = []rem.PDFEvidence{{Event: evidence.SubmissionAcceptance, Data: []byte("%PDF-1.4")}}
	d.Evidence = append(d.Evidence, d.Evidence[0])
	m := judged(t, built(t, func(w io.Writer) error { return rem.WriteDispatch(w, d, signer) }))
	require.Len(t, m.Evidence, 2)
	require.Len(t, m.PDF, 1)
	require.Equal(t, "SubmissionAcceptance.pdf", m.PDF[0].Name())
	require.Len(t, m.Extensions, 1)
	x := m.Extensions[0]
	require.Equal(t, []string{"dati.bin", "I06", "urn:example:dati"}, []string{x.Name, x.Code, x.Namespace})
	data, err := x.Part.Bytes(10)
	require.NoError(t, err)
	require.Equal(t, []byte{0, 1, 2}, data)
}

// TestB24_Injection: nothing a user writes adds a field, a part or a tag.
func TestB24_Injection(t *testing.T) {
	_, signer := service(t, "S", kitService)
	hostile := "Offerta\r\nBcc: x@evil.example\r\n\r\n<script>alert(1)</script> è =?utf-8?q?=0D=0AX:y?="
	f := frame()
	n := &rem.Notification{
		Frame: f, MessageID: "N1@s1-rems-only-for-test.it", Identifier: newID, To: []envelope.Mailbox{{Name: hostile, Address: "a@x.example"}},
		Sender: envelope.Mailbox{Name: hostile, Address: "b@y.example"}, Subject: hostile, Location: "https://rem.example/",
		UserAgentID: "id@x\r\nBcc: y@evil.example",
	}
	message := built(t, func(w io.Writer) error { return rem.WriteNotification(w, n, signer) })
	m := judged(t, message)
	require.False(t, m.Envelope.Header.Has("Bcc"))
	require.False(t, m.Envelope.Header.Has("X"))
	require.Contains(t, m.Envelope.Header.Text("Subject"), "<script>alert(1)</script> è")
	_, html := introductionOf(t, m)
	require.NotContains(t, html, "<script")
	for _, line := range strings.Split(string(message), "\r\n") {
		require.LessOrEqual(t, len(line), 998)
	}
	for _, bad := range []string{"", "a", "a@", "a b@x.example", "a@x.example\r\nBcc: b@c", "a@x.example>, <b@c"} {
		n.To = []envelope.Mailbox{{Address: bad}}
		require.ErrorIs(t, rem.WriteNotification(io.Discard, n, signer), rem.ErrBuild, "%q", bad)
	}
}

func mustPrepare(t testing.TB, message, id string) *rem.Prepared {
	t.Helper()
	p, err := rem.Prepare(section(message), id, nil)
	require.NoError(t, err)
	return p
}

func unsigned(xml []byte) []byte {
	i, j := bytes.Index(xml, []byte("<ds:Signature ")), bytes.Index(xml, []byte("</ds:Signature>"))
	return append(bytes.Clone(xml[:i]), xml[j+len("</ds:Signature>"):]...)
}

// TestB23_SplitDispatch: one dispatch for all services. Written twice with the same
// random numbers it is the same, octet for octet.
func TestB23_SplitDispatch(t *testing.T) {
	_, signer := service(t, "S", kitService)
	write := func() []byte {
		d := dispatch(t)
		d.Random = rand.NewChaCha8([32]byte{7})
		return built(t, func(w io.Writer) error { return rem.WriteDispatch(w, d, signer) })
	}
	a, b := sha256.Sum256(write()), sha256.Sum256(write())
	require.Equal(t, hex.EncodeToString(a[:]), hex.EncodeToString(b[:]))
}
