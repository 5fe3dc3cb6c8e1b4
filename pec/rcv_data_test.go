package pec_test

import (
	"bytes"
	"crypto"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// RCV-13 to RCV-23: what is read out of a message, and how.

func TestRCV13_TextIsNeverReadForData(t *testing.T) {
	g := gestoreAlfa()
	d := g.data("avvenuta-consegna")
	one, two := g.draft(t, d), g.draft(t, d)
	two.Text = "Ricevuta di NON consegna. Mittente: altro@x.example. Identificativo messaggio: altro\n"
	a, b := parse(t, g.sign(t, one)), parse(t, g.sign(t, two))
	require.Equal(t, a.Data, b.Data)
	ra, err := a.Receipt()
	require.NoError(t, err)
	rb, err := b.Receipt()
	require.NoError(t, err)
	require.Equal(t, ra, rb)
}

func TestRCV14_OnePrefixIsStripped(t *testing.T) {
	g := gestoreAlfa()
	for subject, want := range map[string]string{
		"POSTA CERTIFICATA: POSTA CERTIFICATA: x":                 "POSTA CERTIFICATA: x",
		"POSTA CERTIFICATA: ACCETTAZIONE: x":                      "ACCETTAZIONE: x",
		"POSTA CERTIFICATA: R: x":                                 "R: x",
		"ACCETTAZIONE: x":                                         "ACCETTAZIONE: x",
		"=?utf-8?q?POSTA_CERTIFICATA=3A_perch=C3=A9?=":            "perché",
		"POSTA CERTIFICATA:\r\n =?iso-8859-1?q?perch=E9?= folded": "perché folded",
	} {
		message := edit(t, g.transport(t, submittedMail, nil), "Subject: POSTA CERTIFICATA: Contratto n. 7", "Subject: "+subject)
		m := parse(t, message)
		require.Equal(t, "Contratto n. 7", m.Subject(), "the certified one")
		m.Data = nil
		require.Equal(t, want, m.Subject())
	}
}

func TestRCV15_UnknownThingsAreKept(t *testing.T) {
	g := gestoreAlfa()
	d := g.draft(t, g.data("avvenuta-consegna"))
	d.CertificationData = bytes.Replace(d.CertificationData, []byte("</dati>"), []byte("<nuovo a=\"b\">x</nuovo></dati>"), 1)
	d.Header = append(d.Header, envelope.Field{Name: "X-Namirial-Note", Value: "y"})
	d.Extra = []envelope.Attachment{{Name: "nota.pdf", Type: "application/pdf", Data: []byte("%PDF")}}
	message := g.sign(t, d)
	r := g.judge(t, message)
	requireValid(t, r)
	m := parse(t, message)
	require.Equal(t, "postacert/dati/nuovo", m.Data.Unknown[0].Path)
	require.Equal(t, "y", m.Envelope.Header.Get("x-namirial-note"))
	require.Len(t, m.Envelope.Extra, 1)
	require.Equal(t, "nota.pdf", m.Envelope.Extra[0].Name())
	m = parse(t, edit(t, message, "X-Ricevuta: avvenuta-consegna", "X-Ricevuta: Mancata-Consegna"))
	require.Equal(t, pec.KindUnknown, m.Kind)
	require.Equal(t, "mancata-consegna", m.Envelope.Class.Value)
	xml := strings.Replace(string(d.CertificationData), "avvenuta-consegna", "busta-anomalia", 1)
	m = parse(t, g.withXML(t, xml))
	require.Equal(t, daticert.Type("busta-anomalia"), m.Data.Type)
}

func TestRCV16_ImpossibleDates(t *testing.T) {
	g := gestoreAlfa()
	m := parse(t, g.receipt(t, "accettazione"))
	at, err := m.Time()
	require.NoError(t, err)
	require.Equal(t, "2026-03-03T10:15:32+01:00", at.Format(time.RFC3339))

	xml, err := g.data("accettazione").Marshal()
	require.NoError(t, err)
	r := g.judge(t, g.withXML(t, strings.Replace(string(xml), "03/03/2026", "31/02/2026", 1)))
	requireOpen(t, r, trust.CheckCertificationData)
	require.Contains(t, findingCodes(r.Findings), daticert.FindingDateInvalid)
	require.Contains(t, findingCodes(r.Findings), "time-from-signature")
}

func TestRCV17_ExtendedErrors(t *testing.T) {
	g := gestoreAlfa()
	for detail, want := range map[string]string{
		"5.1.1 - Gestore Beta - indirizzo non valido": "5.1.1", "5.2.2, Gestore Beta, casella piena": "5.2.2",
		"5.4.1 - Gestore Beta - riga uno\nriga due": "5.4.1", "testo libero": "",
	} {
		d := g.data("errore-consegna")
		d.ErrorDetail = detail
		m := parse(t, g.sign(t, g.draft(t, d)))
		require.Equal(t, want, m.Data.ExtendedError().Code)
		require.Equal(t, detail, m.Data.ErrorDetail)
		v, err := m.Receipt()
		require.NoError(t, err)
		require.Equal(t, want, v.(*receipt.NonDelivery).Reason.Code)
	}
}

func TestRCV18_ConsistencyReport(t *testing.T) {
	g := gestoreAlfa()
	good := g.transport(t, submittedMail, nil)
	other := g.data("posta-certificata")
	for name, c := range map[string]struct {
		message []byte
		check   string
		code    string
	}{
		"header against XML type": {edit(t, g.receipt(t, "accettazione"), "X-Ricevuta: accettazione", "X-Ricevuta: presa-in-carico"), trust.CheckHeaders, "type-mismatch"},
		"reference against msgid": {[]byte(strings.Replace(string(good), "X-Riferimento-Message-ID: "+clientID, "X-Riferimento-Message-ID: <x@y>", 1)), trust.CheckHeaders, "reference-mismatch"},
		"identifier against Message-ID": {[]byte(strings.Replace(string(good), "Message-ID: <"+pecID+">\r\n\r\nThis is", "Message-ID: <x@gestore-a.example>\r\n\r\nThis is", 1)),
			trust.CheckHeaders, "identifier-mismatch"},
		"virus": {addHeader(g.receipt(t, "errore-consegna"), "X-VerificaSicurezza: errore"), trust.CheckHeaders, "security-mismatch"},
		"identifier against the original": {g.sign(t, func() *envelope.Draft {
			other.ReceiptType = daticert.ReceiptComplete
			d := g.draft(t, other)
			d.Header[4], d.Header[6].Value = envelope.Field{Name: "X-Trasporto", Value: "posta-certificata"}, "<"+pecID+">"
			d.Original = strings.NewReader(submittedMail) // its Message-ID was not replaced
			return d
		}()), trust.CheckOriginal, "original-mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			r := g.judge(t, c.message)
			requireInvalid(t, r, c.check)
			require.Equal(t, []string{c.code}, findingCodes(r.Findings))
		})
	}
	require.Empty(t, findingCodes(g.judge(t, good).Findings))
}

