package pec_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
)

var draftDate = time.Date(2026, 11, 21, 10, 30, 0, 0, time.FixedZone("", 3600))

func everydayDraft() *pec.Draft {
	return &pec.Draft{
		From:    pec.Address{Name: "Società Esempio", Address: "ufficio@azienda.example"},
		To:      pec.Addresses("anna@uno.example", "Bruno@due.example"),
		Cc:      []pec.Address{{Name: `Rossi, Carla "CR"`, Address: "carla@tre.example"}},
		Subject: "Perché è così: diffida n. 12/2026",
		Text:    "Gentile Anna,\nin allegato l'atto.\n.\nFrom here on: è così.\n",
		Date:    draftDate,
	}
}

func composed(t testing.TB, d *pec.Draft, opt *pec.ComposeOptions) *pec.Outgoing {
	t.Helper()
	out, err := pec.Compose(d, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, out.Close()) })
	return out
}

func bytesOf(t testing.TB, o *pec.Outgoing) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := o.WriteTo(&b)
	require.NoError(t, err)
	require.EqualValues(t, o.Size, n)
	return b.Bytes()
}

func rulesOf(err error) []string {
	var rules []string
	for _, v := range pec.Violations(err) {
		rules = append(rules, v.Rule)
	}
	return rules
}

func codesOf(list []pec.Finding) []string {
	var codes []string
	for _, f := range list {
		codes = append(codes, f.Code)
	}
	return codes
}

// The composed message says the same to net/mail, to our own reader and to the
// preflight of somebody else's message.
func TestComposeReadsBack(t *testing.T) {
	d := everydayDraft()
	d.HTML = "<p>Gentile Anna, è così.</p>"
	d.ReplyTo = []pec.Address{{Name: strings.Repeat("molto lungo è il nome ", 10), Address: "protocollo@azienda.example"}}
	d.ReceiptType = daticert.ReceiptBrief
	d.InReplyTo = []string{"<uno@altrove.example>"}
	d.References = []string{"zero@altrove.example", "<uno@altrove.example>"}
	d.Header = []pec.HeaderField{{"X-Pratica", "n. 7 / è"}, {"Auto-Submitted", "auto-generated"}}
	random := rand.NewChaCha8([32]byte{1})
	blob := make([]byte, 10_001)
	_, _ = random.Read(blob)
	d.Attachments = []pec.File{
		pec.FileBytes("atto è firmato.pdf.p7m", "", blob),
		pec.FileBytes("fattura.xml", "application/xml; charset=iso-8859-1", []byte("<f/>")),
		pec.FileBytes("vuoto.txt", "text/plain", nil),
		pec.FileBytes(strings.Repeat("lunghissimo è ", 16)+".csv", "text/csv", []byte("a;b\n1;2")),
		pec.FileBytes(`virgo"lette" e \.txt`, "TEXT/Plain; Name=altro.txt", []byte("\x00\xff\r\n\n")),
	}
	account := &pec.Account{Address: "Ufficio@azienda.example", Limits: pec.Limits{MaxLoad: 100 << 20, MaxSize: 1 << 20, MaxRecipients: 500}}
	out := composed(t, d, &pec.ComposeOptions{Account: account})
	raw := bytesOf(t, out)
	requireWireSafe(t, raw)

	sum := sha256.Sum256(raw)
	require.Equal(t, hex.EncodeToString(sum[:]), out.SHA256)
	require.EqualValues(t, len(raw), out.Size)
	require.Equal(t, "ufficio@azienda.example", out.MailFrom)
	require.Equal(t, []string{"anna@uno.example", "Bruno@due.example", "carla@tre.example"}, out.Recipients)
	require.Equal(t, []string{pec.FindingFileName}, codesOf(out.Findings), "a name that looks like a path")
	require.Empty(t, out.Message.Findings)

	requireReads(t, raw, d, out.MessageID)

	m, err := pec.ParseBytes(raw, nil)
	require.NoError(t, err)
	require.Equal(t, pec.KindOrdinary, m.Kind)
	require.Equal(t, out.MessageID, m.MessageID())
	require.Equal(t, "ufficio@azienda.example", m.Sender())
	require.Equal(t, d.Subject, m.Subject())
	text, err := m.Text(1 << 20)
	require.NoError(t, err)
	require.Equal(t, d.Text, text)
	files, err := m.Attachments()
	require.NoError(t, err)
	require.Len(t, files, len(d.Attachments))
	for i, f := range files {
		require.Equal(t, d.Attachments[i].Name, f.Name)
		r, err := f.Open()
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		want, err := d.Attachments[i].Open()
		require.NoError(t, err)
		wanted, err := io.ReadAll(want)
		require.NoError(t, err)
		require.Equal(t, len(wanted), len(got), f.Name)
		require.True(t, bytes.Equal(wanted, got), f.Name)
	}

	findings, err := pec.Preflight(out.Message, out.MailFrom, out.Recipients, account)
	require.NoError(t, err)
	require.Empty(t, findings)
}

