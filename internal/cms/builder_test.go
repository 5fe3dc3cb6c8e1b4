package cms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"

	"github.com/certmail/certmail/internal/testpki"
)

// A small ASN.1 writer that can also write what it should not.

func tlv(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	out := []byte{tag}
	if len(body) < 128 {
		out = append(out, byte(len(body)))
	} else {
		out = append(out, 0x84, byte(len(body)>>24), byte(len(body)>>16), byte(len(body)>>8), byte(len(body)))
		for out[2] == 0 { // shortest form
			out = append(out[:2], out[3:]...)
			out[1]--
		}
	}
	return append(out, body...)
}

// endless writes a value of indefinite length.
func endless(tag byte, parts ...[]byte) []byte {
	return append(append([]byte{tag, 0x80}, bytes.Join(parts, nil)...), 0, 0)
}

func seq(parts ...[]byte) []byte { return tlv(0x30, parts...) }
func set(parts ...[]byte) []byte { return tlv(0x31, parts...) }
func octet(b []byte) []byte      { return tlv(0x04, b) }
func oid(arcs ...int) []byte     { return must(asn1.Marshal(asn1.ObjectIdentifier(arcs))) }
func integer(n int) []byte       { return must(asn1.Marshal(n)) }
func null() []byte               { return []byte{5, 0} }

var (
	oidData      = oid(1, 2, 840, 113549, 1, 7, 1)
	oidSigned    = oid(1, 2, 840, 113549, 1, 7, 2)
	oidCT        = oid(1, 2, 840, 113549, 1, 9, 3)
	oidMD        = oid(1, 2, 840, 113549, 1, 9, 4)
	oidTime      = oid(1, 2, 840, 113549, 1, 9, 5)
	oidESS1      = oid(1, 2, 840, 113549, 1, 9, 16, 2, 12)
	oidESS2      = oid(1, 2, 840, 113549, 1, 9, 16, 2, 47)
	oidAlgProt   = oid(1, 2, 840, 113549, 1, 9, 52)
	oidTST       = oid(1, 2, 840, 113549, 1, 9, 16, 1, 4)
	oidRSA       = oid(1, 2, 840, 113549, 1, 1, 1)
	oidRSASHA1   = oid(1, 2, 840, 113549, 1, 1, 5)
	oidRSASHA256 = oid(1, 2, 840, 113549, 1, 1, 11)
	oidRSASHA384 = oid(1, 2, 840, 113549, 1, 1, 12)
	oidRSASHA512 = oid(1, 2, 840, 113549, 1, 1, 13)
	oidPSS       = oid(1, 2, 840, 113549, 1, 1, 10)
	oidMGF1      = oid(1, 2, 840, 113549, 1, 1, 8)
	oidEC        = oid(1, 2, 840, 10045, 2, 1)
	oidECSHA256  = oid(1, 2, 840, 10045, 4, 3, 2)
	oidEd        = oid(1, 3, 101, 112)
	oidSHA1      = oid(1, 3, 14, 3, 2, 26)
	oidSHA256    = oid(2, 16, 840, 1, 101, 3, 4, 2, 1)
	oidSHA384    = oid(2, 16, 840, 1, 101, 3, 4, 2, 2)
	oidSHA512    = oid(2, 16, 840, 1, 101, 3, 4, 2, 3)
)

var digestOIDs = map[crypto.Hash][]byte{crypto.SHA1: oidSHA1, crypto.SHA256: oidSHA256, crypto.SHA384: oidSHA384, crypto.SHA512: oidSHA512}

func attr(kind []byte, values ...[]byte) []byte { return seq(kind, set(values...)) }

func utcTime(s string) []byte { return tlv(0x17, []byte(s)) }

