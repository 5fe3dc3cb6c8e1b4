package daticert

import "strconv"

// Parse reads a daticert.xml, the decoded content of the message part. See the
// package's documentation for what is an error and what a finding. Every error is
// a [*Error]. Parse keeps no reference to document.
func Parse(document []byte, opts *Options) (*Data, error) {
	return parse(document, opts.limits(), anyReader)
}

// reader says which of the two readers may be used.
type reader int

const (
	anyReader reader = iota
	fastOnly
	generalOnly
)

// errDeclined is fastOnly's answer to a document that is not for the scanner.
var errDeclined = &Error{Kind: ErrNotXML, Detail: "not of the usual shape"}

func parse(document []byte, lim limits, which reader) (*Data, error) {
	if len(document) > lim.size {
		return nil, &Error{Kind: ErrTooLarge, Detail: strconv.Itoa(len(document)) +
			" bytes, limit " + strconv.Itoa(lim.size)}
	}
	// One copy of the document serves every value; the room behind it takes the
	// values that had to be unescaped.
	var s scanner
	s.copy.Grow(len(document) + 128)
	s.copy.Write(document)
	s.s = s.copy.String()
	whole := s.s

	var d *Data
	if which != generalOnly {
		d = s.scan(lim)
	}
	if d == nil {
		if which == fastOnly {
			return nil, errDeclined
		}
		var err error
		if d, err = readGeneral(whole, lim); err != nil {
			return nil, err
		}
	}
	d.Raw = whole
	d.Findings = d.valueFindings(d.Findings)
	return d, nil
}