func TestComposeShapes(t *testing.T) {
	for name, change := range map[string]func(*pec.Draft){
		"text alone":       func(d *pec.Draft) {},
		"nothing at all":   func(d *pec.Draft) { d.Text, d.Subject = "", "" },
		"HTML alone":       func(d *pec.Draft) { d.HTML, d.Text = "<p>è</p>", "" },
		"both":             func(d *pec.Draft) { d.HTML = "<p>è</p>" },
		"a file alone":     func(d *pec.Draft) { d.Text, d.Attachments = "", []pec.File{pec.FileBytes("a", "", []byte("x"))} },
		"many addresses":   func(d *pec.Draft) { d.Cc = pec.Addresses(manyAddresses(300)...) },
		"no name":          func(d *pec.Draft) { d.From.Name = "" },
		"a literal word":   func(d *pec.Draft) { d.Subject, d.From.Name = "=?utf-8?q?x?=", "=?utf-8?q?y?=" },
		"spaces":           func(d *pec.Draft) { d.Subject, d.From.Name = " due  spazi ", " due  spazi " },
		"a long word":      func(d *pec.Draft) { d.Subject, d.From.Name = strings.Repeat("x", 2000), strings.Repeat("y", 2000) },
		"a long text":      func(d *pec.Draft) { d.Subject = strings.TrimSpace(strings.Repeat("parola ", 500)) },
		"other scripts":    func(d *pec.Draft) { d.Subject, d.From.Name = strings.Repeat("契約書😀", 40), "Δοκιμή" },
		"line ends":        func(d *pec.Draft) { d.Text = "a\rb\r\nc\n\nd \t\n.\n..\n" + strings.Repeat("x", 3000) },
		"a tab in subject": func(d *pec.Draft) { d.Subject = "a\tb" },
	} {
		t.Run(name, func(t *testing.T) {
			d := everydayDraft()
			change(d)
			out := composed(t, d, nil)
			raw := bytesOf(t, out)
			requireWireSafe(t, raw)
			requireReads(t, raw, d, out.MessageID)
			require.Empty(t, out.Message.Findings)
		})
	}
}

func manyAddresses(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = "casella" + strings.Repeat("x", i%20) + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "@molti.example"
	}
	return list
}

func TestSND03_ExactlyOneAuthor(t *testing.T) {
	for _, from := range []string{"", "a@x.example, b@x.example", "a@x.example b@x.example", "<a@x.example>", "a", "@x.example", "a@", "a@x",
		"a@@x.example", "a@x.example;", `"a b"@x.example`, "a@[127.0.0.1]", "è@x.example", "a@città.example", ".a@x.example", "a..b@x.example",
		"a@-x.example", "a@x..example", "a@x.example\r\nBcc: b@x.example", strings.Repeat("a", 65) + "@x.example"} {
		d := everydayDraft()
		d.From.Address = from
		_, err := pec.Compose(d, nil)
		require.ErrorIs(t, err, pec.ErrAuthor, "%q", from)
		require.Contains(t, rulesOf(err), "SND-03")
	}
}

