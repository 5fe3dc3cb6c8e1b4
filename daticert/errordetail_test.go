package daticert

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRCV17_Dash(t *testing.T) {
	require.Equal(t, ExtendedError{"5.1.1", "Gestore Beta S.r.l.", "indirizzo non valido", true},
		ParseErrorDetail("5.1.1 - Gestore Beta S.r.l. - indirizzo non valido"))
	require.Equal(t, ExtendedError{"5.2.2", "Gestore S.p.A.", "casella piena", true},
		ParseErrorDetail(" 5.2.2 - Gestore S.p.A. - casella piena\n"))
}

func TestRCV17_Comma(t *testing.T) {
	require.Equal(t, ExtendedError{"5.5.1", "Gestore Pec S.p.A.", "presenza di un virus nel messaggio", true},
		ParseErrorDetail("5.5.1, Gestore Pec S.p.A., presenza di un virus nel messaggio"))
}

func TestRCV17_MultiLine(t *testing.T) {
	d := mustParse(t, with(t, "</consegna>", "</consegna><errore-esteso>\n  5.4.1 - Gestore\n  Beta - il messaggio non è stato consegnato\n  nelle ventiquattro ore - fine\n</errore-esteso>"))
	require.Equal(t, ExtendedError{"5.4.1", "Gestore\n  Beta", "il messaggio non è stato consegnato\n  nelle ventiquattro ore - fine", true}, d.ExtendedError())
}

func TestRCV17_FreeTextIsKept(t *testing.T) {
	for _, s := range []string{
		"", "Eicar-Test-Signature", "destinatario presente nel campo Ccn",
		"Errori trovati:\n- il primo\n- il secondo, con virgola",
		"5.1 - Gestore - x", "5.1.1234 - Gestore - x", "15.1.1 - Gestore - x", "5.1.1.1 - Gestore - x", "a 5.1.1 - Gestore - x", "5.1.1x - Gestore - x",
	} {
		require.Equal(t, ExtendedError{Text: s}, ParseErrorDetail(s))
	}
}

func TestRCV17_CodeAlone(t *testing.T) {
	require.Equal(t, ExtendedError{Code: "5.4.1", Text: "5.4.1"}, ParseErrorDetail(" 5.4.1 "))
	require.Equal(t, ExtendedError{Code: "5.1.1", Text: "5.1.1 - indirizzo non valido"}, ParseErrorDetail("5.1.1 - indirizzo non valido"))
	require.Equal(t, ExtendedError{Code: "5.1.1", Text: "5.1.1 indirizzo - x - y"}, ParseErrorDetail("5.1.1 indirizzo - x - y"))
}

func TestRCV17_ProviderNamesWithDashesAndCommas(t *testing.T) {
	require.Equal(t, ExtendedError{"5.1.1", "Tele-Posta, Gruppo S.p.A.", "indirizzo non valido", true},
		ParseErrorDetail("5.1.1 - Tele-Posta, Gruppo S.p.A. - indirizzo non valido"))
	require.Equal(t, ExtendedError{"5.1.1", "Tele-Posta S.p.A.", "indirizzo - non valido", true},
		ParseErrorDetail("5.1.1, Tele-Posta S.p.A., indirizzo - non valido"))
	// Without white space the first mark ends the name.
	require.Equal(t, ExtendedError{"5.1.1", "Beta", "x-y", true}, ParseErrorDetail("5.1.1-Beta-x-y"))
	require.Equal(t, ExtendedError{"5.1.1", "Beta", "x", true}, ParseErrorDetail("5.1.1 - Beta, x"))
}

// The rule as it is written down. We agree with it whenever the provider's name
// has no dash or comma of its own.
var errorDetailRule = regexp.MustCompile(`(?s)^\s*(\d\.\d{1,3}\.\d{1,3})\s*[-,]\s*(.*?)\s*[-,]\s*(.*)$`)

func FuzzParseErrorDetail(f *testing.F) {
	for _, s := range []string{"5.1.1 - Gestore Beta S.r.l. - indirizzo non valido", "5.5.1, Aruba, virus", "5.4.1-x-y", "5.1.1 -\f- x", "5.1.1 ,a- b", "5.1.1--", "testo", "5.1.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := ParseErrorDetail(s)
		m := errorDetailRule.FindStringSubmatch(s)
		require.Equal(t, m != nil, got.OK)
		if m == nil {
			require.Equal(t, strings.Trim(s, detailSpace), got.Text)
			require.Empty(t, got.Provider)
			return
		}
		require.Equal(t, m[1], got.Code)
		if !strings.ContainsAny(got.Provider, "-,") {
			require.Equal(t, m[2], got.Provider)
			require.Equal(t, strings.TrimRight(m[3], detailSpace), got.Text)
		}
	})
}
