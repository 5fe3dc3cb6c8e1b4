package pectest

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"slices"
)

// The signature of a message is taken apart into whole DER values, because the
// shapes wanted here are those that no library writes.

// split returns the values inside a constructed one.
func split(der []byte) ([][]byte, error) {
	var v asn1.RawValue
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		return nil, err
	}
	var out [][]byte
	for rest := v.Bytes; len(rest) > 0; {
		var member asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &member); err != nil {
			return nil, err
		}
		out = append(out, member.FullBytes)
	}
	return out, nil
}

// join puts values into one with the given identifier octet.
func join(tag byte, values ...[]byte) []byte {
	body := bytes.Join(values, nil)
	out := []byte{tag}
	switch n := len(body); {
	case n < 0x80:
		out = append(out, byte(n))
	case n < 0x100:
		out = append(out, 0x81, byte(n))
	case n < 0x10000:
		out = append(out, 0x82, byte(n>>8), byte(n))
	default:
		out = append(out, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(out, body...)
}

const (
	tagOctets   = 0x04
	tagSequence = 0x30
	tagSet      = 0x31
	tagContext0 = 0xa0
)

// The members of a SignedData and of a SignerInfo, as PEC has them (RFC 5652
// §5.1, §5.3).
const (
	sdVersion = iota
	sdDigests
	sdContent
	sdCertificates
	sdSigners
)

const (
	siVersion = iota
	siSigner
	siDigest
	siAttributes
	siAlgorithm
	siSignature
)

// cms changes the members of the SignedData.
func cms(change func(s *scene, sd [][]byte) ([][]byte, error)) bend {
	return func(s *scene, m []byte) ([]byte, error) {
		der, err := p7sOf(m)
		if err != nil {
			return nil, err
		}
		info, err := split(der)
		if err != nil || len(info) != 2 {
			return nil, fmt.Errorf("ContentInfo: %d members: %w", len(info), err)
		}
		content, err := split(info[1])
		if err != nil || len(content) != 1 {
			return nil, fmt.Errorf("content: %d members: %w", len(content), err)
		}
		sd, err := split(content[0])
		if err != nil || len(sd) != sdSigners+1 {
			return nil, fmt.Errorf("SignedData: %d members: %w", len(sd), err)
		}
		if sd, err = change(s, sd); err != nil {
			return nil, err
		}
		return withP7S(m, join(tagSequence, info[0], join(tagContext0, join(tagSequence, sd...))))
	}
}

// signerInfo changes the members of the one SignerInfo.
func signerInfo(change func(s *scene, si [][]byte) ([][]byte, error)) bend {
	return cms(func(s *scene, sd [][]byte) ([][]byte, error) {
		infos, err := split(sd[sdSigners])
		if err != nil || len(infos) != 1 {
			return nil, fmt.Errorf("signerInfos: %d members: %w", len(infos), err)
		}
		si, err := split(infos[0])
		if err != nil || len(si) != siSignature+1 {
			return nil, fmt.Errorf("SignerInfo: %d members: %w", len(si), err)
		}
		if si, err = change(s, si); err != nil {
			return nil, err
		}
		sd[sdSigners] = join(tagSet, join(tagSequence, si...))
		return sd, nil
	})
}

// p7sOf returns the signature of a message, decoded.
func p7sOf(m []byte) ([]byte, error) {
	e, err := openSigned(m)
	if err != nil {
		return nil, err
	}
	return e.SignaturePart.Bytes(1 << 20)
}

// withP7S puts another signature into a message.
func withP7S(m, der []byte) ([]byte, error) { return withP7SText(m, base64Lines(der)) }

func withP7SText(m, text []byte) ([]byte, error) {
	e, err := openSigned(m)
	if err != nil {
		return nil, err
	}
	r := e.SignaturePart.Body
	return slices.Concat(m[:r.Start], bytes.TrimSuffix(text, []byte("\r\n")), tail(m[:r.End]), m[r.End:]), nil
}

// p7sText puts any text in place of the encoded signature.
func p7sText(change func(text string) string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		der, err := p7sOf(m)
		if err != nil {
			return nil, err
		}
		return withP7SText(m, []byte(change(base64.StdEncoding.EncodeToString(der))))
	}
}

// signAgain makes the signature good for the signed part as it is now.
func signAgain(s *scene, m []byte) ([]byte, error) {
	e, err := openSigned(m)
	if err != nil {
		return nil, err
	}
	r := e.Signed.Entity
	return signerInfo(func(s *scene, si [][]byte) ([][]byte, error) {
		return si, sign(s, si, m[r.Start:r.End])
	})(s, m)
}

// hash is the one that the provider signs with.
func (s *scene) hash() crypto.Hash {
	if h := s.signer.Signer.Hash; h != 0 {
		return h
	}
	return crypto.SHA256
}

// messageDigest is the attribute's type, 1.2.840.113549.1.9.4, in DER.
const messageDigest = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"

// sign puts the digest of content into the signed attributes and signs them.
func sign(s *scene, si [][]byte, content []byte) error {
	hash := s.hash()
	sum := hash.New()
	sum.Write(content)
	attributes, err := split(si[siAttributes])
	if err != nil {
		return err
	}
	for i, a := range attributes {
		if members, err := split(a); err == nil && len(members) == 2 && string(members[0]) == messageDigest {
			attributes[i] = join(tagSequence, members[0], join(tagSet, join(tagOctets, sum.Sum(nil))))
		}
	}
	si[siAttributes] = join(tagContext0, attributes...)
	return signAttributes(s, si, hash)
}

// signAttributes signs the attributes as they are (RFC 5652 §5.4).
func signAttributes(s *scene, si [][]byte, hash crypto.Hash) error {
	attributes, err := split(si[siAttributes])
	if err != nil {
		return err
	}
	message, options := join(tagSet, attributes...), crypto.SignerOpts(crypto.Hash(0))
	key := s.signer.Signer.Key
	if _, ok := key.Public().(ed25519.PublicKey); !ok {
		sum := hash.New()
		sum.Write(message)
		message, options = sum.Sum(nil), hash
	}
	signature, err := key.Sign(nil, message, options)
	if err != nil {
		return err
	}
	si[siSignature] = join(tagOctets, signature)
	return nil
}
