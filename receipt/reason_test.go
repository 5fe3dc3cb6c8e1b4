package receipt

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
)

func TestRCV17_ReasonByCodeThenErrore(t *testing.T) {
	for _, tt := range []struct {
		tipo   daticert.Type
		errore daticert.ErrorKind
		detail string
		want   Reason
		line   string
	}{
		{"errore-consegna", "no-dest", "5.1.1 - Gestore Beta S.r.l. - indirizzo non valido",
			Reason{"no-dest", "5.1.1", "Gestore Beta S.r.l.", "indirizzo non valido", UnknownRecipient}, "5.1.1 indirizzo non valido"},
		{"errore-consegna", "altro", "5.1.1 - Gestore Beta S.r.l. - indirizzo non valido",
			Reason{"altro", "5.1.1", "Gestore Beta S.r.l.", "indirizzo non valido", UnknownRecipient}, "5.1.1 indirizzo non valido"},
		{"errore-consegna", "altro", "5.2.2 - InfoCert S.p.A. - casella piena",
			Reason{"altro", "5.2.2", "InfoCert S.p.A.", "casella piena", MailboxFull}, "5.2.2 casella piena"},
		{"errore-consegna", "virus", "5.5.1, Aruba Pec S.p.A., presenza di un virus nel messaggio",
			Reason{"virus", "5.5.1", "Aruba Pec S.p.A.", "presenza di un virus nel messaggio", VirusFound}, "5.5.1 presenza di un virus nel messaggio"},
		{"errore-consegna", "no-dominio", "", Reason{Value: "no-dominio", Category: UnknownDomain}, "no-dominio"},
		{"errore-consegna", "altro", "casella\n  sospesa", Reason{Value: "altro", Text: "casella\n  sospesa", Category: Other}, "casella sospesa"},
		{"errore-consegna", "mai-visto", "", Reason{Value: "mai-visto", Category: Other}, "mai-visto"},
		{"non-accettazione", "altro", "Errori:\n- Ccn presente\n- mittente errato",
			Reason{Value: "altro", Text: "Errori:\n- Ccn presente\n- mittente errato", Category: Formal}, "Errori: - Ccn presente - mittente errato"},
		{"non-accettazione", "virus", "Eicar-Test-Signature", Reason{Value: "virus", Text: "Eicar-Test-Signature", Category: VirusFound}, "Eicar-Test-Signature"},
		{"avvenuta-consegna", "nessuno", "", Reason{Value: "nessuno"}, ""},
	} {
		got := ReasonOf(&daticert.Data{Type: tt.tipo, Error: tt.errore, ErrorDetail: tt.detail})
		require.Equal(t, tt.want, got, tt.detail)
		require.Equal(t, tt.line, got.String())
	}
}

func TestQuirkTablesAreConsistent(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range codes {
		require.False(t, seen[c.code])
		seen[c.code] = true
		require.NotEmpty(t, c.evidence)
		require.NotEmpty(t, c.category)
	}
	for _, k := range kinds {
		require.True(t, k.kind.Known())
		require.Equal(t, k.category, byKind(k.kind))
	}
	for _, m := range timeoutMarkers {
		require.Equal(t, strings.ToLower(strings.Join(strings.Fields(m.text), " ")), m.text)
	}
}

func FuzzReason(f *testing.F) {
	f.Add("preavviso-errore-consegna", "nessuno", "5.4.1 - A - testo")
	f.Add("errore-consegna", "altro", "5.1.1, B, x\ny")
	f.Fuzz(func(t *testing.T, tipo, errore, detail string) {
		d := &daticert.Data{Type: daticert.Type(tipo), Error: daticert.ErrorKind(errore), ErrorDetail: detail}
		r := ReasonOf(d)
		require.Equal(t, errore, r.Value)
		require.NotContains(t, r.String(), "\n")
		if r.IsZero() {
			require.Empty(t, r.String())
		}
		if d.Type == daticert.TypeDelayNotice {
			require.Contains(t, []Category{Timeout, Delay, NoReason}, r.Category)
		}
	})
}
