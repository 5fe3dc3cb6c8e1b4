package tsptest

import (
	"crypto"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/trust/tsp"
	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	typeTSTInfo      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	typeData         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSigningCertV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidQCStatements  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}
	oidEuQCompliance = asn1.ObjectIdentifier{0, 4, 0, 19422, 1, 1}
	oidUnheardOf     = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 16572, 99, 1}
	digestAlgorithms = map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA1:   {1, 3, 14, 3, 2, 26},
		crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
		crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2},
		crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
	}
)

// token makes a token for a request that is granted.
func (a *Authority) token(req *tsp.Request) ([]byte, error) {
	at := a.config.Clock().UTC().Truncate(time.Millisecond)
	imprint, hash, nonce, policy := req.Imprint, req.HashAlgorithm, req.Nonce, a.config.Policy
	switch a.config.Fault {
	case WrongImprint:
		imprint = slices.Clone(imprint)
		imprint[len(imprint)-1] ^= 1
	case OtherToken:
		sum := sha256.Sum256([]byte("another document"))
		imprint, hash, nonce, at = sum[:], crypto.SHA256, nil, at.Add(-time.Hour)
	case OtherNonce:
		if nonce != nil {
			nonce = new(big.Int).Add(nonce, big.NewInt(1))
		}
	case OtherPolicy:
		policy += ".7"
	case ClockAhead:
		at = at.Add(time.Hour)
	case ClockBehind:
		at = at.Add(-time.Hour)
	}
	info, err := a.info(imprint, hash, nonce, policy, at)
	if err != nil {
		return nil, err
	}
	signing := &cms.Signing{Key: a.key, Certificate: a.signer, Hash: a.config.Hash, SigningTime: at, ContentType: typeTSTInfo}
	if a.config.Fault == NotTSTInfo {
		signing.ContentType = typeData
	}
	if a.config.Fault != NoSigningCertificate {
		value, err := a.signingCertificate()
		if err != nil {
			return nil, err
		}
		signing.Attributes = []cms.Attribute{{Type: oidSigningCertV2, Value: value}}
	}
	token, err := cms.SignAttached(info, signing)
	if err != nil {
		return nil, err
	}
	if a.config.Fault == BadSignature {
		token[len(token)-1] ^= 1 // it ends with the signature
	}
	bag := a.bag
	if !req.Certificate {
		bag = nil
	}
	return withCertificates(token, bag)
}

// info writes the TSTInfo (RFC 3161 §2.4.2).
func (a *Authority) info(imprint []byte, h crypto.Hash, nonce *big.Int, policy string, at time.Time) ([]byte, error) {
	policyOID, err := parseOID(policy)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(policyOID)
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			addAlgorithm(b, h)
			b.AddASN1OctetString(imprint)
		})
		b.AddASN1BigInt(a.serial(imprint, nonce, at))
		b.AddASN1(tag.GeneralizedTime, func(b *cryptobyte.Builder) {
			b.AddBytes([]byte(at.Format("20060102150405.999") + "Z"))
		})
		if a.config.Accuracy != 0 {
			addAccuracy(b, a.config.Accuracy)
		}
		if nonce != nil {
			b.AddASN1BigInt(nonce)
		}
		b.AddASN1(tag.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { // tsa
			b.AddASN1(tag.Tag(4).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(a.signer.RawSubject) })
		})
		if a.config.Qualified || a.config.Fault == CriticalExtension {
			b.AddASN1(tag.Tag(1).ContextSpecific().Constructed(), a.addExtensions)
		}
	})
	return b.Bytes()
}

// serial follows from what is stamped and when, so that the order in which an
// authority is asked changes nothing.
func (a *Authority) serial(imprint []byte, nonce *big.Int, at time.Time) *big.Int {
	h := sha256.New()
	var number [8]byte
	for _, n := range [2]uint64{a.config.Seed, uint64(at.UnixNano())} {
		binary.BigEndian.PutUint64(number[:], n)
		h.Write(number[:])
	}
	h.Write(imprint)
	if nonce != nil {
		h.Write(nonce.Bytes())
	}
	return new(big.Int).SetBytes(h.Sum(nil)[:16])
}

func addAlgorithm(b *cryptobyte.Builder, h crypto.Hash) {
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(digestAlgorithms[h])
		b.AddASN1NULL()
	})
}

