package sdi

import "strings"

// Subject is the subject of a message of SDI taken apart: "Invio File 7339338",
// "Ricevuta di consegna 7339338 (SIMULAZIONE)".
type Subject struct {
	// Text in front of the number.
	Text string
	// ID is IdentificativoSdI; empty when the subject is of another form.
	ID string
	// Simulation tells that the subject ends in (SIMULAZIONE): a test, of no
	// effect.
	Simulation bool
}

const simulation = "(SIMULAZIONE)"

// ParseSubject takes a subject apart.
func ParseSubject(subject string) Subject {
	s := Subject{Text: strings.TrimSpace(subject)}
	if rest, ok := strings.CutSuffix(s.Text, simulation); ok {
		s.Text, s.Simulation = strings.TrimSpace(rest), true
	}
	if at := strings.LastIndexByte(s.Text, ' '); at > 0 && isIdentifier(s.Text[at+1:]) {
		s.Text, s.ID = strings.TrimSpace(s.Text[:at]), s.Text[at+1:]
	}
	return s
}
