package cms

// SignAttached returns a SignedData (DER) that carries its content inside: a
// signed file (busta crittografica, .p7m; RFC 5652 §5.2) or, with another
// content type than id-data, a time-stamp token. In all else it is what Sign
// makes of the content's digest. The content is held in memory; nil is signed
// as empty.
func SignAttached(content []byte, s *Signing) ([]byte, error) {
	a, err := s.algorithm()
	if err != nil {
		return nil, signingError(err)
	}
	if content == nil {
		content = []byte{}
	}
	var buf [maxDigest]byte
	return s.signedData(a, digestOf(a.hash, content, &buf), content)
}
