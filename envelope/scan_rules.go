package envelope

import (
	"crypto"
	"fmt"
	"strings"
)

// checkHeader reports what makes two readers of the same part disagree
// (RFC 2045 §5.1 allows each parameter once).
func (s *scanner) checkHeader(p *Part) {
	if p.Header.Count("Content-Type") > 1 {
		s.found.add("duplicate-content-type", "a part states its Content-Type more than once: its structure is not followed")
	}
	if p.Type.repeated != "" {
		s.found.add("duplicate-parameter", fmt.Sprintf("Content-Type gives its parameter %q more than once", clip(p.Type.repeated)))
	}
}

// follow decides whether the children of a part are looked for, and notes its
// boundary.
func (s *scanner) follow(p *Part) bool {
	if !p.Type.IsMultipart() {
		return false
	}
	if s.signedOnly && s.root.Type.Value == "multipart/signed" {
		first := len(s.root.Parts) == 1 && p == s.root.Parts[0]
		if p != s.root && !first {
			return false
		}
	}
	if p.Header.Count("Content-Type") > 1 || p.Type.repeated != "" {
		return false
	}
	boundary, odd := p.Type.boundary()
	trimmed := strings.TrimRight(boundary, " \t")
	switch {
	case odd:
		s.found.add("boundary-ambiguous", "a boundary that programs read differently: its structure is not followed")
		return false
	case trimmed == "":
		s.found.add("no-boundary", p.Type.Value+" without a boundary: its parts cannot be told apart")
		return false
	case trimmed != boundary:
		s.found.add("boundary-ends-with-space", "a boundary ends with white space, which RFC 2046 §5.1.1 forbids: its structure is not followed")
		return false
	case len(boundary) > maxBoundary:
		s.found.add("boundary-too-long", fmt.Sprintf("a boundary of %d characters, want at most 70", len(boundary)))
		return false
	case strings.ContainsAny(boundary, "\r\n"):
		s.found.add("boundary-line-end", "a boundary holds a line end")
		return false
	case len(s.stack) >= s.opt.MaxDepth:
		s.found.add("nested-too-deep", fmt.Sprintf("multiparts nested deeper than %d are not followed", s.opt.MaxDepth))
		return false
	}
	p.boundary = boundary
	for _, outer := range s.stack {
		if outer.boundary == p.boundary {
			s.found.add("boundary-reused", "a multipart uses the boundary of the one around it: its structure is not followed")
			return false
		}
	}
	return true
}

// hashOfMicalg reads the micalg parameter, in any spelling. It is a hint: the
// digest algorithm is the signature's, which is known only after the body.
func hashOfMicalg(micalg string) crypto.Hash {
	switch micalg {
	case "sha-256", "sha256":
		return crypto.SHA256
	case "sha1", "sha-1":
		return crypto.SHA1
	}
	switch strings.ReplaceAll(strings.ToLower(strings.TrimSpace(micalg)), "-", "") {
	case "sha1":
		return crypto.SHA1
	case "sha384":
		return crypto.SHA384
	case "sha512":
		return crypto.SHA512
	}
	return crypto.SHA256
}

func isCertificationName(name string) bool {
	return strings.EqualFold(strings.TrimSpace(name), "daticert.xml")
}
func isOriginalName(name string) bool {
	return strings.EqualFold(strings.TrimSpace(name), "postacert.eml")
}
