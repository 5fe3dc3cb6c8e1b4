package evidence

import "strings"

// Severity says what a deviation means for whoever reads the evidence and for
// whoever writes it.
type Severity uint8

const (
	// Remark: worth knowing; nobody is stopped.
	Remark Severity = iota
	// Tolerated: readers accept it, Marshal does not write it.
	Tolerated
	// Undecided: it cannot be decided whether the evidence conforms: evidence
	// of a failure that lacks components, as EN 319 532-4 C.4.5.1 h allows, or a
	// critical extension that is not known. Marshal does not write it.
	Undecided
	// Violation: the evidence does not conform.
	Violation
)

func (s Severity) String() string {
	switch s {
	case Remark:
		return "remark"
	case Tolerated:
		return "tolerated"
	case Undecided:
		return "undecided"
	}
	return "violation"
}

// Deviation is one difference between an evidence and a profile.
type Deviation struct {
	Severity Severity
	// Component is the code of EN 319 522-2 §8.2 (G04, M03), or empty when the
	// difference is one of XML only.
	Component string
	// Clause is where the rule stands.
	Clause string
	// Found and Want are for people.
	Found, Want string
}

func (d Deviation) String() string {
	var b strings.Builder
	if d.Component != "" {
		b.WriteString(d.Component)
		b.WriteString(": ")
	}
	b.WriteString(d.Found)
	b.WriteString("; wanted ")
	b.WriteString(d.Want)
	if d.Clause != "" {
		b.WriteString(" (")
		b.WriteString(d.Clause)
		b.WriteString(")")
	}
	return b.String()
}