func TestRCV19_XMLHardening(t *testing.T) {
	g := gestoreAlfa()
	bomb := `<!DOCTYPE postacert [<!ENTITY a "` + strings.Repeat("a", 1000) + `">` + `<!ENTITY b "` + strings.Repeat("&a;", 1000) + `">]><postacert>` + strings.Repeat("&b;", 1000) + `</postacert>`
	r := g.judge(t, g.withXML(t, bomb))
	requireInvalid(t, r, trust.CheckCertificationData)
	m := parse(t, g.withXML(t, bomb))
	require.Nil(t, m.Data)
	// The caps are the caller's.
	_, err := g.data("accettazione").Marshal()
	require.NoError(t, err)
	small, err := pec.ParseBytes(g.receipt(t, "accettazione"), &pec.Options{Daticert: daticert.Options{MaxSize: 100}})
	require.NoError(t, err)
	require.Nil(t, small.Data)
	require.Equal(t, []string{"certification-data-unreadable"}, findingCodes(small.Findings))
}

func TestRCV20_Latin1Text(t *testing.T) {
	g := gestoreAlfa()
	text, err := parse(t, g.receipt(t, "accettazione")).Text(1 << 10)
	require.NoError(t, err)
	require.Equal(t, "Il messaggio Contratto n. 7 è stato trattato.\n", text)
	text, err = parse(t, reftest.File(t, "pec", "aruba-2018-accettazione.eml")).Text(1 << 12)
	require.NoError(t, err)
	require.Contains(t, text, "è stato accettato dal sistema")
	for charset, body := range map[string]string{"iso-8859-1": "perch\xe9", "windows-1252": "perch\xe9", "utf-8": "perché", "x-ignoto": "perche"} {
		m := parse(t, []byte("From: a@b.example\r\nContent-Type: text/plain; charset="+charset+"\r\n\r\n"+body))
		text, err := m.Text(100)
		require.NoError(t, err)
		require.Equal(t, []rune("perché")[:5], []rune(text)[:5])
		require.Len(t, []rune(text), 6)
	}
}

