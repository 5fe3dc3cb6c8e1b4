package tsp

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // imprints of old tokens
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/asn1"
	"fmt"
	"io"
)

// The digest algorithms of imprints; SHA-1 only where Query.AllowWeak says so.
var hashes = [...]struct {
	hash crypto.Hash
	oid  asn1.ObjectIdentifier
}{
	{crypto.SHA256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}},
	{crypto.SHA384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}},
	{crypto.SHA512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}},
	{crypto.SHA1, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}},
}

// hashOf returns the algorithm of an OID, 0 when it is not one of ours.
func hashOf(oid asn1.ObjectIdentifier) crypto.Hash {
	for i := range hashes {
		if hashes[i].oid.Equal(oid) {
			return hashes[i].hash
		}
	}
	return 0
}

// oidOf returns nil for an algorithm that is not one of ours.
func oidOf(h crypto.Hash) asn1.ObjectIdentifier {
	for i := range hashes {
		if hashes[i].hash == h {
			return hashes[i].oid
		}
	}
	return nil
}

// An ImprintFunc returns the digest of the data that a token should be over,
// by the algorithm of the token. Verify calls it once, and only for an
// algorithm that it accepts.
type ImprintFunc = func(h crypto.Hash) ([]byte, error)

// OfData is the imprint of data in memory.
func OfData(data []byte) ImprintFunc {
	return func(h crypto.Hash) ([]byte, error) { return OfReader(bytes.NewReader(data))(h) }
}

// OfDigest is an imprint that was computed before. A token that uses another
// algorithm cannot be compared with it, which is an ErrAlgorithm.
func OfDigest(digest []byte, h crypto.Hash) ImprintFunc {
	return func(want crypto.Hash) ([]byte, error) {
		if want != h {
			return nil, fmt.Errorf("%w: the imprint at hand is by %v, the token's by %v", ErrAlgorithm, h, want)
		}
		return digest, nil
	}
}

// OfReader is the imprint of what r gives up to its end. It can be asked only
// once, and reads with a small buffer whatever the size.
func OfReader(r io.Reader) ImprintFunc {
	return func(h crypto.Hash) ([]byte, error) {
		if oidOf(h) == nil {
			return nil, fmt.Errorf("%w: %v", ErrAlgorithm, h)
		}
		hash := h.New()
		if _, err := io.Copy(hash, r); err != nil {
			return nil, err
		}
		return hash.Sum(nil), nil
	}
}
