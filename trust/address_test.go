package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestS25_RCV10_AddressIsComparedExactly(t *testing.T) {
	ca := newCA("CA")
	leaf := ca.Provider("Gestore Alfa", "posta-certificata@pec.xn--citt-3na.example", func(c *x509.Certificate) {
		c.EmailAddresses = append(c.EmailAddresses, "Servizio.K@pec.alfa.example")
	}).Certificate
	s := newStore(t, Material{Anchors: certs(ca.Certificate)}, nil)
	for from, want := range map[string]Status{
		"posta-certificata@pec.xn--citt-3na.example": Passed,
		"posta-certificata@pec.città.example":        Passed,
		"POSTA-certificata@PEC.città.EXAMPLE":        Passed,
		"servizio.k@PEC.ALFA.example":                Passed,
		"servizio.\u212a@pec.alfa.example":           Failed, // Kelvin sign
		"servizio.k@pec.alfa.example.":               Failed, // trailing dot
		"servizio.k@pec-alfa.example":                Failed,
		"servizio.k@alfa.example":                    Failed,
		"servizio.k@x.pec.alfa.example":              Failed,
		"servizio.k@pec.alfa.example.evil.example":   Failed,
		"servizio.k@pec.аlfa.example":                Failed, // Cyrillic а
		"servizio.k@pec.ａlfa.example":                Failed, // full-width a
		"servizio.k@pec。alfa.example":                Failed, // ideographic full stop
		"servizio.k@pec.al\u00adfa.example":          Failed, // soft hyphen
		"posta-certificata@pec.citta\u0300.example":  Failed, // not composed
		"posta-certificata@pec.CITTÀ.example":        Failed, // upper case outside ASCII
		"<servizio.k@pec.alfa.example>":              Failed,
		" servizio.k@pec.alfa.example":               Failed,
		"servizio.k@pec.alfa.example\x00":            Failed,
		"x@evil.example@pec.alfa.example":            Failed,
		"@pec.alfa.example":                          Failed,
		"servizio.k":                                 Failed,
		"servizio.k@":                                Failed,
		"":                                           Unknown,
	} {
		q := ask(leaf)
		q.From = from
		c := s.Evaluate(q).Check(CheckSignerAddress)
		require.Equalf(t, want, c.Status, "%q: %s", from, c.Detail)
	}
}

func TestRCV10_AddressInSubjectDoesNotCount(t *testing.T) {
	ca := newCA("CA")
	leaf := ca.Provider("Gestore Alfa", "altro@pec.alfa.example", func(c *x509.Certificate) {
		c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: oidEmailAddress, Value: fromAlfa}}
	}).Certificate
	r := newStore(t, Material{Anchors: certs(ca.Certificate)}, nil).Evaluate(ask(leaf))
	require.Equal(t, Failed, r.Check(CheckSignerAddress).Status)
	require.Equal(t, []string{"email-in-subject", "address-only-in-subject"}, codes(r.Findings))
}
