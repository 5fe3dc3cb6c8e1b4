package pec_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// Attacks inside what is signed, and on the reader's resources.

func TestS29_HTMLThatImitatesTheProvider(t *testing.T) {
	g := gestoreAlfa()
	const html = "<html><head><script src=\"http://evil.example/x.js\"></script></head><body><h1>Ricevuta di avvenuta consegna</h1></body></html>"
	original := strings.Replace(submittedMail, "Content-Type: text/plain\r\n\r\nCiao", "Content-Type: text/html\r\n\r\n"+html, 1)
	message := g.transport(t, original, nil)
	r := g.judge(t, message)
	requireValid(t, r)
	require.Equal(t, pec.KindTransport, r.Kind)
	m, err := pec.ParseBytes(message, nil)
	require.NoError(t, err)
	text, err := m.Text(1 << 20)
	require.NoError(t, err)
	require.Equal(t, html, text, "as it stands: nothing is rendered or fetched")
	require.Equal(t, "Contratto n. 7", m.Subject())
}

// withXML is a receipt of g with other certification data.
func (g *gestore) withXML(t testing.TB, xml string) []byte {
	t.Helper()
	d := g.draft(t, g.data("accettazione"))
	d.CertificationData = []byte(xml)
	return g.sign(t, d)
}

func TestS31_DoctypeInTheCertificationData(t *testing.T) {
	g := gestoreAlfa()
	good, err := g.data("accettazione").Marshal()
	require.NoError(t, err)
	with := func(doctype string) string {
		return strings.Replace(string(good), "<postacert", doctype+"<postacert", 1)
	}

	r := g.judge(t, g.withXML(t, with(`<!DOCTYPE postacert SYSTEM "http://evil.example/daticert.dtd">`)))
	requireValid(t, r)
	requireFindings(t, r, daticert.FindingDoctype)
	for name, xml := range map[string]string{
		"internal subset": with(`<!DOCTYPE postacert [<!ENTITY x "y">]>`),
		"external entity": strings.Replace(with(`<!DOCTYPE postacert [<!ENTITY x SYSTEM "file:///etc/passwd">]>`), "Contratto", "&x;", 1),
		"default value":   with(`<!DOCTYPE postacert [<!ATTLIST postacert errore CDATA "virus">]>`),
		"bomb":            strings.Replace(with(`<!DOCTYPE postacert [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`), "Contratto", "&b;", 1),
		"two roots":       string(good) + string(good[bytes.Index(good, []byte("<postacert")):]),
		"not closed":      strings.TrimSuffix(strings.TrimSpace(string(good)), "</postacert>"),
		"deep":            strings.Replace(string(good), "<dati>", strings.Repeat("<x>", 5000)+strings.Repeat("</x>", 5000)+"<dati>", 1),
		"empty":           " ",
		"other root":      "<certificazione/>",
	} {
		t.Run(name, func(t *testing.T) {
			r := g.judge(t, g.withXML(t, xml))
			requireInvalid(t, r, trust.CheckCertificationData)
			require.True(t, r.Signature.OK())
		})
	}
}

func TestS30_Bombs(t *testing.T) {
	g := gestoreAlfa()
	within := func(t *testing.T, limit time.Duration, run func()) {
		t.Helper()
		start := time.Now()
		run()
		require.Less(t, time.Since(start), limit)
	}
	t.Run("nested multiparts", func(t *testing.T) {
		var b strings.Builder
		for i := range 10000 {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
		}
		within(t, 5*time.Second, func() {
			r := g.judge(t, []byte(outerHeader+b.String()))
			require.NotEqual(t, trust.Valid, r.Verdict)
			require.Contains(t, findingCodes(r.Findings), "nested-too-deep")
			require.LessOrEqual(t, len(r.Findings), 120)
		})
		// Inside the original the provider's signature holds all the same.
		message := g.transport(t, "From: "+mario+"\r\nMessage-ID: "+clientID+"\r\n"+b.String(), nil)
		within(t, 5*time.Second, func() {
			requireValid(t, g.judge(t, message))
			m, err := pec.ParseBytes(message, nil)
			require.NoError(t, err)
			_, err = m.Attachments()
			require.NoError(t, err)
		})
	})
	t.Run("many parts", func(t *testing.T) {
		bomb := outerHeader + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 100000) + "--b--\r\n"
		within(t, 5*time.Second, func() {
			_, err := pec.ParseBytes([]byte(bomb), nil)
			require.ErrorIs(t, err, envelope.ErrTooManyParts)
		})
		message := g.transport(t, "From: "+mario+"\r\nMessage-ID: "+clientID+"\r\n"+bomb[len(outerHeader):], nil)
		within(t, 5*time.Second, func() {
			requireValid(t, g.judge(t, message))
			m, err := pec.ParseBytes(message, nil)
			require.NoError(t, err)
			_, err = m.Attachments()
			require.ErrorIs(t, err, envelope.ErrTooManyParts)
		})
	})
	t.Run("certification data too large", func(t *testing.T) {
		r := g.judge(t, g.withXML(t, "<postacert>"+strings.Repeat(" ", 3<<20)+"</postacert>"))
		requireInvalid(t, r, trust.CheckCertificationData)
		require.Contains(t, findingCodes(r.Findings), "certification-data-unreadable")
	})
	t.Run("base64 without end", func(t *testing.T) {
		original := "From: " + mario + "\r\nMessage-ID: " + clientID + "\r\nContent-Type: application/zip; name=z.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			strings.Repeat(base64.StdEncoding.EncodeToString(make([]byte, 57))+"\r\n", 40000) + "!"
		m, err := pec.ParseBytes(g.transport(t, original, nil), nil)
		require.NoError(t, err)
		files, err := m.Attachments()
		require.NoError(t, err)
		require.Len(t, files, 1)
		_, _, err = files[0].Digest()
		require.ErrorIs(t, err, envelope.ErrEncoding)
		_, err = files[0].Part().Bytes(1 << 20)
		require.ErrorIs(t, err, envelope.ErrTooLarge)
	})
}

