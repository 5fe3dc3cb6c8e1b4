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

// TestEnvelopesOfOddOriginals: whatever a user submits, the envelope around it
// is one that we and OpenSSL call valid, with nothing of the user's in its
// header that says what the provider says, or it is not built at all.
func TestEnvelopesOfOddOriginals(t *testing.T) {
	g := gestoreAlfa()
	exe, dir := reftest.Tool(t, "openssl"), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), g.ca.PEM(), 0o600))
	with := func(old, with string) string {
		require.Contains(t, submittedMail, old)
		return strings.Replace(submittedMail, old, with, 1)
	}
	for name, c := range map[string]struct {
		original string
		refused  bool
	}{
		"good":                      {submittedMail, false},
		"LF":                        {strings.ReplaceAll(submittedMail, "\r\n", "\n"), false},
		"no Message-ID":             {with("Message-ID: "+clientID+"\r\n", ""), false},
		"empty Message-ID":          {with("Message-ID: "+clientID, "Message-ID:"), false},
		"two Message-IDs":           {with("Message-ID: "+clientID, "Message-ID: "+clientID+"\r\nMessage-ID: <x@y.example>"), false},
		"Message-ID in UTF-8":       {with("Message-ID: "+clientID, "Message-ID: <è@pc-rossi.example>"), false},
		"Message-ID as encoded":     {with("Message-ID: "+clientID, "Message-ID: =?utf-8?q?=3Cx=40y=3E?="), false},
		"Message-ID with spaces":    {with("Message-ID: "+clientID, "Message-ID: < a b @ y.example >"), false},
		"Message-ID, comment":       {with("Message-ID: "+clientID, "Message-ID: (c) <a@y.example> (d)"), false},
		"Message-ID without <>":     {with("Message-ID: "+clientID, "Message-ID: a@y.example"), false},
		"Message-ID folded":         {with("Message-ID: "+clientID, "Message-ID:\r\n "+clientID), false},
		"Message-ID of 900":         {with("Message-ID: "+clientID, "Message-ID: <"+strings.Repeat("x", 900)+"@y.example>"), false},
		"Message-ID & <tags>":       {with("Message-ID: "+clientID, "Message-ID: <a&<b>\"'@y.example>"), false},
		"Message-ID, lone CR":       {with("Message-ID: "+clientID, "Message-ID: <a\rX-Ricevuta: accettazione\r@y.example>"), true},
		"own reference":             {with("Subject:", "X-Riferimento-Message-ID: <falso@y.example>\r\nSubject:"), false},
		"own markers":               {with("Subject:", "X-Ricevuta: avvenuta-consegna\r\nX-Trasporto: errore\r\nX-VerificaSicurezza: errore\r\nSubject:"), false},
		"Subject with line ends":    {with("Subject: Contratto n. 7", "Subject: =?utf-8?q?a=0D=0AX-Ricevuta=3A_avvenuta-consegna?="), false},
		"Subject with NUL":          {with("Subject: Contratto n. 7", "Subject: =?utf-8?q?a=00b?="), false},
		"Subject, control bytes":    {with("Subject: Contratto n. 7", "Subject: =?utf-8?q?a=1Bb=07?="), false},
		"Subject in Latin-1":        {with("Subject: Contratto n. 7", "Subject: perch\xe9"), false},
		"Subject not text":          {with("Subject: Contratto n. 7", "Subject: =?utf-8?q?=FF=FE?= =?x?"), false},
		"Subject of 5000":           {with("Subject: Contratto n. 7", "Subject: "+strings.Repeat("parola ", 700)), false},
		"Subject without spaces":    {with("Subject: Contratto n. 7", "Subject: "+strings.Repeat("è", 900)), false},
		"Subject & <tags>":          {with("Subject: Contratto n. 7", "Subject: <b>&amp; ]]> \"x\" </oggetto>"), false},
		"Subject twice":             {with("Subject: Contratto n. 7", "Subject: a\r\nSubject: b"), false},
		"Subject empty":             {with("Subject: Contratto n. 7", "Subject:"), false},
		"To twice":                  {with("To: "+ufficio, "To: "+ufficio+"\r\nTo: altro@pec.beta.example"), false},
		"To with a lone CR":         {with("To: "+ufficio, "To: "+ufficio+"\rX-Ricevuta: accettazione"), false},
		"To with NUL":               {with("To: "+ufficio, "To: "+ufficio+"\x00"), false},
		"To in UTF-8":               {with("To: "+ufficio, "To: \"è\" <"+ufficio+">"), false},
		"Reply-To twice":            {with("Subject:", "Reply-To: a@b.example\r\nReply-To: c@d.example\r\nSubject:"), false},
		"Reply-To unreadable":       {with("Subject:", "Reply-To: <<<\r\nSubject:"), false},
		"X-TipoRicevuta unknown":    {with("Subject:", "X-TipoRicevuta: enorme\r\nSubject:"), false},
		"X-TipoRicevuta twice":      {with("Subject:", "X-TipoRicevuta: breve\r\nX-TipoRicevuta: sintetica\r\nSubject:"), false},
		"X-TipoRicevuta lone CR":    {with("Subject:", "X-TipoRicevuta: breve\rX-A: b\r\nSubject:"), true},
		"malformed line":            {with("Subject:", "riga senza due punti\r\nSubject:"), false},
		"mbox line":                 {"From mario@x Tue Mar  3 10:15:32 2026\r\n" + submittedMail, false},
		"no header":                 {"\r\ncorpo\r\n", false},
		"no body":                   {"From: " + mario + "\r\nSubject: x\r\n", false},
		"no line end":               {"From: " + mario, false},
		"delimiters of ours":        {with("Ciao", "--\r\n------\r\n------------=_\r\nCiao"), false},
		"a whole certified message": {string(g.receipt(t, "avvenuta-consegna")), false},
		"8-bit":                     {with("Ciao", "perch\xe9 \xff\x80"), false},
		"one line of 1 MB":          {with("Ciao", strings.Repeat("x", 1<<20)), false},
		"CR before LF":              {strings.ReplaceAll(submittedMail, "\r\n", "\r\r\n"), false},
		"ends with CR":              {submittedMail + "x\r", false},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			src := io.NewSectionReader(strings.NewReader(c.original), 0, int64(len(c.original)))
			data, err := envelope.WriteTransport(&b, src, &envelope.Transport{
				Provider: envelope.Provider{Name: g.name, Address: g.mailbox}, Identifier: pecID, Time: eventTime, Sender: mario, HTML: true,
				Recipients: []daticert.Recipient{{Address: ufficio, Type: daticert.RecipientCertified}},
			}, g.signer())
			if err != nil && c.refused {
				require.ErrorIs(t, err, envelope.ErrBuild)
				return
			}
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
			for _, line := range bytes.Split(h.Raw(), []byte("\r\n")) {
				require.NotContains(t, string(line), "\r")
				require.NotContains(t, string(line), "\n")
				require.NotContains(t, string(line), "\x00")
			}
			file := filepath.Join(dir, "m.eml")
			require.NoError(t, os.WriteFile(file, message, 0o600))
			text, err := exec.Command(exe, "cms", "-verify", "-in", file, "-CAfile", filepath.Join(dir, "ca.pem"), "-purpose", "smimesign", "-out", os.DevNull).CombinedOutput()
			require.NoError(t, err, "%s", text)
		})
	}
}