func TestRCV21_BytesArePreserved(t *testing.T) {
	g := gestoreAlfa()
	for _, message := range [][]byte{
		g.transport(t, submittedMail, nil), reftest.File(t, "pec", "sogei-2018-posta-certificata-sdi.eml"), []byte("From: \xff\x00\r\r\n\nx\r"),
	} {
		before := bytes.Clone(message)
		m := parse(t, message)
		back, err := io.ReadAll(m.Envelope.Source())
		require.NoError(t, err)
		require.Equal(t, before, back)
		_, err = pec.NewVerifier(store(t, trust.Material{}), nil).Verify(t.Context(), m)
		require.NoError(t, err)
		require.Equal(t, before, message, "nothing was written into it")

		spooled, err := pec.Read(bytes.NewReader(message), &pec.Options{Envelope: envelope.Options{SpoolMemory: 16, SpoolDir: t.TempDir()}})
		require.NoError(t, err)
		back, err = io.ReadAll(spooled.Envelope.Source())
		require.NoError(t, err)
		require.Equal(t, before, back)
		require.NoError(t, spooled.Close())
	}
}

func TestRCV22_BriefReceipt(t *testing.T) {
	g := gestoreAlfa()
	stored := io.NewSectionReader(strings.NewReader(submittedMail), 0, int64(len(submittedMail)))
	enveloped := parse(t, g.transport(t, submittedMail, nil))
	original, err := enveloped.Original()
	require.NoError(t, err)
	for _, input := range []receipt.BriefInput{receipt.InputEncoded, receipt.InputEncodedFinal, receipt.InputEncodedBare, receipt.InputLF, receipt.InputDecoded} {
		for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
			brief, err := receipt.NewBrief(original.Source(), &receipt.BriefOptions{Hash: h, Input: input})
			require.NoError(t, err)
			d := g.data("avvenuta-consegna")
			d.ReceiptType = daticert.ReceiptBrief
			draft := g.draft(t, d)
			draft.Original = brief.Reader()
			r := g.judge(t, g.sign(t, draft))
			requireValid(t, r)
			c, err := r.Certified()
			require.NoError(t, err)
			inside, err := c.Original()
			require.NoError(t, err)
			report, err := receipt.VerifyBrief(inside.Source(), stored, nil)
			require.NoError(t, err)
			require.True(t, report.OK(), "%s %v: %+v", input, h, report.Parts)
			other := strings.Replace(submittedMail, "JVBERi0=", "JVBERi4=", 1)
			report, err = receipt.VerifyBrief(inside.Source(), io.NewSectionReader(strings.NewReader(other), 0, int64(len(other))), nil)
			require.NoError(t, err)
			require.False(t, report.OK())
		}
	}
}

func TestRCV23_AddressesIgnoreCase(t *testing.T) {
	g := gestoreAlfa()
	d := g.data("avvenuta-consegna")
	d.Deliveries, d.Sender = []string{strings.ToUpper(ufficio)}, strings.ToUpper(mario)
	d.Recipients = []daticert.Recipient{{Address: "Zeta@pec.beta.example", Type: daticert.RecipientCertified}, {Address: strings.ToUpper(ufficio), Type: daticert.RecipientCertified}}
	r := g.judge(t, g.sign(t, g.draft(t, d)))
	requireValid(t, r)
	events, err := r.Events("a")
	require.NoError(t, err)
	l := receipt.NewLedger(nil)
	l.AddSent(receipt.Sent{MessageID: clientID, Sender: mario, Time: eventTime.Add(-time.Second),
		Recipients: []receipt.SentRecipient{{Address: ufficio}, {Address: "zeta@PEC.beta.example"}}})
	l.Add(events...)
	report := l.Snapshot(eventTime.Add(time.Minute))
	require.Empty(t, report.Orphans)
	require.Len(t, report.Messages[0].Recipients, 2)
	require.Equal(t, receipt.StatusDelivered, report.Messages[0].Recipients[0].Status)
}