func addAccuracy(b *cryptobyte.Builder, d time.Duration) {
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		if s := d / time.Second; s > 0 {
			b.AddASN1Int64(int64(s))
		}
		for i, unit := range [2]time.Duration{time.Millisecond, time.Microsecond} {
			if n := d / unit % 1000; n > 0 {
				b.AddASN1Int64WithTag(int64(n), tag.Tag(i).ContextSpecific())
			}
		}
	})
}

func (a *Authority) addExtensions(b *cryptobyte.Builder) {
	if a.config.Qualified {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidQCStatements)
			b.AddASN1(tag.OCTET_STRING, func(b *cryptobyte.Builder) {
				b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidEuQCompliance) })
				})
			})
		})
	}
	if a.config.Fault == CriticalExtension {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidUnheardOf)
			b.AddASN1Boolean(true)
			b.AddASN1(tag.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1NULL() })
		})
	}
}

// signingCertificate writes SigningCertificateV2 (RFC 5035 §3, RFC 5816) with
// digest, issuer and serial number.
func (a *Authority) signingCertificate() ([]byte, error) {
	sum := sha256.Sum256(a.named.Raw)
	serial := a.named.SerialNumber
	if a.config.Fault == OtherIssuerSerial {
		serial = new(big.Int).Add(serial, big.NewInt(1))
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { // SigningCertificateV2
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { // certs
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { // ESSCertIDv2, SHA-256 by default
				b.AddASN1OctetString(sum[:])
				b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { // issuerSerial
					b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(tag.Tag(4).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(a.named.RawIssuer) })
					})
					b.AddASN1BigInt(serial)
				})
			})
		})
	})
	return b.Bytes()
}

// response wraps a token, or the lack of one (RFC 3161 §2.4.2).
func response(status tsp.Status, failures []tsp.Failure, text string, token []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(int64(status))
			if text != "" {
				b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(tag.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
				})
			}
			if len(failures) > 0 {
				bits := make([]byte, slices.Max(failures)/8+1)
				for _, f := range failures {
					bits[f/8] |= 0x80 >> (f % 8)
				}
				last := bits[len(bits)-1]
				unused := 0
				for ; last&1 == 0; last >>= 1 {
					unused++
				}
				b.AddASN1(tag.BIT_STRING, func(b *cryptobyte.Builder) {
					b.AddUint8(uint8(unused))
					b.AddBytes(bits)
				})
			}
		})
		b.AddBytes(token)
	})
	return b.Bytes()
}

// withCertificates puts another list of certificates into a token, in this
// order, which no signature is over.
func withCertificates(token []byte, bag [][]byte) ([]byte, error) {
	in := cryptobyte.String(token)
	explicit := tag.Tag(0).ContextSpecific().Constructed()
	var info, content, signed, version, digests, encap, certs, signers cryptobyte.String
	var kind asn1.ObjectIdentifier
	if !in.ReadASN1(&info, tag.SEQUENCE) || !info.ReadASN1ObjectIdentifier(&kind) || !info.ReadASN1(&content, explicit) ||
		!content.ReadASN1(&signed, tag.SEQUENCE) || !signed.ReadASN1Element(&version, tag.INTEGER) ||
		!signed.ReadASN1Element(&digests, tag.SET) || !signed.ReadASN1Element(&encap, tag.SEQUENCE) ||
		!signed.ReadASN1(&certs, explicit) || !signed.ReadASN1Element(&signers, tag.SET) {
		return nil, fmt.Errorf("tsptest: a token of another form than expected")
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(kind)
		b.AddASN1(explicit, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(version)
				b.AddBytes(digests)
				b.AddBytes(encap)
				if len(bag) > 0 {
					b.AddASN1(explicit, func(b *cryptobyte.Builder) {
						for _, c := range bag {
							b.AddBytes(c)
						}
					})
				}
				b.AddBytes(signers)
			})
		})
	})
	return b.Bytes()
}

func parseOID(dotted string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for _, arc := range strings.Split(dotted, ".") {
		n, err := strconv.Atoi(arc)
		if err != nil {
			return nil, fmt.Errorf("tsptest: policy %q is not an object identifier", dotted)
		}
		oid = append(oid, n)
	}
	return oid, nil
}
