package daticert

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseReadsEveryField(t *testing.T) {
	want := &Data{
		Type: TypeDelivery, Error: ErrorNone,
		Sender: "mario.rossi@pec.alfa.example",
		Recipients: []Recipient{
			{"ufficio@pec.beta.example", RecipientCertified},
			{"info@gamma.example", RecipientExternal},
		},
		ReplyTo: "protocollo@pec.alfa.example",
		Subject: `Contratto n. 7 – perché "firmare" & spedire`, HasSubject: true,
		Provider:    "Gestore Beta S.r.l.",
		Date:        Date{"03/03/2026", "10:15:40", "+0100"},
		Identifier:  "pec1.20260303101532.00042.1@gestore-a.example",
		MessageID:   "<7f3c@pc-rossi.alfa.example>",
		ReceiptType: ReceiptComplete,
		Deliveries:  []string{"ufficio@pec.beta.example"},
		Raw:         delivery,
	}
	for _, which := range []reader{anyReader, fastOnly, generalOnly} {
		got, err := parse([]byte(delivery), (*Options)(nil).limits(), which)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Empty(t, got.Validate())
	}
}

func TestRCV02_EveryType(t *testing.T) {
	for _, typ := range []Type{"accettazione", "non-accettazione", "presa-in-carico", "avvenuta-consegna",
		"posta-certificata", "errore-consegna", "preavviso-errore-consegna", "rilevazione-virus"} {
		d := mustParse(t, with(t, `"avvenuta-consegna"`, `"`+string(typ)+`"`))
		require.Equal(t, typ, d.Type)
		require.True(t, d.Type.Known())
		require.Empty(t, d.Findings)
	}
}

func TestRCV02_EveryErrorKind(t *testing.T) {
	for _, k := range []ErrorKind{"nessuno", "no-dest", "no-dominio", "virus", "altro"} {
		d := mustParse(t, with(t, `"nessuno"`, `"`+string(k)+`"`))
		require.Equal(t, k, d.Error)
		require.True(t, d.Error.Known())
		require.Empty(t, d.Findings)
	}
}

func TestRCV02_EveryReceiptType(t *testing.T) {
	for _, r := range []ReceiptType{"completa", "breve", "sintetica"} {
		d := mustParse(t, with(t, `"completa"`, `"`+string(r)+`"`))
		require.Equal(t, r, d.ReceiptType)
		require.True(t, d.ReceiptType.Known())
		require.Empty(t, d.Findings)
	}
}

func TestRCV02_EveryRecipientType(t *testing.T) {
	d := mustParse(t, delivery)
	require.Equal(t, RecipientCertified, d.Recipients[0].Type)
	require.Equal(t, RecipientExternal, d.Recipients[1].Type)
	require.True(t, RecipientCertified.Known())
	require.True(t, RecipientExternal.Known())
	require.False(t, RecipientType("altro").Known())
}

func TestRCV02_DefaultOfErroreIsNessuno(t *testing.T) {
	d := mustParse(t, with(t, ` errore="nessuno"`, ""))
	require.Equal(t, ErrorNone, d.Error)
	require.Empty(t, d.Validate())
}

func TestRCV02_DefaultOfDestinatariIsCertificato(t *testing.T) {
	d := mustParse(t, with(t, `<destinatari tipo="esterno">`, `<destinatari>`))
	require.Equal(t, []Recipient{
		{"ufficio@pec.beta.example", RecipientCertified},
		{"info@gamma.example", RecipientCertified},
	}, d.Recipients)
	require.Empty(t, d.Validate())
}

func TestRCV02_NoDefaultForTipoRicevutaAndZona(t *testing.T) {
	d := mustParse(t, with(t, ` tipo="avvenuta-consegna"`, ""))
	require.Equal(t, []Finding{{FindingMissingAttribute, "postacert/@tipo"}}, d.Findings)
	require.Empty(t, d.Type)
	d = mustParse(t, with(t, `<ricevuta tipo="completa" />`, "<ricevuta/>"))
	require.Equal(t, []Finding{{FindingMissingAttribute, "postacert/dati/ricevuta/@tipo"}}, d.Findings)
	d = mustParse(t, with(t, ` zona="+0100"`, ""))
	require.Equal(t, []string{FindingMissingAttribute, FindingDateInvalid}, codes(d.Findings))
}

