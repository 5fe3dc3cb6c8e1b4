package daticert

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRCV15_UnknownElementIsKept(t *testing.T) {
	const extra = `<nuovo a="1" x:b="2 &amp; 3">uno<sotto>due</sotto>tre</nuovo>`
	d := mustParse(t, with(t, "    </dati>", extra+"</dati>"))
	require.Equal(t, []Unknown{{
		Path:       "postacert/dati/nuovo",
		Attributes: []Attribute{{"a", "1"}, {"x:b", "2 & 3"}},
		Text:       "unoduetre",
		XML:        extra,
	}}, d.Unknown)
	require.Equal(t, []Finding{{FindingUndeclaredElement, "postacert/dati/nuovo"}}, d.Findings)
	require.Equal(t, "ufficio@pec.beta.example", d.Deliveries[0])
}

func TestRCV15_UnknownAttributeIsKept(t *testing.T) {
	d := mustParse(t, with(t, `<data zona=`, `<data fuso=" Roma " zona=`))
	require.Equal(t, []Unknown{{Path: "postacert/dati/data/@fuso", Text: "Roma"}}, d.Unknown)
	require.Equal(t, []Finding{{FindingUndeclaredAttribute, "postacert/dati/data/@fuso"}}, d.Findings)
	require.Equal(t, "+0100", d.Date.Zone)
}

func TestRCV15_UnknownValuesAreKeptAndNotMapped(t *testing.T) {
	for _, c := range []struct {
		old, replacement, path string
		got                    func(*Data) string
	}{
		{`"avvenuta-consegna"`, `"mancata-consegna"`, "postacert/@tipo", func(d *Data) string { return string(d.Type) }},
		{`"avvenuta-consegna"`, `"Avvenuta-Consegna"`, "postacert/@tipo", func(d *Data) string { return string(d.Type) }},
		{`"nessuno"`, `"quota"`, "postacert/@errore", func(d *Data) string { return string(d.Error) }},
		{`"esterno"`, `"REM"`, "postacert/intestazione/destinatari/@tipo", func(d *Data) string { return string(d.Recipients[1].Type) }},
		{`"completa"`, `"Completa"`, "postacert/dati/ricevuta/@tipo", func(d *Data) string { return string(d.ReceiptType) }},
	} {
		d := mustParse(t, with(t, c.old, c.replacement))
		require.Equal(t, c.replacement, `"`+c.got(d)+`"`)
		require.Equal(t, []Finding{{FindingAttributeValue, c.path + "=" + c.replacement}}, d.Findings)
		require.Contains(t, d.Validate(), d.Findings[0])
		_, err := d.Marshal()
		require.ErrorIs(t, err, ErrValue)
	}
}

func TestRCV15_SecondOccurrenceIsKept(t *testing.T) {
	d := mustParse(t, with(t, "<risposte>", "<mittente>altro@pec.alfa.example</mittente><risposte>"))
	require.Equal(t, "mario.rossi@pec.alfa.example", d.Sender)
	require.Equal(t, []Unknown{{Path: "postacert/intestazione/mittente", Text: "altro@pec.alfa.example",
		XML: "<mittente>altro@pec.alfa.example</mittente>"}}, d.Unknown)
	require.Equal(t, []Finding{
		{FindingElementOrder, "postacert/intestazione/mittente after destinatari"},
		{FindingRepeatedElement, "postacert/intestazione/mittente"},
	}, d.Findings)
}

func TestRCV15_SecondContainerIsKeptWhole(t *testing.T) {
	const second = `<dati><gestore-emittente>Finto</gestore-emittente><consegna>b@x.example</consegna></dati>`
	d := mustParse(t, with(t, "</postacert>", second+"</postacert>"))
	require.Equal(t, "Gestore Beta S.r.l.", d.Provider)
	require.Equal(t, []string{"ufficio@pec.beta.example"}, d.Deliveries)
	require.Equal(t, []Unknown{{Path: "postacert/dati", Text: "Fintob@x.example", XML: second}}, d.Unknown)
	require.Equal(t, []Finding{{FindingRepeatedElement, "postacert/dati"}}, d.Findings)
}

