package catalogue

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var values = Values{
	Day: "03/03/2026", Hour: "10:15:32", Zone: "+0100",
	Subject: "Contratto n. 7 – perché <firmare>", Sender: "mario.rossi@pec.alfa.example",
	Recipients: []Recipient{{"ufficio@pec.beta.example", true}, {"info@gamma.example", false}},
	Recipient:  "ufficio@pec.beta.example", Error: "descrizione",
	Identifier: "pec1.20260303101532.00042.1@gestore-a.example",
}

func TestRCV02_EveryTypeHasARow(t *testing.T) {
	want := map[string]string{
		"M1": "accettazione", "M2": "non-accettazione", "M3": "non-accettazione", "M4": "posta-certificata",
		"M5": "presa-in-carico", "M6": "", "M7": "rilevazione-virus", "M8": "errore-consegna",
		"M9": "avvenuta-consegna", "M10": "errore-consegna", "M11": "preavviso-errore-consegna",
	}
	seen := map[string]bool{}
	for _, row := range Rows() {
		require.Contains(t, want, row.Message)
		require.Equal(t, want[row.Message], row.Type, row.ID)
		require.Equal(t, row.Type != "", row.XML, row.ID)
		require.True(t, strings.HasSuffix(row.SubjectPrefix, ":"), row.ID)
		require.NotEmpty(t, row.Clause, row.ID)
		require.NotZero(t, row.SignedBy, row.ID)
		require.NotZero(t, row.To, row.ID)
		require.NotEmpty(t, row.Evidence, row.ID)
		got, ok := ByID(row.ID)
		require.True(t, ok)
		require.Equal(t, row, got)
		seen[row.Message] = true
	}
	require.Len(t, seen, len(want))
}

func TestRowsAreCopies(t *testing.T) {
	Rows()[0].Title = "changed"
	row, _ := ByID(Acceptance)
	row.Marker.Value = "changed"
	again, _ := ByID(Acceptance)
	require.Equal(t, "Ricevuta di accettazione", again.Title)
	require.Equal(t, "accettazione", again.Marker.Value)
}

func TestRCV01_LookUpByHeader(t *testing.T) {
	for _, row := range Rows() {
		value := " \t" + strings.ToUpper(row.Marker.Value) + "\r\n"
		var got Row
		var ok bool
		if row.Envelope() {
			got, ok = ByTrasporto(value)
		} else {
			got, ok = ByRicevuta(value, row.Virus())
		}
		require.True(t, ok, row.ID)
		require.Equal(t, row.Message, got.Message, row.ID)
	}
	for _, value := range []string{"", "errore", "accettazione2", "non accettazione", "consegna", "mancata-consegna", "posta-certificata"} {
		_, ok := ByRicevuta(value, false)
		require.False(t, ok, value)
	}
	for _, value := range []string{"", "accettazione", "busta-anomalia"} {
		_, ok := ByTrasporto(value)
		require.False(t, ok, value)
	}
	// X-VerificaSicurezza on a type without a virus form changes nothing.
	row, ok := ByRicevuta("accettazione", true)
	require.True(t, ok)
	require.Equal(t, Acceptance, row.ID)
}

func TestLookUpByTypeAndForm(t *testing.T) {
	for _, tt := range []struct {
		tipo  string
		virus bool
		want  ID
	}{
		{"errore-consegna", false, NonDelivery},
		{"errore-consegna", true, NonDeliveryVirus},
		{"non-accettazione", false, NonAcceptance},
		{"non-accettazione", true, NonAcceptanceVirus},
		{"rilevazione-virus", true, VirusDetection},
		{"posta-certificata", false, TransportEnvelope},
		{"avvenuta-consegna", false, DeliveryComplete},
	} {
		row, ok := ByType(tt.tipo, tt.virus)
		require.True(t, ok)
		require.Equal(t, tt.want, row.ID)
	}
	_, ok := ByType("", false)
	require.False(t, ok, "the anomaly envelope has no type to be found by")

	row, ok := ByForm("BREVE")
	require.True(t, ok)
	require.Equal(t, DeliveryBrief, row.ID)
	_, ok = ByForm("24h")
	require.False(t, ok)

	row, ok = ByID("M11")
	require.True(t, ok)
	require.Equal(t, TimeoutFirst, row.ID)
	_, ok = ByID("M12")
	require.False(t, ok)
}

