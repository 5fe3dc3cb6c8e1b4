package pec_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
)

// TestEnvelopesOfOddOriginals: whatever a user submits, there is an envelope
// around it, one that we and OpenSSL call valid, with nothing of the user's in
// its header that says what the provider says.
func TestEnvelopesOfOddOriginals(t *testing.T) {
	g := gestoreAlfa()
	exe, dir := reftest.Tool(t, "openssl"), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), g.ca.PEM(), 0o600))
	with := func(old, with string) string {
		require.Contains(t, submittedMail, old)
		return strings.Replace(submittedMail, old, with, 1)
	}
	for name, original := range map[string]string{
		"good":                      submittedMail,
		"LF":                        strings.ReplaceAll(submittedMail, "\r\n", "\n"),
		"no Message-ID":             with("Message-ID: "+clientID+"\r\n", ""),
		"empty Message-ID":          with("Message-ID: "+clientID, "Message-ID:"),
		"two Message-IDs":           with("Message-ID: "+clientID, "Message-ID: "+clientID+"\r\nMessage-ID: <x@y.example>"),
		"Message-ID in UTF-8":       with("Message-ID: "+clientID, "Message-ID: <è@pc-rossi.example>"),
		"Message-ID as encoded":     with("Message-ID: "+clientID, "Message-ID: =?utf-8?q?=3Cx=40y=3E?="),
		"Message-ID with spaces":    with("Message-ID: "+clientID, "Message-ID: < a b @ y.example >"),
		"Message-ID, comment":       with("Message-ID: "+clientID, "Message-ID: (c) <a@y.example> (d)"),
		"Message-ID without <>":     with("Message-ID: "+clientID, "Message-ID: a@y.example"),
		"Message-ID folded":         with("Message-ID: "+clientID, "Message-ID:\r\n "+clientID),
		"Message-ID of 900":         with("Message-ID: "+clientID, "Message-ID: <"+strings.Repeat("x", 900)+"@y.example>"),
		"Message-ID & <tags>":       with("Message-ID: "+clientID, "Message-ID: <a&<b>\"'@y.example>"),
		"Message-ID, lone CR":       with("Message-ID: "+clientID, "Message-ID: <a\rX-Ricevuta: accettazione\r@y.example>"),
		"own reference":             with("Subject:", "X-Riferimento-Message-ID: <falso@y.example>\r\nSubject:"),
		"own markers":               with("Subject:", "X-Ricevuta: avvenuta-consegna\r\nX-Trasporto: errore\r\nX-VerificaSicurezza: errore\r\nSubject:"),
		"Subject with line ends":    with("Subject: Contratto n. 7", "Subject: =?utf-8?q?a=0D=0AX-Ricevuta=3A_avvenuta-consegna?="),
		"Subject with NUL":          with("Subject: Contratto n. 7", "Subject: =?utf-8?q?a=00b?="),
		"Subject, control bytes":    with("Subject: Contratto n. 7", "Subject: =?utf-8?q?a=1Bb=07?="),
		"Subject in Latin-1":        with("Subject: Contratto n. 7", "Subject: perch\xe9"),
		"Subject not text":          with("Subject: Contratto n. 7", "Subject: =?utf-8?q?=FF=FE?= =?x?"),
		"Subject of 5000":           with("Subject: Contratto n. 7", "Subject: "+strings.Repeat("parola ", 700)),
		"Subject without spaces":    with("Subject: Contratto n. 7", "Subject: "+strings.Repeat("è", 900)),
		"Subject & <tags>":          with("Subject: Contratto n. 7", "Subject: <b>&amp; ]]> \"x\" </oggetto>"),
		"Subject twice":             with("Subject: Contratto n. 7", "Subject: a\r\nSubject: b"),
		"Subject empty":             with("Subject: Contratto n. 7", "Subject:"),
		"To twice":                  with("To: "+ufficio, "To: "+ufficio+"\r\nTo: altro@pec.beta.example"),
		"To with a lone CR":         with("To: "+ufficio, "To: "+ufficio+"\rX-Ricevuta: accettazione"),
		"To with NUL":               with("To: "+ufficio, "To: "+ufficio+"\x00"),
		"To in UTF-8":               with("To: "+ufficio, "To: \"è\" <"+ufficio+">"),
		"Reply-To twice":            with("Subject:", "Reply-To: a@b.example\r\nReply-To: c@d.example\r\nSubject:"),
		"Reply-To unreadable":       with("Subject:", "Reply-To: <<<\r\nSubject:"),
		"Message-ID with NUL":       with("Message-ID: "+clientID, "Message-ID: <a\x00b\x07@y.example>\x00"),
		"Message-ID, both":          with("Message-ID: "+clientID, "Message-ID: <=?utf-8?q?a?= è@y.example>"),
		"Message-ID of 2000":        with("Message-ID: "+clientID, "Message-ID: <"+strings.Repeat("x", 2000)+"@y.example>"),
		"Subject with U+FFFE":       with("Subject: Contratto n. 7", "Subject: a\uFFFEb\x00c"),
		"Subject, separators":       with("Subject: Contratto n. 7", "Subject: =?utf-8?q?a=C2=85b=E2=80=A8c?="),
		"Cc twice, To thrice":       with("To: "+ufficio, "Cc: a@b.example,\r\nTo: "+ufficio+",\r\n c@d.example\r\nTO:\r\nTo: \"x, y\" <e@f.example>\r\nCC: g@h.example"),
		"To with a blank line":      with("To: "+ufficio, "To: "+ufficio+",\r\n \r\n \x00\r\n a@b.example"),
		"To empty twice":            with("To: "+ufficio, "To:\r\nTo: \r\n"+"Cc: a@b.example"),
		"trace with control bytes":  "Return-Path: <a\rX-Ricevuta: b\x00>\r\nReceived: by x;\r\n\x0b\x1c y\r\n" + submittedMail,
		"Reply-To, lone CR and NUL": with("Subject:", "Reply-To: a@b.example\rX-Ricevuta: c\x00\r\nSubject:"),
		"Reply-To with two":         with("Subject:", "Reply-To: A <a@b.example>, c@d.example\r\nSubject:"),
		"Reply-To in UTF-8":         with("Subject:", "Reply-To: =?x-none?q?a?= <a@b.example>\r\nSubject:"),
		"Reply-To a group":          with("Subject:", "Reply-To: nessuno:;\r\nSubject:"),
		"X-TipoRicevuta unknown":    with("Subject:", "X-TipoRicevuta: enorme\r\nSubject:"),
		"X-TipoRicevuta twice":      with("Subject:", "X-TipoRicevuta: breve\r\nX-TipoRicevuta: sintetica\r\nSubject:"),
		"X-TipoRicevuta lone CR":    with("Subject:", "X-TipoRicevuta: breve\rX-A: b\r\nSubject:"),
		"malformed line":            with("Subject:", "riga senza due punti\r\nSubject:"),
		"mbox line":                 "From mario@x Tue Mar  3 10:15:32 2026\r\n" + submittedMail,
		"no header":                 "\r\ncorpo\r\n",
		"no body":                   "From: " + mario + "\r\nSubject: x\r\n",
		"no line end":               "From: " + mario,
		"delimiters of ours":        with("Ciao", "--\r\n------\r\n------------=_\r\nCiao"),
		"a whole certified message": string(g.receipt(t, "avvenuta-consegna")),
		"8-bit":                     with("Ciao", "perch\xe9 \xff\x80"),
		"one line of 1 MB":          with("Ciao", strings.Repeat("x", 1<<20)),
		"CR before LF":              strings.ReplaceAll(submittedMail, "\r\n", "\r\r\n"),
		"ends with CR":              submittedMail + "x\r",
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			src := io.NewSectionReader(strings.NewReader(original), 0, int64(len(original)))
			data, err := envelope.WriteTransport(&b, src, &envelope.Transport{
				Provider: envelope.Provider{Name: g.name, Address: g.mailbox}, Identifier: pecID, Time: eventTime, Sender: mario, HTML: true,
				Recipients: []daticert.Recipient{{Address: ufficio, Type: daticert.RecipientCertified}},
			}, g.signer())
			require.NoError(t, err)
			message := b.Bytes()
			r := g.judge(t, message)
			requireValid(t, r)
			require.Empty(t, r.Findings)
			require.Equal(t, pec.KindTransport, r.Kind)
			m := parse(t, message)
			require.Equal(t, data.MessageID, m.Data.MessageID)
			require.Equal(t, data.Subject, m.Data.Subject)
			h := m.Envelope.Header
			require.Equal(t, 0, h.Count("X-Ricevuta")+h.Count("X-VerificaSicurezza"))
			require.Equal(t, 1, h.Count("X-Trasporto"))
			require.LessOrEqual(t, h.Count("X-Riferimento-Message-ID"), 1)
			for _, line := range bytes.Split(bytes.TrimSuffix(h.Raw(), []byte("\r\n")), []byte("\r\n")) {
				require.NotContains(t, string(line), "\r")
				require.NotContains(t, string(line), "\n")
				require.NotContains(t, string(line), "\x00")
				require.NotEmpty(t, strings.TrimSpace(string(line)))
			}
			file := filepath.Join(dir, "m.eml")
			require.NoError(t, os.WriteFile(file, message, 0o600))
			text, err := exec.Command(exe, "cms", "-verify", "-in", file, "-CAfile", filepath.Join(dir, "ca.pem"), "-purpose", "smimesign", "-out", os.DevNull).CombinedOutput()
			require.NoError(t, err, "%s", text)
		})
	}
}