func TestSND04_CcAloneIsRefused(t *testing.T) {
	d := everydayDraft()
	d.To = nil
	_, err := pec.Compose(d, nil)
	require.ErrorIs(t, err, pec.ErrNoRecipient)
	require.Equal(t, []string{"SND-04"}, rulesOf(err))
}

func TestSND05_RecipientsAreToAndCc(t *testing.T) {
	d := everydayDraft()
	d.To = pec.Addresses("anna@uno.example", "ANNA@Uno.Example", "k@uno.example")
	d.Cc = pec.Addresses("anna@uno.example", "bruno@due.example")
	out := composed(t, d, nil)
	require.Equal(t, []string{"anna@uno.example", "k@uno.example", "bruno@due.example"}, out.Recipients)
	require.Equal(t, []string{pec.FindingRepeated, pec.FindingRepeated}, codesOf(out.Findings))
}

func TestSND06_BlindCopiesAreRefusedAndNeverWritten(t *testing.T) {
	d := everydayDraft()
	d.Bcc = pec.Addresses("nascosto@x.example")
	var w bytes.Buffer
	_, err := pec.ComposeTo(&w, d, nil)
	require.ErrorIs(t, err, pec.ErrBlindCopy)
	require.Equal(t, []string{"SND-06"}, rulesOf(err))
	require.Zero(t, w.Len())
	for _, name := range []string{"Bcc", "bcc", "BCC", "Resent-Bcc"} {
		d := everydayDraft()
		d.Header = []pec.HeaderField{{name, "nascosto@x.example"}}
		_, err := pec.Compose(d, nil)
		require.ErrorIs(t, err, pec.ErrDraft)
	}
}

func TestSND09_MessageID(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		out := composed(t, everydayDraft(), nil)
		require.Regexp(t, `^20261121093000\.[a-z2-7]{26}@azienda\.example$`, out.MessageID)
		require.False(t, seen[out.MessageID])
		seen[out.MessageID] = true
		require.Equal(t, "<"+out.MessageID+">", out.Message.Header.Get("Message-ID"))
	}
	for _, given := range []string{"mio.123@azienda.example", "<mio.123@azienda.example>"} {
		d := everydayDraft()
		d.MessageID = given
		out := composed(t, d, nil)
		require.Equal(t, "mio.123@azienda.example", out.MessageID)
	}
	for _, bad := range []string{"x", "<>", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBcc: c@d.example", "a>@b", "è@b", strings.Repeat("a", 500) + "@b"} {
		d := everydayDraft()
		d.MessageID = bad
		_, err := pec.Compose(d, nil)
		require.ErrorIs(t, err, pec.ErrMessageID, "%q", bad)
		require.Equal(t, []string{"SND-09"}, rulesOf(err), "%q", bad)
	}
	_, err := pec.NewMessageID(nil, draftDate, "senza punto")
	require.ErrorIs(t, err, pec.ErrMessageID)
	_, err = pec.NewMessageID(strings.NewReader("short"), draftDate, "x.example")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestSND10_ReceiptType(t *testing.T) {
	for value, want := range map[daticert.ReceiptType][]string{
		"":                       nil,
		daticert.ReceiptComplete: {"completa"},
		daticert.ReceiptBrief:    {"breve"},
		daticert.ReceiptConcise:  {"sintetica"},
	} {
		d := everydayDraft()
		d.ReceiptType = value
		out := composed(t, d, nil)
		require.Equal(t, want, out.Message.Header.Values("X-TipoRicevuta"))
		require.Equal(t, value != "", bytes.Contains(bytesOf(t, out), []byte("\r\nX-TipoRicevuta: ")), "the spelling of the rules")
		require.Equal(t, value, out.ReceiptType)
	}
	for _, bad := range []daticert.ReceiptType{"Breve", "completa ", "x", "breve\r\nBcc: a@x.example"} {
		d := everydayDraft()
		d.ReceiptType = bad
		_, err := pec.Compose(d, nil)
		require.ErrorIs(t, err, pec.ErrReceiptType)
		require.Equal(t, []string{"SND-10"}, rulesOf(err))
	}
}

