package cms

import (
	"bytes"
	"slices"
)

// isDER reports whether the values in b are encoded as DER wants: shortest
// definite lengths, strings in one piece, SET OF in ascending order.
func isDER(b []byte, set bool, depth int) bool {
	if depth <= 0 {
		return false
	}
	var last []byte
	for len(b) > 0 {
		n, length, indefinite, minimal, err := header(b)
		if err != nil || indefinite || !minimal {
			return false
		}
		total := n + length
		if set && last != nil && bytes.Compare(last, b[:total]) > 0 {
			return false
		}
		last = b[:total]
		if b[0]&constructed != 0 {
			if stringType(b[0]) != 0 || !isDER(b[n:total], b[0] == tagSet, depth-1) {
				return false
			}
		}
		b = b[total:]
	}
	return true
}

// toDER appends the DER encoding of the values in b to dst; set tells that
// they are the members of a SET OF, to be put in ascending order.
func (p *parser) toDER(dst, b []byte, set bool, depth int) ([]byte, error) {
	if depth <= 0 {
		return nil, ErrTooDeep
	}
	start := len(dst)
	var ends []int // of each member, in dst
	for len(b) > 0 {
		e, rest, err := p.next(b)
		if err != nil {
			return nil, err
		}
		b = rest
		if e.tag&0x1f == 0x1f {
			return nil, malformed("tag number above 30")
		}
		tag, content := e.tag, e.content
		if tag&constructed != 0 {
			if own := stringType(tag); own != 0 {
				tag = own
				content, err = joinStrings(e.content, own, depth)
			} else {
				content, err = p.toDER(make([]byte, 0, len(e.content)), e.content, tag == tagSet, depth-1)
			}
			if err != nil {
				return nil, err
			}
		}
		dst = appendTLV(dst, tag, content)
		if set {
			ends = append(ends, len(dst))
		}
	}
	if set && len(ends) > 1 {
		sortMembers(dst, start, ends)
	}
	return dst, nil
}

// sortMembers puts the members of a SET OF, which lie in dst from start on,
// into ascending order of their encodings (X.690 §11.6).
func sortMembers(dst []byte, start int, ends []int) {
	members := make([][]byte, len(ends))
	copied := bytes.Clone(dst[start:])
	at := 0
	for i, end := range ends {
		members[i] = copied[at : end-start]
		at = end - start
	}
	slices.SortFunc(members, bytes.Compare)
	out := dst[:start]
	for _, m := range members {
		out = append(out, m...)
	}
}

// stringType returns the primitive identifier of a universal string type in
// constructed encoding, 0 for any other identifier. BIT STRINGs stay out: their
// pieces cannot simply be joined, and no attribute of ours uses them.
func stringType(tag byte) byte {
	switch tag &^ constructed {
	case 0x04, 0x0c, 0x12, 0x13, 0x14, 0x15, 0x16, 0x1a, 0x1b, 0x1c, 0x1e:
		return tag &^ constructed
	case tagUTCTime, tagGeneralTime:
		return tag &^ constructed
	}
	return 0
}

// appendTLV appends one value with a definite length in the shortest form.
func appendTLV(dst []byte, tag byte, content []byte) []byte {
	dst = append(dst, tag)
	switch n := len(content); {
	case n < 0x80:
		dst = append(dst, byte(n))
	case n < 1<<8:
		dst = append(dst, 0x81, byte(n))
	case n < 1<<16:
		dst = append(dst, 0x82, byte(n>>8), byte(n))
	case n < 1<<24:
		dst = append(dst, 0x83, byte(n>>16), byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, content...)
}