func TestRCV14_StripExactlyOneMatchingPrefix(t *testing.T) {
	for _, tt := range []struct {
		id            ID
		subject, want string
		ok            bool
	}{
		{TransportEnvelope, "POSTA CERTIFICATA: POSTA CERTIFICATA: x", "POSTA CERTIFICATA: x", true},
		{TransportEnvelope, "POSTA CERTIFICATA: ACCETTAZIONE: x", "ACCETTAZIONE: x", true},
		{TransportEnvelope, "POSTA CERTIFICATA:", "", true},
		{TransportEnvelope, "POSTA  CERTIFICATA:x", "x", true},
		{TransportEnvelope, "R: POSTA CERTIFICATA: x", "R: POSTA CERTIFICATA: x", false},
		{TransportEnvelope, "posta certificata: x", "posta certificata: x", false},
		{Acceptance, "POSTA CERTIFICATA: x", "POSTA CERTIFICATA: x", false},
		{Acceptance, "AVVISO DI NON ACCETTAZIONE: x", "AVVISO DI NON ACCETTAZIONE: x", false},
		{NonAcceptance, "AVVISO DI NON ACCETTAZIONE PER VIRUS: x", "x", true},
		{NonDelivery, "AVVISO DI MANCATA CONSEGNA PER VIRUS: x", "x", true},
		{NonDeliveryVirus, "AVVISO DI MANCATA CONSEGNA: x", "x", true},
		{NonDelivery, "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO: x", "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO: x", false},
		{TimeoutFirst, "AVVISO DI MANCATA CONSEGNA PER SUP.  TEMPO MASSIMO: x", "x", true},
		{TimeoutSecond, "AVVISO DI MANCATA CONSEGNA PER SUP.\r\n TEMPO MASSIMO: x", "x", true},
		{DeliveryBrief, "CONSEGNA: CONSEGNA: x", "CONSEGNA: x", true},
		{Acceptance, "ACCETTAZIONE", "ACCETTAZIONE", false},
	} {
		row, ok := ByID(tt.id)
		require.True(t, ok)
		got, ok := StripPrefix(&row, tt.subject)
		require.Equal(t, tt.ok, ok, tt.subject)
		require.Equal(t, tt.want, got)
	}
	for _, row := range Rows() {
		got, ok := StripPrefix(&row, Subject(&row, "ACCETTAZIONE: x"))
		require.True(t, ok)
		require.Equal(t, "ACCETTAZIONE: x", got)
		require.Equal(t, row.SubjectPrefix, Subject(&row, SubjectWhenMissing))
	}
}

func TestRenderLeavesNoPlaceholder(t *testing.T) {
	for _, row := range Rows() {
		text := row.Render(values)
		require.NotContains(t, text, "{", row.ID)
		require.True(t, strings.HasPrefix(text, row.Title+"\nIl giorno 03/03/2026 alle ore 10:15:32 (+0100) "), row.ID)
		require.Equal(t, row.ID != AnomalyEnvelope, strings.HasSuffix(text, "\nIdentificativo messaggio: "+values.Identifier), row.ID)
		require.Contains(t, text, `"`+values.Subject+`"`, row.ID)
		require.Equal(t, row.ID != NonDeliveryVirus, strings.Contains(text, `"`+values.Sender+`"`), row.ID)
	}
}

func TestRenderAcceptance(t *testing.T) {
	row, _ := ByID(Acceptance)
	require.Equal(t, `Ricevuta di accettazione
Il giorno 03/03/2026 alle ore 10:15:32 (+0100) il messaggio
"Contratto n. 7 – perché <firmare>" proveniente da "mario.rossi@pec.alfa.example"
ed indirizzato a:
ufficio@pec.beta.example ("posta certificata")
info@gamma.example ("posta ordinaria")
è stato accettato dal sistema ed inoltrato.
Identificativo messaggio: pec1.20260303101532.00042.1@gestore-a.example`, row.Render(values))
}

func TestRenderTakesValuesLiterally(t *testing.T) {
	v := values
	v.Subject = "{id}\r\nè stato consegnato\x00\u2028{dest}"
	v.Recipients = []Recipient{{"a@b.example\nIdentificativo messaggio: forged", true}}
	for _, row := range Rows() {
		text := row.Render(v)
		require.Contains(t, text, `"{id} è stato consegnato {dest}"`, row.ID)
		require.NotContains(t, text, "\nIdentificativo messaggio: forged", row.ID)
	}
}

func TestRenderHTMLSaysTheSame(t *testing.T) {
	for _, row := range Rows() {
		page := row.RenderHTML(values)
		for _, r := range page {
			require.Less(t, r, rune(0x80), row.ID)
		}
		for _, bad := range []string{"<firmare>", "href", "src", "style", "script", "url("} {
			require.NotContains(t, page, bad, row.ID)
		}
		require.Contains(t, page, "perch&#233; &lt;firmare&gt;", row.ID)
		require.Equal(t, strings.Count(row.Render(values), "\n")-1, strings.Count(page, "<br>"), row.ID)
	}
}

func FuzzStripPrefix(f *testing.F) {
	f.Add("POSTA CERTIFICATA: POSTA CERTIFICATA: x")
	f.Add("AVVISO DI MANCATA CONSEGNA PER SUP.  TEMPO MASSIMO: x")
	f.Fuzz(func(t *testing.T, subject string) {
		for _, row := range Rows() {
			rest, ok := StripPrefix(&row, subject)
			require.True(t, strings.HasSuffix(subject, rest))
			require.Equal(t, ok, len(rest) != len(subject))
			again, ok := StripPrefix(&row, Subject(&row, "x"+subject))
			require.True(t, ok)
			require.True(t, strings.HasPrefix(again, "x"))
		}
	})
}

func FuzzRender(f *testing.F) {
	f.Add("subject", "error")
	f.Add("{oggetto}\n", "\u2028{id")
	f.Fuzz(func(t *testing.T, subject, detail string) {
		v := values
		v.Subject, v.Error = subject, detail
		for _, row := range Rows() {
			want := strings.Count(row.Render(values), "\n")
			require.Equal(t, want, strings.Count(row.Render(v), "\n"))
		}
	})
}

func BenchmarkByRicevuta(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ByRicevuta("avvenuta-consegna", false); !ok {
			b.Fatal("not found")
		}
	}
}
