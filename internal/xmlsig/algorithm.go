package xmlsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"

	"github.com/certmail/certmail/internal/rsakey"
	"github.com/certmail/certmail/internal/xmltree"
)

// maxDigest is the size of the largest digest.
const maxDigest = sha512.Size

// hashOf returns the digest algorithm of a URI, 0 when it is not supported.
func hashOf(uri string) crypto.Hash {
	switch uri {
	case DigestSHA256:
		return crypto.SHA256
	case DigestSHA384:
		return crypto.SHA384
	case DigestSHA512:
		return crypto.SHA512
	}
	return 0
}

// digestOf returns the digest of data in buf.
func digestOf(h crypto.Hash, data []byte, buf *[maxDigest]byte) []byte {
	switch h {
	case crypto.SHA256:
		sum := sha256.Sum256(data)
		return buf[:copy(buf[:], sum[:])]
	case crypto.SHA384:
		sum := sha512.Sum384(data)
		return buf[:copy(buf[:], sum[:])]
	case crypto.SHA512:
		sum := sha512.Sum512(data)
		return buf[:copy(buf[:], sum[:])]
	case crypto.SHA1:
		sum := sha1.Sum(data)
		return buf[:copy(buf[:], sum[:])]
	}
	return nil
}

// canonOf returns the canonical form of a URI.
func canonOf(uri string) (c xmltree.Canon, ok bool) {
	switch uri {
	case ExclusiveC14N:
		return xmltree.Canon{Exclusive: true}, true
	case C14N10:
		return xmltree.Canon{}, true
	case C14N11:
		return xmltree.Canon{Version11: true}, true
	}
	return xmltree.Canon{}, false
}

type scheme uint8

const (
	schemePKCS1 scheme = iota + 1
	schemePSS
	schemeECDSA
)

// method is a signature algorithm.
type method struct {
	scheme scheme
	hash   crypto.Hash
}

func methodOf(uri string) (m method, ok bool) {
	switch uri {
	case RSASHA256:
		return method{schemePKCS1, crypto.SHA256}, true
	case RSASHA384:
		return method{schemePKCS1, crypto.SHA384}, true
	case RSASHA512:
		return method{schemePKCS1, crypto.SHA512}, true
	case RSAPSSSHA256:
		return method{schemePSS, crypto.SHA256}, true
	case RSAPSSSHA384:
		return method{schemePSS, crypto.SHA384}, true
	case RSAPSSSHA512:
		return method{schemePSS, crypto.SHA512}, true
	case ECDSASHA256:
		return method{schemeECDSA, crypto.SHA256}, true
	case ECDSASHA384:
		return method{schemeECDSA, crypto.SHA384}, true
	case ECDSASHA512:
		return method{schemeECDSA, crypto.SHA512}, true
	}
	return method{}, false
}

// checkKey tells whether the key is of the method's kind and of a size accepted.
func (m method) checkKey(public crypto.PublicKey, minRSA int) *Error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if m.scheme != schemePKCS1 && m.scheme != schemePSS {
			break
		}
		if bits := key.N.BitLen(); bits < minRSA || bits > maxRSA {
			return fail(ErrKey, "certificate", "RSA with %d bits, %d to %d expected", bits, minRSA, maxRSA)
		}
		return nil
	case *ecdsa.PublicKey:
		if m.scheme != schemeECDSA {
			break
		}
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		}
		return fail(ErrKey, "certificate", "ECDSA on the curve %s", key.Params().Name)
	}
	return fail(ErrKey, "certificate", "a key of type %T does not fit the signature method", public)
}

// verify checks a signature over octets with a key that passed checkKey, or with
// what was prepared from it.
func (m method) verify(public, prepared crypto.PublicKey, signed, signature []byte) bool {
	var buf [maxDigest]byte
	digest := digestOf(m.hash, signed, &buf)
	switch m.scheme {
	case schemePKCS1:
		key := public.(*rsa.PublicKey)
		if fast, ok := prepared.(*rsakey.Key); ok && fast.Is(key) {
			return fast.Verify(m.hash, digest, signature)
		}
		return rsa.VerifyPKCS1v15(key, m.hash, digest, signature) == nil
	case schemePSS:
		// RFC 9231 §2.3.10: the salt is as long as the digest.
		options := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return rsa.VerifyPSS(public.(*rsa.PublicKey), m.hash, digest, signature, &options) == nil
	case schemeECDSA:
		// XMLDSig §6.4.3: r and s side by side, each as wide as the order.
		key := public.(*ecdsa.PublicKey)
		width := (key.Params().N.BitLen() + 7) / 8
		if len(signature) != 2*width {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:width]), new(big.Int).SetBytes(signature[width:])
		return ecdsa.Verify(key, digest, r, s)
	}
	return false
}