func TestRecipientsKeepOrderAndRepetition(t *testing.T) {
	d := mustParse(t, with(t, `<destinatari tipo="esterno">info@gamma.example</destinatari>`,
		`<destinatari tipo="certificato">Z@pec.beta.example</destinatari>`+
			`<destinatari tipo="certificato">a@pec.beta.example</destinatari>`+
			`<destinatari tipo="certificato">Z@pec.beta.example</destinatari>`))
	var got []string
	for _, r := range d.Recipients {
		got = append(got, r.Address)
	}
	require.Equal(t, []string{"ufficio@pec.beta.example", "Z@pec.beta.example", "a@pec.beta.example", "Z@pec.beta.example"}, got)
	require.Empty(t, d.Findings)
}

func TestSeveralConsegnaAndRicezioneAreKept(t *testing.T) {
	d := mustParse(t, with(t, "    </dati>", "<consegna>b@x.example</consegna><ricezione>c@x.example</ricezione><ricezione>d@x.example</ricezione></dati>"))
	require.Equal(t, []string{"ufficio@pec.beta.example", "b@x.example"}, d.Deliveries)
	require.Equal(t, []string{"c@x.example", "d@x.example"}, d.TakenInCharge)
	require.Equal(t, []Finding{{FindingRepeatedElement, "postacert/dati/consegna"}}, d.Findings)
	require.Empty(t, d.Unknown)
}

func TestAbsentAndEmptySubjectDiffer(t *testing.T) {
	const subject = "<oggetto>Contratto n. 7 – perché &quot;firmare&quot; &amp; spedire</oggetto>"
	require.False(t, mustParse(t, with(t, subject, "")).HasSubject)
	for _, empty := range []string{"<oggetto></oggetto>", "<oggetto/>", "<oggetto> \n </oggetto>"} {
		d := mustParse(t, with(t, subject, empty))
		require.True(t, d.HasSubject)
		require.Empty(t, d.Subject)
		require.Empty(t, d.Validate())
	}
}

func TestValuesAreTrimmed(t *testing.T) {
	d := mustParse(t, with(t, "<mittente>mario.rossi@pec.alfa.example<", "<mittente>\n\t mario.rossi@pec.alfa.example \r\n<"))
	require.Equal(t, "mario.rossi@pec.alfa.example", d.Sender)
	d = mustParse(t, with(t, `"nessuno"`, `" nessuno "`))
	require.Equal(t, ErrorNone, d.Error)
	require.Empty(t, d.Findings)
	// A no-break space is content.
	d = mustParse(t, with(t, "<mittente>", "<mittente>\u00a0"))
	require.Equal(t, "\u00a0mario.rossi@pec.alfa.example", d.Sender)
}

func TestEveryLineEnd(t *testing.T) {
	want := withoutBytes(mustParse(t, delivery))
	for _, end := range []string{"\r\n", "\r", "", "\n\n\t"} {
		document := strings.ReplaceAll(delivery, "\n", end)
		require.Equal(t, want, withoutBytes(mustParse(t, document)), "%q", end)
	}
	// Inside a value XML makes one line feed of each.
	d := mustParse(t, with(t, "<consegna>", "<errore-esteso>a\r\nb\rc</errore-esteso><consegna>"))
	require.Equal(t, "a\nb\nc", d.ErrorDetail)
}

func TestCDATAAndReferences(t *testing.T) {
	d := mustParse(t, with(t, "&lt;7f3c@pc-rossi.alfa.example&gt;", "<![CDATA[<7f3c@pc-]]>rossi.alfa&#46;ex&#x61;mple&gt;"))
	require.Equal(t, "<7f3c@pc-rossi.alfa.example>", d.MessageID)
	require.Empty(t, d.Findings)
}

func TestParseKeepsNothingOfTheCaller(t *testing.T) {
	document := []byte(delivery)
	d, err := Parse(document, nil)
	require.NoError(t, err)
	want := withoutBytes(d)
	clear(document)
	require.Equal(t, want, withoutBytes(d))
	require.Equal(t, delivery, d.Raw)
}

func TestTrimMessageID(t *testing.T) {
	for in, want := range map[string]string{
		"<a@b>": "a@b", " < a@b >\r\n": "a@b", "a@b": "a@b", "": "", "<>": "", "<": "<", "<<a>>": "<a>", "<a": "<a", "a>": "a>",
	} {
		require.Equal(t, want, TrimMessageID(in), in)
	}
}