// TestNameInBothForms: RFC 2231 writers give a plain and an extended name; the
// provider's message is none the worse for it.
func TestNameInBothForms(t *testing.T) {
	g := gestoreAlfa()
	entity := signedPartOf(t, g.receipt(t, "accettazione"))
	entity = strings.Replace(entity, "Content-Type: application/xml; name=\"daticert.xml\"", "Content-Type: application/xml; name=\"daticert.xml\"; name*=utf-8''daticert.xml", 1)
	r := g.judge(t, g.signEntity(t, strings.NewReplacer("avvenuta-consegna", "accettazione", "CONSEGNA:", "ACCETTAZIONE:").Replace(outerHeader), entity))
	requireValid(t, r)
	requireFindings(t, r)
}

// TestEncodingTricks: what a part's transfer encoding may do to readers.
func TestEncodingTricks(t *testing.T) {
	g := gestoreAlfa()
	header := strings.Replace(outerHeader, "avvenuta-consegna", "accettazione", 1)
	xml, err := g.data("accettazione").Marshal()
	require.NoError(t, err)
	b64 := base64Lines(xml)
	entity := func(fields, body string) string {
		return "Content-Type: multipart/mixed; boundary=MIX\r\n\r\n--MIX\r\nContent-Type: text/plain\r\n\r\nTesto\r\n--MIX\r\n" + fields + "\r\n\r\n" + body + "\r\n--MIX--\r\n"
	}
	const kind = "Content-Type: application/xml; name=daticert.xml\r\n"
	for name, c := range map[string]struct {
		entity string
		valid  bool
	}{
		"base64":                   {entity(kind+"Content-Transfer-Encoding: BASE64 (x)", b64), true},
		"plain":                    {entity(strings.TrimSpace(kind), string(xml)), true},
		"quoted-printable":         {entity(kind+"Content-Transfer-Encoding: quoted-printable", strings.ReplaceAll(strings.ReplaceAll(string(xml), "=", "=3D"), "\n", "\r\n")), true},
		"junk in base64":           {entity(kind+"Content-Transfer-Encoding: base64", strings.Replace(b64, "\r\n", "\r\n!!!\r\n", 1)), false},
		"unknown":                  {entity(kind+"Content-Transfer-Encoding: x-gzip", b64), false},
		"two encodings":            {entity(kind+"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit", b64), false},
		"two encodings, the same":  {entity(kind+"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: base64", b64), false},
		"a second document behind": {entity(kind+"Content-Transfer-Encoding: base64", b64+b64), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := g.judge(t, g.signEntity(t, header, c.entity))
			if c.valid {
				requireValid(t, r)
				return
			}
			require.Equal(t, trust.Invalid, r.Verdict, "%+v", r.Checks)
			require.True(t, r.Signature.OK())
		})
	}
}

// failing fails after a number of reads that succeeded.
type failing struct {
	io.ReaderAt
	reads int
}

var errDisk = errors.New("disk on fire")

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if f.reads--; f.reads < 0 {
		return 0, errDisk
	}
	return f.ReaderAt.ReadAt(p, off)
}

// TestSourceFailsWhileVerifying: a disk that fails is no proof of forgery.
func TestSourceFailsWhileVerifying(t *testing.T) {
	g := gestoreAlfa()
	message := g.transport(t, strings.Replace(submittedMail, "Ciao", strings.Repeat("Ciao ciao\r\n", 20000), 1), nil)
	lying := edit(t, message, `micalg="sha-256"`, `micalg="sha1"`) // makes the verifier read again
	for name, raw := range map[string][]byte{"read once": message, "read twice": lying} {
		t.Run(name, func(t *testing.T) {
			whole := &failing{bytes.NewReader(raw), 1 << 30}
			m, err := pec.Parse(whole, int64(len(raw)), nil)
			require.NoError(t, err)
			used := 1<<30 - whole.reads
			r, err := pec.NewVerifier(g.store(t), nil).Verify(t.Context(), m)
			require.NoError(t, err)
			requireValid(t, r)
			all := 1<<30 - whole.reads
			for n := range all + 1 {
				src := &failing{bytes.NewReader(raw), n}
				m, err := pec.Parse(src, int64(len(raw)), nil)
				if n < used {
					require.ErrorIs(t, err, errDisk)
					continue
				}
				require.NoError(t, err)
				r, err := pec.NewVerifier(g.store(t), nil).Verify(t.Context(), m)
				if n < all {
					require.ErrorIs(t, err, errDisk, "after %d reads: %+v", n, r)
					continue
				}
				require.NoError(t, err)
				requireValid(t, r)
			}
		})
	}
}