// SND-11: the bytes are the same however often they are read, in memory or
// not, and a second program that composes the same draft gets them, too.
func TestSND11_ExactBytes(t *testing.T) {
	options := func(spool int) *pec.ComposeOptions {
		return &pec.ComposeOptions{Random: rand.NewChaCha8([32]byte{7}), Envelope: envelope.Options{SpoolMemory: spool, SpoolDir: t.TempDir()}}
	}
	d := everydayDraft()
	d.Attachments = []pec.File{pec.FileBytes("a.bin", "", make([]byte, 100_000))}
	small, large := composed(t, d, options(1<<20)), composed(t, d, options(1000))
	require.Equal(t, bytesOf(t, small), bytesOf(t, small))
	require.Equal(t, bytesOf(t, small), bytesOf(t, large))
	var streamed bytes.Buffer
	s, err := pec.ComposeTo(&streamed, d, options(0))
	require.NoError(t, err)
	require.Equal(t, bytesOf(t, small), streamed.Bytes())
	require.Equal(t, small.Submission, *s)
}

func TestSND18_NonASCII(t *testing.T) {
	d := everydayDraft()
	d.Attachments = []pec.File{pec.FileBytes("perché.pdf", "application/pdf", []byte("x"))}
	out := composed(t, d, nil)
	raw := bytesOf(t, out)
	requireWireSafe(t, raw)
	for _, want := range []string{
		"Subject: =?utf-8?q?Perch=C3=A9_=C3=A8_cos=C3=AC=3A_diffida_n=2E_12/2026?=\r\n",
		"From: =?utf-8?q?Societ=C3=A0_Esempio?= <ufficio@azienda.example>\r\n",
		`Content-Type: application/pdf; name="=?utf-8?q?perch=C3=A9=2Epdf?="` + "\r\n",
		"Content-Disposition: attachment; filename*=utf-8''perch%C3%A9.pdf\r\n",
		"From here on: =C3=A8 cos=C3=AC.\r\n",
	} {
		require.Contains(t, string(raw), want)
	}
}

// 50 MB pass through without being held: everything ever allocated on the way,
// collected or not, stays below the bound.
func TestComposeIsAStream(t *testing.T) {
	const size = 50 << 20
	draft := func() *pec.Draft {
		d := everydayDraft()
		d.Attachments = []pec.File{pec.FileReader("grande.bin", "", io.LimitReader(zeros{}, size))}
		return d
	}
	allocated := func(compose func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		compose()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	var s *pec.Submission
	streamed := allocated(func() {
		var err error
		s, err = pec.ComposeTo(io.Discard, draft(), nil)
		require.NoError(t, err)
	})
	require.Greater(t, s.Size, int64(size)*4/3)
	require.Less(t, streamed, uint64(1<<20))
	spooled := allocated(func() {
		out, err := pec.Compose(draft(), &pec.ComposeOptions{Envelope: envelope.Options{SpoolDir: t.TempDir()}})
		require.NoError(t, err)
		require.Equal(t, s.Size, out.Size)
		require.NoError(t, out.Close())
	})
	require.Less(t, spooled, uint64(16<<20), "the first MiB stays in memory, by doubling")
	t.Logf("allocated for 50 MB: %d KiB to a writer, %d KiB to a temporary file", streamed>>10, spooled>>10)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func BenchmarkComposeTo(b *testing.B) {
	b.Run("small", func(b *testing.B) {
		d := everydayDraft()
		d.Attachments = []pec.File{pec.FileBytes("a.pdf", "application/pdf", make([]byte, 4096))}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := pec.ComposeTo(io.Discard, d, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("10MB", func(b *testing.B) {
		b.SetBytes(10 << 20)
		b.ReportAllocs()
		for b.Loop() {
			d := everydayDraft()
			d.Attachments = []pec.File{pec.FileReader("a.bin", "", io.LimitReader(zeros{}, 10<<20))}
			if _, err := pec.ComposeTo(io.Discard, d, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
