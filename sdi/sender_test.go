package sdi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSDI_LookAlikeSender(t *testing.T) {
	for address, want := range map[string]bool{
		"sdi03@pec.fatturapa.it":                     false,
		"sdi03@PEC.FatturaPA.it":                     false,
		"anna@alfa.example":                          false,
		"sdi@pec.example":                            false,
		"":                                           false,
		"pec.fatturapa.it":                           false, // no address
		"sdi03@pec.fatturpa.it":                      true,
		"sdi03@pec.fattruapa.it":                     true,
		"sdi03@pec.fatturapa.lt":                     true,
		"sdi03@pec-fatturapa.it":                     true,
		"sdi03@pec.fatturapa.it.evil.test":           true,
		"sdi03@x.pec.fatturapa.it":                   true,
		"sdi03@fatturapa.example":                    true,
		"sdi03@p\u0435c.f\u0430ttur\u0430p\u0430.it": true, // Cyrillic
		"sdi03@xn--pc-nlc.xn--ftturp-3nfeb.it":       true, // and in its A-label
		"sdi03@" + strings.Repeat("a", 300):          false,
	} {
		got := LookAlike(address, nil)
		require.Equal(t, want, got != "", "%q looks like %q", address, got)
		if want {
			require.Equal(t, DefaultDomain, got)
		}
	}
	o := &Options{Domains: []string{"pec.sogei.it"}}
	require.Equal(t, "pec.sogei.it", LookAlike("a@pec.s0gei.it", o))
	require.Empty(t, LookAlike("a@pec.fatturpa.it", o))
}

func TestSDI_DomainIsExact(t *testing.T) {
	o := (*Options)(nil).withDefaults()
	require.True(t, o.isSDI("sdi01@pec.fatturapa.it"))
	for _, address := range []string{"sdi01@pec.fatturapa.it.", "sdi01@a.pec.fatturapa.it", "pec.fatturapa.it", "@pec.fatturapa.it", "sdi01@pec.fatturapa.it@evil.test", "sdi01@pec.\ufb01tturapa.it"} {
		require.False(t, o.isSDI(address), address)
	}
	o = (&Options{Domains: []string{"kiel.test"}}).withDefaults()
	require.False(t, o.isSDI("a@\u212aiel.test"), "the Kelvin sign is no k")
}

func TestSDI_Subjects(t *testing.T) {
	for subject, want := range map[string]Subject{
		"Invio File 7339338":                        {"Invio File", "7339338", false},
		"Invio File 7339338 (SIMULAZIONE)":          {"Invio File", "7339338", true},
		" Ricevuta di consegna 12 (SIMULAZIONE) ":   {"Ricevuta di consegna", "12", true},
		"Notifica di mancata consegna 123456789012": {"Notifica di mancata consegna", "123456789012", false},
		"Fattura 1234567890123":                     {"Fattura 1234567890123", "", false},
		"(SIMULAZIONE)":                             {"", "", true},
		"123":                                       {"123", "", false},
		"Prova (simulazione)":                       {"Prova (simulazione)", "", false},
		"":                                          {},
	} {
		require.Equal(t, want, ParseSubject(subject), "%q", subject)
	}
}
