// Package rsakey verifies RSA signatures under keys that are used again and
// again.
//
// crypto/rsa works out the constants of a modulus anew for every
// verification, a third of its time. A certified-mail provider signs all its
// messages with one key: a Key keeps them. The arithmetic is
// filippo.io/bigmod, the standard library's own, published.
//
// A Key can only say yes, and only where crypto/rsa would: the signature to
// the power of e is, byte for byte, the one block that RFC 8017 §8.2.2
// allows. Everything else is crypto/rsa's to judge.
package rsakey

import (
	"crypto"
	"crypto/fips140"
	"crypto/rsa"
	"crypto/subtle"

	"filippo.io/bigmod"
)

// Key is a public key prepared for many verifications. It does not change
// and is safe for concurrent use.
type Key struct {
	public  *rsa.PublicKey
	modulus *bigmod.Modulus
}

// The keys that are prepared: those that providers use, with room.
const (
	minBits  = 1024
	maxBits  = 8192
	exponent = 65537
)

// New prepares a key, which must not be modified afterwards. It returns nil
// for an unusual key and where the program runs in FIPS 140 mode, whose
// validated arithmetic must not be gone round.
func New(public *rsa.PublicKey) *Key {
	if public == nil || public.N == nil || public.N.Sign() <= 0 || public.E != exponent || public.N.Bit(0) == 0 || fips140.Enabled() {
		return nil
	}
	if bits := public.N.BitLen(); bits < minBits || bits > maxBits {
		return nil
	}
	modulus, err := bigmod.NewModulus(public.N.Bytes())
	if err != nil {
		return nil
	}
	return &Key{public, modulus}
}

// Is tells whether the Key was made from this very public key. It may be
// asked of a nil Key.
func (k *Key) Is(public *rsa.PublicKey) bool {
	return k != nil && public != nil && (k.public == public || k.public.Equal(public))
}

// Verify tells whether signature is the RSASSA-PKCS1-v1_5 signature (RFC 8017
// §8.2.2) of the digest under the key.
func (k *Key) Verify(h crypto.Hash, digest, signature []byte) bool {
	return k.holds(h, digest, signature) || rsa.VerifyPKCS1v15(k.public, h, digest, signature) == nil
}

// holds recovers the block that was signed and compares all of it with the
// one that should have been.
func (k *Key) holds(h crypto.Hash, digest, signature []byte) bool {
	var room [maxBits / 8]byte
	want := block(room[:0], k.modulus.Size(), h, digest)
	if want == nil || len(signature) != len(want) {
		return false
	}
	s, err := bigmod.NewNat().SetBytes(signature, k.modulus)
	if err != nil {
		return false // not below the modulus
	}
	got := bigmod.NewNat().ExpShortVarTime(s, exponent, k.modulus).Bytes(k.modulus)
	return subtle.ConstantTimeCompare(got, want) == 1
}

// block appends the encoded message of EMSA-PKCS1-v1_5 (RFC 8017 §9.2) to
// dst; nil for digests and lengths that have none.
func block(dst []byte, size int, h crypto.Hash, digest []byte) []byte {
	prefix := digestInfo(h)
	pad := size - 3 - len(prefix) - len(digest)
	if prefix == "" || len(digest) != h.Size() || pad < 8 {
		return nil
	}
	dst = append(dst, 0, 1)
	for range pad {
		dst = append(dst, 0xff)
	}
	dst = append(dst, 0)
	dst = append(dst, prefix...)
	return append(dst, digest...)
}

// digestInfo is the DER of a DigestInfo up to the digest (RFC 8017 §9.2,
// note 1).
func digestInfo(h crypto.Hash) string {
	switch h {
	case crypto.SHA1:
		return "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"
	case crypto.SHA256:
		return "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
	case crypto.SHA384:
		return "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
	case crypto.SHA512:
		return "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
	}
	return ""
}
