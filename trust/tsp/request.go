package tsp

import (
	"crypto"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// Request is a TimeStampReq (RFC 3161 §2.4.1).
type Request struct {
	// HashAlgorithm and Imprint are the digest of the data. A parsed request
	// with an algorithm that is not supported has 0 here; see HashOID.
	HashAlgorithm crypto.Hash
	Imprint       []byte
	// HashOID is set by ParseRequest, dotted.
	HashOID string
	// Policy that is wanted, dotted; any when empty.
	Policy string
	// Nonce, if not nil, comes back in the token; see NewNonce.
	Nonce *big.Int
	// Certificate asks for the signer's certificate in the token.
	Certificate bool
	// Extensions are read, not written.
	Extensions []Extension
}

// NewNonce takes 64 bits from random (crypto/rand.Reader, say); a nonce is
// never zero.
func NewNonce(random io.Reader) (*big.Int, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return nil, &Error{Part: "nonce", Err: fmt.Errorf("%w: %w", ErrRequest, err)}
	}
	n := new(big.Int).SetBytes(b[:])
	if n.Sign() == 0 {
		n.SetUint64(1)
	}
	return n, nil
}

// Marshal writes the request in DER.
func (r *Request) Marshal() ([]byte, error) {
	oid := oidOf(r.HashAlgorithm)
	if oid == nil || len(r.Imprint) != r.HashAlgorithm.Size() {
		return nil, partError("request", ErrRequest, "imprint of %d octets by %v", len(r.Imprint), r.HashAlgorithm)
	}
	var policy asn1.ObjectIdentifier
	if r.Policy != "" {
		var err error
		if policy, err = parseOID(r.Policy); err != nil {
			return nil, partError("request", ErrRequest, "policy: %w", err)
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oid)
				b.AddASN1NULL()
			})
			b.AddASN1OctetString(r.Imprint)
		})
		if policy != nil {
			b.AddASN1ObjectIdentifier(policy)
		}
		if r.Nonce != nil {
			b.AddASN1BigInt(r.Nonce)
		}
		if r.Certificate {
			b.AddASN1Boolean(true)
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, partError("request", ErrRequest, "%w", err)
	}
	return der, nil
}

// ParseRequest reads a request, as an authority does.
func ParseRequest(der []byte) (*Request, error) {
	const limit = 16 << 10
	if len(der) > limit {
		return nil, partError("request", ErrTooLarge, "%d octets, at most %d", len(der), limit)
	}
	r := &Request{}
	if err := r.parse(der); err != nil {
		return nil, &Error{Part: "request", Err: err}
	}
	return r, nil
}

func (r *Request) parse(in cryptobyte.String) error {
	var body cryptobyte.String
	var version uint
	if !in.ReadASN1(&body, tag.SEQUENCE) || !in.Empty() || !body.ReadASN1Integer(&version) {
		return field("version")
	}
	if version != 1 {
		return fmt.Errorf("%w: version %d, want 1", ErrMalformed, version)
	}
	if err := readImprint(&body, &r.HashAlgorithm, &r.HashOID, &r.Imprint); err != nil {
		return err
	}
	if body.PeekASN1Tag(tag.OBJECT_IDENTIFIER) {
		var policy asn1.ObjectIdentifier
		if !body.ReadASN1ObjectIdentifier(&policy) {
			return field("reqPolicy")
		}
		r.Policy = policy.String()
	}
	if body.PeekASN1Tag(tag.INTEGER) {
		if r.Nonce = readInteger(&body); r.Nonce == nil {
			return field("nonce")
		}
	}
	if !readFlag(&body, &r.Certificate) {
		return field("certReq")
	}
	if kind := tag.Tag(0).ContextSpecific().Constructed(); body.PeekASN1Tag(kind) {
		var list cryptobyte.String
		var err error
		if !body.ReadASN1(&list, kind) {
			return field("extensions")
		}
		if r.Extensions, err = readExtensions(list); err != nil {
			return err
		}
	}
	if !body.Empty() {
		return fmt.Errorf("%w: octets after the last field", ErrMalformed)
	}
	return nil
}

// parseOID reads a dotted object identifier.
func parseOID(dotted string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for _, arc := range strings.Split(dotted, ".") {
		n, err := strconv.ParseUint(arc, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%q is not an object identifier", dotted)
		}
		oid = append(oid, int(n))
	}
	if len(oid) < 2 || oid[0] > 2 || oid[0] < 2 && oid[1] > 39 {
		return nil, fmt.Errorf("%q is not an object identifier", dotted)
	}
	return oid, nil
}