// Each way to break the DTD: what is replaced, by what, and the finding.
func TestEveryBreachOfTheDTDIsAFinding(t *testing.T) {
	for _, c := range []struct {
		name, old, replacement string
		want                   []Finding
	}{
		{"missing element", "<risposte>protocollo@pec.alfa.example</risposte>", "",
			[]Finding{{FindingMissingElement, "postacert/intestazione/risposte"}}},
		{"missing ora", "<ora>10:15:40</ora>", "",
			[]Finding{{FindingMissingElement, "postacert/dati/data/ora"}, {FindingDateInvalid, `hour "": want hh:mm:ss`}}},
		{"wrong order", `<ricevuta tipo="completa" />`, `<errore-esteso>x</errore-esteso><ricevuta tipo="completa" />`,
			[]Finding{{FindingElementOrder, "postacert/dati/ricevuta after errore-esteso"}, {FindingElementOrder, "postacert/dati/consegna after errore-esteso"}}},
		{"repeated element", "<consegna>", "<msgid>x</msgid><consegna>",
			[]Finding{{FindingElementOrder, "postacert/dati/msgid after ricevuta"}, {FindingRepeatedElement, "postacert/dati/msgid"}}},
		{"element of another place", "<msgid>", "<oggetto>x</oggetto><msgid>",
			[]Finding{{FindingUndeclaredElement, "postacert/dati/oggetto"}}},
		{"element inside a value", "<mittente>", "<mittente><b>x</b>",
			[]Finding{{FindingUndeclaredElement, "postacert/intestazione/mittente/b"}}},
		{"stray text", "    </dati>", "ciao</dati>", []Finding{{FindingStrayText, `postacert/dati: "ciao"`}}},
		{"stray CDATA", "    </dati>", "<![CDATA[ ]]></dati>", []Finding{{FindingStrayText, `postacert/dati: ""`}}},
		{"stray reference", "    </dati>", "&#32;</dati>", []Finding{{FindingStrayText, `postacert/dati: ""`}}},
		{"not empty", `<ricevuta tipo="completa" />`, `<ricevuta tipo="completa"> </ricevuta>`, []Finding{{FindingNotEmpty, "postacert/dati/ricevuta"}}},
		{"element in empty", `<ricevuta tipo="completa" />`, `<ricevuta tipo="completa"><a/></ricevuta>`, []Finding{{FindingNotEmpty, "postacert/dati/ricevuta"}}},
		{"empty attribute", `"completa"`, `""`, []Finding{{FindingAttributeValue, `postacert/dati/ricevuta/@tipo=""`}}},
		{"namespace", "<postacert ", `<postacert xmlns="urn:x" `, []Finding{{FindingUndeclaredAttribute, "postacert/@xmlns"}}},
		{"empty value", "<consegna>ufficio@pec.beta.example</consegna>", "<consegna/>", []Finding{{FindingEmptyValue, "postacert/dati/consegna"}}},
		{"comment in a value", "<mittente>", "<mittente><!-- x -->", []Finding{{FindingCommentInValue, "comment in postacert/intestazione/mittente"}}},
		{"instruction", "<dati>", "<?foo bar?><dati>", []Finding{{FindingInstruction, `"foo"`}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := mustParse(t, with(t, c.old, c.replacement))
			require.Equal(t, c.want, d.Findings)
			require.NotEmpty(t, d.Validate())
		})
	}
}

func TestEmptyRootReportsWhatIsMissing(t *testing.T) {
	d := mustParse(t, "<postacert/>")
	require.Equal(t, []Finding{
		{FindingMissingAttribute, "postacert/@tipo"},
		{FindingMissingElement, "postacert/intestazione"},
		{FindingMissingElement, "postacert/dati"},
	}, d.Findings)
	require.Equal(t, d.Findings, d.Validate(), "nothing is said twice")
}

func TestCommentsBetweenElementsAreFine(t *testing.T) {
	d := mustParse(t, with(t, "<dati>", "<!-- x --><dati><!-- <consegna>falsa</consegna> -->"))
	require.Empty(t, d.Validate())
	require.Equal(t, withoutBytes(mustParse(t, delivery)), withoutBytes(d))
}

func TestStrayTextIsKept(t *testing.T) {
	d := mustParse(t, with(t, "    </dati>", " anonimizzato </dati>"))
	require.Equal(t, []Unknown{{Path: "postacert/dati/text()", Text: "anonimizzato"}}, d.Unknown)
}

