package cms

import (
	"fmt"
	"math"
)

// ASN.1 identifier octets that SignedData needs.
const (
	tagBoolean     = 0x01
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagNull        = 0x05
	tagOID         = 0x06
	tagUTCTime     = 0x17
	tagGeneralTime = 0x18
	tagSequence    = 0x30
	tagSet         = 0x31
	tagContext0    = 0x80
	constructed    = 0x20
	tagExplicit0   = tagContext0 | constructed
	tagExplicit1   = tagExplicit0 + 1
	tagExplicit2   = tagExplicit0 + 2
	tagExplicit3   = tagExplicit0 + 3
	tagExplicit4   = tagExplicit0 + 4
)

// element is one BER value. raw and content are ranges of the input.
type element struct {
	tag        byte
	indefinite bool
	raw        []byte // the whole value: identifier, length, content, end-of-contents
	content    []byte
}

// parser reads BER values one after the other. It never recurses on nested
// values: the grammar of SignedData has a fixed depth, and the end of a value
// of indefinite length is found by counting.
type parser struct {
	lim Limits
	ber bool // something that is not DER was met
}

// next reads the first value of b.
func (p *parser) next(b []byte) (element, []byte, error) {
	n, length, indefinite, minimal, err := header(b)
	if err != nil {
		return element{}, nil, err
	}
	if !minimal {
		p.ber = true
	}
	e := element{tag: b[0], indefinite: indefinite}
	total := n + length
	if indefinite {
		size, err := indefiniteSize(b[n:], p.lim.Depth)
		if err != nil {
			return element{}, nil, err
		}
		total = n + size
		e.content = b[n : total-2 : total-2]
	} else {
		e.content = b[n:total:total]
	}
	e.raw = b[:total:total]
	return e, b[total:], nil
}

// Value reads the first BER value of b, for callers whose structure has a
// SignedData inside. lim may be nil; only its depth counts.
func Value(b []byte, lim *Limits) (tag byte, content, rest []byte, err error) {
	p := parser{lim: lim.orDefaults()}
	e, rest, err := p.next(b)
	if err != nil {
		return 0, nil, nil, &Error{Part: "value", Err: err}
	}
	return e.tag, e.content, rest, nil
}

// expect reads the first value of b, which must have the given identifier.
func (p *parser) expect(b []byte, tag byte, what string) (element, []byte, error) {
	if len(b) == 0 {
		return element{}, nil, malformed("%s is missing", what)
	}
	e, rest, err := p.next(b)
	if err != nil {
		return e, nil, fmt.Errorf("%s: %w", what, err)
	}
	if e.tag != tag {
		return e, nil, malformed("%s: identifier %#02x, want %#02x", what, e.tag, tag)
	}
	return e, rest, nil
}

// header reads identifier and length octets: their size n, the length of the
// content, and whether the length is in the shortest form (as DER wants).
func header(b []byte) (n, length int, indefinite, minimal bool, err error) {
	if len(b) < 2 {
		return 0, 0, false, false, ErrTruncated
	}
	n = 1
	if b[0]&0x1f == 0x1f { // a tag number above 30: nothing in CMS, skipped whole
		for n < len(b) && b[n]&0x80 != 0 {
			n++
		}
		if n++; n > 6 {
			return 0, 0, false, false, malformed("tag number out of range")
		}
		if n >= len(b) {
			return 0, 0, false, false, ErrTruncated
		}
	}
	first := b[n]
	n++
	switch {
	case first < 0x80:
		length, minimal = int(first), true
	case first == 0x80:
		if b[0]&constructed == 0 {
			return 0, 0, false, false, malformed("indefinite length of a primitive value")
		}
		return n, 0, true, false, nil
	default:
		size := int(first & 0x7f)
		if size > 8 {
			return 0, 0, false, false, malformed("length of %d octets", size)
		}
		if n+size > len(b) {
			return 0, 0, false, false, ErrTruncated
		}
		var value uint64
		for _, c := range b[n : n+size] {
			value = value<<8 | uint64(c)
		}
		minimal = b[n] != 0 && value >= 0x80
		n += size
		if value > math.MaxInt32 {
			return 0, 0, false, false, ErrTruncated
		}
		length = int(value)
	}
	if length > len(b)-n {
		return 0, 0, false, false, ErrTruncated
	}
	return n, length, false, minimal, nil
}

// indefiniteSize returns the size of the content of a value of indefinite
// length, its end-of-contents octets included.
func indefiniteSize(b []byte, depth int) (int, error) {
	for i, open := 0, 1; ; {
		if len(b)-i < 2 {
			return 0, ErrTruncated
		}
		if b[i] == 0 {
			if b[i+1] != 0 {
				return 0, malformed("end-of-contents octets")
			}
			i += 2
			if open--; open == 0 {
				return i, nil
			}
			continue
		}
		n, length, indefinite, _, err := header(b[i:])
		if err != nil {
			return 0, err
		}
		if indefinite {
			if open++; open > depth {
				return 0, ErrTooDeep
			}
		}
		i += n + length
	}
}

// octets returns the value of an OCTET STRING, joined when it comes in pieces.
func (p *parser) octets(e element) ([]byte, error) {
	if e.tag&constructed == 0 {
		return e.content, nil
	}
	p.ber = true
	return joinStrings(e.content, tagOctetString, p.lim.Depth)
}

// joinStrings joins the pieces of a string in constructed encoding, nested to
// any depth up to the limit. Pieces are OCTET STRINGs or of the string's own
// type (X.690 §8.7.3, §8.23).
func joinStrings(b []byte, own byte, depth int) ([]byte, error) {
	type level struct {
		end        int
		indefinite bool
	}
	out := make([]byte, 0, len(b))
	open := append(make([]level, 0, 8), level{end: len(b)})
	for i := 0; ; {
		top := open[len(open)-1]
		if top.indefinite && top.end-i >= 2 && b[i] == 0 && b[i+1] == 0 {
			i += 2
			open = open[:len(open)-1]
			continue
		}
		if i == top.end {
			if top.indefinite {
				return nil, ErrTruncated
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return out, nil
			}
			continue
		}
		n, length, indefinite, _, err := header(b[i:top.end])
		if err != nil {
			return nil, err
		}
		tag := b[i]
		if kind := tag &^ constructed; kind != tagOctetString && kind != own {
			return nil, malformed("identifier %#02x inside a string", tag)
		}
		i += n
		switch {
		case tag&constructed == 0:
			out = append(out, b[i:i+length]...)
			i += length
		case len(open) >= depth:
			return nil, ErrTooDeep
		case indefinite:
			open = append(open, level{end: top.end, indefinite: true})
		default:
			open = append(open, level{end: i + length})
		}
	}
}