// signer is one SignerInfo to be. The zero value of a field means the usual.
type signer struct {
	leaf      *testpki.Leaf // who signs; rsa2048
	named     *testpki.Leaf // who is said to have signed; leaf
	hash      crypto.Hash   // SHA-256
	content   []byte
	attrs     [][]byte // signed attributes in this order; the usual three, sorted
	wire      []byte   // the whole [0] element on the wire, instead
	signed    []byte   // what is signed, instead of the SET OF attributes
	noAttrs   bool
	digestAlg []byte
	sigAlg    []byte
	sid       []byte
	version   int
	pss       *rsa.PSSOptions
	signature func([]byte) []byte // edits it
	unsigned  []byte
}

func usualAttrs(h crypto.Hash, content []byte) [][]byte {
	return [][]byte{
		attr(oidCT, oidData),
		attr(oidTime, utcTime("181114120000Z")),
		attr(oidMD, octet(sum(h, content))),
	}
}

func (s signer) info() []byte {
	if s.leaf == nil {
		s.leaf = person("rsa2048")
	}
	if s.named == nil {
		s.named = s.leaf
	}
	if s.hash == 0 {
		s.hash = crypto.SHA256
	}
	if s.digestAlg == nil {
		s.digestAlg = seq(digestOIDs[s.hash])
	}
	if s.attrs == nil {
		s.attrs = usualAttrs(s.hash, s.content)
	}
	if s.sid == nil {
		s.sid = seq(s.named.Certificate.RawIssuer, must(asn1.Marshal(s.named.Certificate.SerialNumber)))
	}
	if s.version == 0 {
		s.version = 1
	}
	if s.wire == nil {
		s.wire = tlv(0xa0, s.attrs...)
	}
	if s.signed == nil {
		s.signed = set(s.attrs...)
	}
	if s.noAttrs {
		s.wire, s.signed = nil, s.content
	}
	if s.sigAlg == nil {
		switch s.leaf.Key.(type) {
		case *rsa.PrivateKey:
			s.sigAlg = seq(oidRSA, null())
		case *ecdsa.PrivateKey:
			s.sigAlg = seq(oidECSHA256)
		case ed25519.PrivateKey:
			s.sigAlg = seq(oidEd)
		}
	}
	message, options := sum(s.hash, s.signed), crypto.SignerOpts(s.hash)
	if _, ok := s.leaf.Key.(ed25519.PrivateKey); ok {
		message, options = s.signed, crypto.Hash(0)
	}
	if s.pss != nil {
		options = s.pss
	}
	signature := must(s.leaf.Key.Sign(rand.Reader, message, options))
	if s.signature != nil {
		signature = s.signature(signature)
	}
	return seq(integer(s.version), s.sid, s.digestAlg, s.wire, s.sigAlg, octet(signature), s.unsigned)
}

// signedDataDraft is what stands around the SignerInfos. The zero value of a
// field means the usual.
type signedDataDraft struct {
	infos    [][]byte
	eType    []byte
	eContent []byte   // the whole [0] element
	certs    [][]byte // the usual: those of everybody
	crls     []byte   // the whole [1] element
	tail     []byte   // after the signers
	digests  []byte   // digestAlgorithms
	ber      bool
}

func (d signedDataDraft) build() []byte {
	wrap := tlv
	if d.ber {
		wrap = endless
	}
	if d.eType == nil {
		d.eType = oidData
	}
	if d.certs == nil {
		for _, name := range everybody[:6] {
			d.certs = append(d.certs, person(name).Certificate.Raw)
		}
	}
	if d.digests == nil {
		d.digests = set(seq(oidSHA1), seq(oidSHA256), seq(oidSHA384), seq(oidSHA512))
	}
	body := wrap(0x30, integer(1), d.digests, wrap(0x30, d.eType, d.eContent), wrap(0xa0, d.certs...), d.crls, wrap(0x31, d.infos...), d.tail)
	return wrap(0x30, oidSigned, wrap(0xa0, body))
}

// detached is a SignedData of one signer.
func detached(s signer) []byte { return signedDataDraft{infos: [][]byte{s.info()}}.build() }