func TestFindingsAreBounded(t *testing.T) {
	for _, many := range []string{strings.Repeat("<a/>", 10000), strings.Repeat(`<ricezione a=""/>`, 9000)} {
		d := mustParse(t, with(t, "    </dati>", many+"</dati>"))
		require.Len(t, d.Findings, maxFindings+1)
		require.Equal(t, FindingTruncated, d.Findings[maxFindings].Code)
		require.GreaterOrEqual(t, len(d.Unknown), 9000, "but nothing is lost")
		require.LessOrEqual(t, len(d.Validate()), maxFindings+1)
	}
	d := mustParse(t, with(t, "<risposte>", strings.Repeat(`<destinatari tipo="x">a@b.example</destinatari>`, 5000)+"<risposte>"))
	require.Len(t, d.Findings, maxFindings+1)
}

func TestValidateComparesWithTheType(t *testing.T) {
	none, altro := `errore="nessuno"`, `errore="altro"`
	const receipt, consegna, ricezione, esteso = `<ricevuta tipo="breve"/>`, `<consegna>u@x.example</consegna>`, `<ricezione>u@x.example</ricezione>`, `<errore-esteso>5.1.1</errore-esteso>`
	for _, c := range []struct {
		typ, errore, elements string
		want                  []string
	}{
		{"accettazione", none, "", nil},
		{"accettazione", altro, esteso, []string{FindingErrorForType, FindingUnexpectedForType}},
		{"accettazione", none, receipt + consegna + ricezione, []string{FindingUnexpectedForType, FindingUnexpectedForType, FindingUnexpectedForType}},
		{"non-accettazione", altro, esteso, nil},
		{"non-accettazione", `errore="virus"`, esteso, nil},
		{"non-accettazione", none, "", []string{FindingErrorForType, FindingMissingForType}},
		{"non-accettazione", "", esteso, []string{FindingErrorForType}},
		{"non-accettazione", `errore="no-dest"`, esteso, []string{FindingErrorForType}},
		{"posta-certificata", none, receipt, nil},
		{"posta-certificata", none, "", []string{FindingMissingForType}},
		{"presa-in-carico", none, ricezione, nil},
		{"presa-in-carico", none, consegna, []string{FindingUnexpectedForType, FindingMissingForType}},
		{"avvenuta-consegna", none, receipt + consegna, nil},
		{"avvenuta-consegna", none, receipt, []string{FindingMissingForType}},
		{"avvenuta-consegna", none, consegna, []string{FindingMissingForType}},
		{"avvenuta-consegna", `errore="virus"`, receipt + consegna, []string{FindingErrorForType}},
		{"errore-consegna", `errore="no-dest"`, consegna + esteso, nil},
		{"errore-consegna", `errore="no-dominio"`, consegna + esteso, nil},
		{"errore-consegna", `errore="virus"`, consegna + esteso, nil},
		{"errore-consegna", altro, consegna + esteso, nil},
		{"errore-consegna", none, esteso, []string{FindingErrorForType, FindingMissingForType}},
		{"preavviso-errore-consegna", none, consegna, nil},
		{"preavviso-errore-consegna", altro, consegna + esteso, nil},
		{"preavviso-errore-consegna", altro, esteso, []string{FindingMissingForType}},
		{"rilevazione-virus", `errore="virus"`, consegna + esteso, nil},
		{"rilevazione-virus", `errore="virus"`, ricezione, nil},
		{"rilevazione-virus", none, "", []string{FindingErrorForType, FindingMissingForType}},
		{"inventato", none, consegna, []string{FindingAttributeValue}},
	} {
		document := with(t, "<ricevuta tipo=\"completa\" />\n        <consegna>ufficio@pec.beta.example</consegna>", c.elements)
		document = strings.Replace(document, `tipo="avvenuta-consegna" errore="nessuno"`, `tipo="`+c.typ+`" `+c.errore, 1)
		require.Equal(t, c.want, codes(mustParse(t, document).Validate()), "%s %s %s", c.typ, c.errore, c.elements)
	}
}

func TestValidateOfDataBuiltByHand(t *testing.T) {
	require.Equal(t, []Finding{
		{FindingEmptyValue, "postacert/@tipo"},
		{FindingEmptyValue, "postacert/intestazione/mittente"},
		{FindingEmptyValue, "postacert/intestazione/destinatari"},
		{FindingEmptyValue, "postacert/intestazione/risposte"},
		{FindingEmptyValue, "postacert/dati/gestore-emittente"},
		{FindingEmptyValue, "postacert/dati/data/@zona"},
		{FindingEmptyValue, "postacert/dati/data/giorno"},
		{FindingEmptyValue, "postacert/dati/data/ora"},
		{FindingEmptyValue, "postacert/dati/identificativo"},
	}, new(Data).Validate())
}
