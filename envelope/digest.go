package envelope

import (
	"crypto"
)

// Digest returns the digest of the signed part, its line ends treated as
// asked. The one that the scan took is returned without reading again.
func (m *Message) Digest(h crypto.Hash, ends LineEnds) ([]byte, error) {
	if m.Signed == nil {
		return nil, &Error{Where: "message", Offset: -1, Err: ErrNotSigned}
	}
	if h == m.digest.hash && m.digest.sum != nil && m.sameBytes(ends) {
		return m.digest.sum, nil
	}
	if !h.Available() {
		return nil, errorf("digest", -1, ErrNotSigned, "digest algorithm %v is not available", h)
	}
	sum := h.New()
	w := newLineEndWriter(sum, ends)
	if err := copyThrough(w, m.Signed.WholeEntity()); err != nil {
		return nil, sourceError("signed part", m.Signed.Entity.Start, err)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

// sameBytes tells whether a treatment of line ends gives the bytes that the
// scan digested.
func (m *Message) sameBytes(ends LineEnds) bool {
	switch ends {
	case CanonicalLineEnds:
		return true
	case CollapsedLineEnds:
		return !m.digest.runs
	}
	return !m.digest.bareLF
}

// CanonicalDigest returns the digest of the part's body, as it stands in the
// message, with all line ends read as CR LF: copies of a message that are
// stored differently have the same one.
func (p *Part) CanonicalDigest(h crypto.Hash) ([]byte, error) {
	sum := h.New()
	w := newLineEndWriter(sum, CanonicalLineEnds)
	if err := copyThrough(w, p.Raw()); err != nil {
		return nil, sourceError("part", p.Entity.Start, err)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}
