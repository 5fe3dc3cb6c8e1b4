package pec

import (
	"strings"

	"github.com/certmail/certmail/envelope"
)

// onBehalfOf returns the address that the display name of an envelope's From
// claims to speak for: "Per conto di: mario@…" (DM 2-11-2005 annex 6.3.4).
func onBehalfOf(from string) string {
	if a, err := envelope.ParseMailbox(from); err == nil {
		return behalfOf(a.Name)
	}
	return behalfOf(from)
}

// behalfOf takes the address out of such a display name.
func behalfOf(name string) string {
	const claim = "per conto di:"
	if len(name) < len(claim) || !strings.EqualFold(name[:len(claim)], claim) {
		return ""
	}
	return strings.TrimSpace(name[len(claim):])
}
