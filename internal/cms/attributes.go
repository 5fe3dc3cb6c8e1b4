package cms

import (
	"bytes"
	"fmt"
	"time"
)

// checkAttributes checks the form of a SET OF Attribute and its count.
func (p *parser) checkAttributes(b []byte) error {
	for n := 1; len(b) > 0; n++ {
		if n > p.lim.Attributes {
			return fmt.Errorf("%w: more than %d attributes", ErrTooLarge, p.lim.Attributes)
		}
		_, _, rest, err := p.attribute(b)
		if err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// attribute reads one Attribute: its type and the values in its SET.
func (p *parser) attribute(b []byte) (oid, values, rest []byte, err error) {
	e, rest, err := p.expect(b, tagSequence, "attribute")
	if err != nil {
		return nil, nil, nil, err
	}
	kind, after, err := p.expect(e.content, tagOID, "attribute type")
	if err != nil {
		return nil, nil, nil, err
	}
	set, after, err := p.expect(after, tagSet, "attribute values")
	if err != nil {
		return nil, nil, nil, err
	}
	if len(after) > 0 {
		return nil, nil, nil, malformed("%d octets after the values of attribute %s", len(after), dotted(kind.content))
	}
	return kind.content, set.content, rest, nil
}

// slot is one signed attribute that Verify looks at.
type slot struct {
	present bool
	single  bool // present once, with one value
	value   element
}

// slots are the signed attributes of a signer.
type slots struct {
	contentType, messageDigest, signingTime, essV1, essV2, protection slot
}

func (s *slots) of(oid []byte) *slot {
	switch string(oid) {
	case oidContentType:
		return &s.contentType
	case oidMessageDigest:
		return &s.messageDigest
	case oidSigningTime:
		return &s.signingTime
	case oidESSCert:
		return &s.essV1
	case oidESSCertV2:
		return &s.essV2
	case oidAlgProtection:
		return &s.protection
	}
	return nil
}

// readAttributes sorts the signed attributes into their slots. The returned
// error names what RFC 5652 §11 forbids: the same attribute twice, or other
// than one value where one is due.
func (p *parser) readAttributes(s *slots, b []byte) (trouble error) {
	var room [16][]byte
	seen := room[:0]
	for len(b) > 0 {
		oid, values, rest, err := p.attribute(b)
		if err != nil { // cannot happen after Parse
			return add(trouble, err)
		}
		b = rest
		duplicate := false
		for _, other := range seen {
			duplicate = duplicate || bytes.Equal(other, oid)
		}
		seen = append(seen, oid)
		at := s.of(oid)
		if duplicate {
			trouble = add(trouble, fmt.Errorf("%w: %s is there twice", ErrAttribute, dotted(oid)))
			if at != nil {
				at.single = false
			}
			continue
		}
		if at == nil {
			continue
		}
		at.present = true
		if len(values) > 0 {
			value, more, err := p.next(values)
			if err == nil && len(more) == 0 {
				at.single, at.value = true, value
				continue
			}
		}
		trouble = add(trouble, fmt.Errorf("%w: %s has not exactly one value", ErrAttribute, dotted(oid)))
	}
	return trouble
}

// signingTime reads a UTCTime or GeneralizedTime (RFC 5652 §11.3), in the
// loose forms that BER allows too.
func (p *parser) signingTime(e element) (time.Time, bool) {
	if t, ok := plainUTCTime(e); ok {
		return t, true
	}
	var layouts []string
	switch e.tag {
	case tagUTCTime:
		layouts = []string{"060102150405Z0700", "0601021504Z0700"}
	case tagGeneralTime:
		layouts = []string{"20060102150405Z0700", "20060102150405.999999999Z0700", "200601021504Z0700"}
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, string(e.content))
		if err != nil {
			continue
		}
		if e.tag == tagUTCTime {
			// Two digits mean 1950 to 2049; Go's pivot is 1969.
			if t.Year() >= 2050 {
				t = t.AddDate(-100, 0, 0)
			}
		}
		return t.UTC(), true
	}
	return time.Time{}, false
}

// plainUTCTime reads YYMMDDhhmmssZ, the only form that DER allows.
func plainUTCTime(e element) (time.Time, bool) {
	if e.tag != tagUTCTime || len(e.content) != 13 || e.content[12] != 'Z' {
		return time.Time{}, false
	}
	var n [6]int
	for i := range n {
		a, b := e.content[2*i]-'0', e.content[2*i+1]-'0'
		if a > 9 || b > 9 {
			return time.Time{}, false
		}
		n[i] = int(a)*10 + int(b)
	}
	year := 1900 + n[0]
	if n[0] < 50 {
		year += 100
	}
	t := time.Date(year, time.Month(n[1]), n[2], n[3], n[4], n[5], 0, time.UTC)
	ok := int(t.Month()) == n[1] && t.Day() == n[2] && t.Hour() == n[3] && t.Minute() == n[4] && t.Second() == n[5]
	return t, ok
}
