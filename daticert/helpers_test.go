package daticert

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// delivery is a document in the shape of real ones.
const delivery = `<?xml version="1.0" encoding="UTF-8"?>
<postacert tipo="avvenuta-consegna" errore="nessuno">
    <intestazione>
        <mittente>mario.rossi@pec.alfa.example</mittente>
        <destinatari tipo="certificato">ufficio@pec.beta.example</destinatari>
        <destinatari tipo="esterno">info@gamma.example</destinatari>
        <risposte>protocollo@pec.alfa.example</risposte>
        <oggetto>Contratto n. 7 – perché &quot;firmare&quot; &amp; spedire</oggetto>
    </intestazione>
    <dati>
        <gestore-emittente>Gestore Beta S.r.l.</gestore-emittente>
        <data zona="+0100">
            <giorno>03/03/2026</giorno>
            <ora>10:15:40</ora>
        </data>
        <identificativo>pec1.20260303101532.00042.1@gestore-a.example</identificativo>
        <msgid>&lt;7f3c@pc-rossi.alfa.example&gt;</msgid>
        <ricevuta tipo="completa" />
        <consegna>ufficio@pec.beta.example</consegna>
    </dati>
</postacert>
`

// with is delivery with one piece replaced.
func with(tb testing.TB, old, replacement string) string {
	tb.Helper()
	require.Equal(tb, 1, strings.Count(delivery, old), old)
	return strings.Replace(delivery, old, replacement, 1)
}

func mustParse(tb testing.TB, document string) *Data {
	tb.Helper()
	d, err := Parse([]byte(document), nil)
	require.NoError(tb, err)
	require.Equal(tb, document, d.Raw)
	return d
}

func codes(list []Finding) []string {
	var c []string
	for _, f := range list {
		c = append(c, f.Code)
	}
	return c
}

// withoutBytes leaves out what two equal documents may differ in.
func withoutBytes(d *Data) Data {
	c := *d
	c.Raw = ""
	return c
}

// wellFormedData is a random Data that Validate accepts.
func wellFormedData(r *rand.Rand) *Data {
	words := []string{"Contratto", "è", "perché", "<b>", "&amp;", "]]>", "\"x\"", "'", "😀", "a\nb", "a\rb", "\u00a0", "x\ty", "--", "€", "\u0085", "\u2028", "&#38;", "<!--"}
	phrase := func() string {
		var s []string
		for range 1 + r.IntN(6) {
			s = append(s, words[r.IntN(len(words))])
		}
		return strings.Join(s, " ")
	}
	addresses := func(n int) []string {
		var s []string
		for i := range n {
			s = append(s, fmt.Sprintf("u%d.%d@pec.beta.example", i, r.IntN(3)))
		}
		return s
	}
	p := profiles[r.IntN(len(profiles))]
	d := &Data{
		Type: p.typ, Error: ErrorOther, Sender: "mario.rossi@pec.alfa.example", ReplyTo: phrase(),
		Provider: phrase(), Identifier: "opec1.2." + phrase() + "@gestore-a.example",
	}
	if p.errors != nil {
		d.Error = p.errors[r.IntN(len(p.errors))]
	}
	for _, a := range addresses(1 + r.IntN(5)) {
		typ := RecipientCertified
		if r.IntN(3) == 0 {
			typ = RecipientExternal
		}
		d.Recipients = append(d.Recipients, Recipient{a, typ})
	}
	if d.HasSubject = r.IntN(3) > 0; d.HasSubject && r.IntN(4) > 0 {
		d.Subject = phrase()
	}
	c := civil{1 + r.IntN(9999), 1 + r.IntN(12), 1 + r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(61), r.IntN(29*60) - 14*60}
	c.offset = max(-840, min(840, c.offset))
	d.Date = c.date()
	if r.IntN(3) > 0 {
		d.MessageID = "<" + phrase() + "@x.example>"
	}
	has := func(p presence) bool { return p == mandatory || p == optional && r.IntN(2) == 0 }
	if has(p.receiptType) {
		d.ReceiptType = []ReceiptType{ReceiptComplete, ReceiptBrief, ReceiptConcise}[r.IntN(3)]
	}
	if has(p.delivery) {
		d.Deliveries = addresses(1)
	}
	if has(p.takenInCharge) {
		d.TakenInCharge = addresses(1 + r.IntN(4))
	}
	if has(p.errorDetail) {
		d.ErrorDetail = "5.1.1 - " + phrase() + " - " + phrase()
	}
	// The words include white space at the ends, which no reader keeps.
	for _, s := range []*string{&d.Subject, &d.ReplyTo, &d.Provider, &d.Identifier, &d.MessageID, &d.ErrorDetail} {
		*s = trimSpace(*s)
	}
	return d
}

func replaceOnce(tb testing.TB, s, old, replacement string) string {
	tb.Helper()
	require.Contains(tb, s, old)
	return strings.Replace(s, old, replacement, 1)
}
