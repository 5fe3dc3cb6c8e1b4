package cms_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"testing"

	"github.com/certmail/certmail/internal/cms"
	"github.com/stretchr/testify/require"
)

var content = []byte("Content-Type: text/plain\r\n\r\nRicevuta di avvenuta consegna\r\n")

// built is a hand-built SignedData and the verdict it deserves.
type built struct {
	name string
	s    signer
	edit func(*signedDataDraft)
	want []error // none: it is fine
	// not lists what must not be blamed
	not []error
	// openssl is the reason why OpenSSL's verdict is the opposite one; empty
	// where both agree
	openssl string
	check   func(*testing.T, cms.Result)
}

func sorted(attrs ...[]byte) [][]byte {
	slices.SortFunc(attrs, bytes.Compare)
	return attrs
}

// with returns the usual attributes and more, in DER order.
func with(more ...[]byte) [][]byte {
	return sorted(append(usualAttrs(crypto.SHA256, content), more...)...)
}

func pssAlg(fields ...[]byte) []byte { return seq(oidPSS, seq(fields...)) }

func handBuilt() []built {
	sha256alg, sha1alg := seq(oidSHA256), seq(oidSHA1)
	ct, clock, md := attr(oidCT, oidData), attr(oidTime, utcTime("181114120000Z")), attr(oidMD, octet(sum(crypto.SHA256, content)))
	rsaLeaf, other := person("rsa2048"), person("other")
	essHash := func(raw []byte) []byte { h := sha256.Sum256(raw); return octet(h[:]) }
	essHash1 := func(raw []byte) []byte { h := sha1.Sum(raw); return octet(h[:]) }
	serial := func(n int) []byte { return integer(n) }
	dirName := func(name []byte) []byte { return seq(tlv(0xa4, name)) }
	leafSerial := int(rsaLeaf.Certificate.SerialNumber.Int64())
	issuer := rsaLeaf.Certificate.RawIssuer
	mgf := func(h []byte) []byte { return tlv(0xa1, seq(oidMGF1, seq(h))) }
	pss256 := pssAlg(tlv(0xa0, sha256alg), mgf(oidSHA256), tlv(0xa2, integer(32)))
	options := &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
	ess := func(p cms.Presence) func(*testing.T, cms.Result) {
		return func(t *testing.T, r cms.Result) { require.Equal(t, p, r.ESSCertificate) }
	}
	prot := func(p cms.Presence) func(*testing.T, cms.Result) {
		return func(t *testing.T, r cms.Result) { require.Equal(t, p, r.AlgorithmProtection) }
	}
	nonDER := func(t *testing.T, r cms.Result) { require.True(t, r.NonDERAttributes) }
	return []built{
		{name: "plain"},
		{name: "SHA-1", s: signer{hash: crypto.SHA1}},
		{name: "Ed25519", s: signer{leaf: person("ed25519"), hash: crypto.SHA512}, openssl: "3.0 knows no Ed25519 in CMS"},
		{name: "bare EC key OID", s: signer{leaf: person("p256"), sigAlg: seq(oidEC)}},
		{name: "rsa with SHA-256 OID", s: signer{sigAlg: seq(oidRSASHA256, null())}},
		{name: "rsa with SHA-384 OID", s: signer{hash: crypto.SHA384, sigAlg: seq(oidRSASHA384, null())}},
		{name: "rsa with SHA-512 OID", s: signer{hash: crypto.SHA512, sigAlg: seq(oidRSASHA512, null())}},
		{name: "rsa with SHA-1 OID", s: signer{hash: crypto.SHA1, sigAlg: seq(oidRSASHA1, null())}},
		{name: "rsa with SHA-1 OID of OIW", s: signer{hash: crypto.SHA1, sigAlg: seq(oid(1, 3, 14, 3, 2, 29), null())}, openssl: "it takes the OID in certificates only"},
		{name: "digest with NULL", s: signer{digestAlg: seq(oidSHA256, null())}},

		{name: "contentType missing", s: signer{attrs: [][]byte{clock, md}}, want: []error{cms.ErrContentType}, not: []error{cms.ErrSignature}},
		{name: "contentType of a time-stamp", s: signer{attrs: sorted(attr(oidCT, oidTST), clock, md)}, want: []error{cms.ErrContentType}, not: []error{cms.ErrMessageDigest}, openssl: "it does not compare the type"},
		{name: "contentType with two values", s: signer{attrs: sorted(attr(oidCT, oidData, oidTST), clock, md)}, want: []error{cms.ErrContentType, cms.ErrAttribute}},
		{name: "contentType twice", s: signer{attrs: sorted(ct, ct, clock, md)}, want: []error{cms.ErrContentType, cms.ErrAttribute}},
		{name: "contentType without value", s: signer{attrs: sorted(attr(oidCT), clock, md)}, want: []error{cms.ErrContentType, cms.ErrAttribute}},
		{name: "contentType of another ASN.1 type", s: signer{attrs: sorted(attr(oidCT, octet(oidData)), clock, md)}, want: []error{cms.ErrContentType}, openssl: "it does not compare the type"},
		{name: "messageDigest missing", s: signer{attrs: [][]byte{ct, clock}}, want: []error{cms.ErrMessageDigest}, not: []error{cms.ErrSignature}},
		{name: "messageDigest twice", s: signer{attrs: sorted(ct, clock, md, md)}, want: []error{cms.ErrMessageDigest, cms.ErrAttribute}},
		{name: "messageDigest twice, one wrong", s: signer{attrs: sorted(ct, clock, md, attr(oidMD, octet(make([]byte, 32))))}, want: []error{cms.ErrMessageDigest, cms.ErrAttribute}},
		{name: "messageDigest with two values", s: signer{attrs: sorted(ct, clock, attr(oidMD, octet(make([]byte, 32)), octet(sum(crypto.SHA256, content))))}, want: []error{cms.ErrMessageDigest, cms.ErrAttribute}},
		{name: "messageDigest empty", s: signer{attrs: sorted(ct, clock, attr(oidMD, octet(nil)))}, want: []error{cms.ErrMessageDigest}, not: []error{cms.ErrSignature}},
		{name: "messageDigest cut short", s: signer{attrs: sorted(ct, clock, attr(oidMD, octet(sum(crypto.SHA256, content)[:31])))}, want: []error{cms.ErrMessageDigest}},
		{name: "messageDigest of SHA-1", s: signer{attrs: sorted(ct, clock, attr(oidMD, octet(sum(crypto.SHA1, content))))}, want: []error{cms.ErrMessageDigest}},
		{name: "messageDigest a BIT STRING", s: signer{attrs: sorted(ct, clock, attr(oidMD, tlv(0x03, sum(crypto.SHA256, content))))}, want: []error{cms.ErrMessageDigest}},
		{name: "signingTime missing", s: signer{attrs: sorted(ct, md)}},
		{name: "signingTime twice", s: signer{attrs: sorted(ct, clock, clock, md)}, want: []error{cms.ErrAttribute}},
		{name: "signingTime with two values", s: signer{attrs: sorted(ct, attr(oidTime, utcTime("181114120000Z"), utcTime("191114120000Z")), md)}, want: []error{cms.ErrAttribute}},
		{name: "signingTime unreadable", s: signer{attrs: sorted(ct, attr(oidTime, octet([]byte("yesterday"))), md)},
			check: func(t *testing.T, r cms.Result) {
				require.True(t, r.SigningTime.IsZero())
				require.Equal(t, "signing-time-unreadable", r.Findings[0].Code)
			}},
		{name: "unknown attribute twice", s: signer{attrs: with(attr(oid(1, 2, 3), null()), attr(oid(1, 2, 3), octet(nil)))}, want: []error{cms.ErrAttribute}, openssl: "it counts the known ones only"},

		{name: "no attributes", s: signer{noAttrs: true}, want: []error{cms.ErrNoSignedAttributes}, openssl: "legal CMS, no S/MIME of PEC"},
		{name: "empty attributes", s: signer{wire: []byte{0xa0, 0}, signed: []byte{0x31, 0}}, want: []error{cms.ErrNoSignedAttributes}},
		{name: "attributes shown as content", s: signer{noAttrs: true, signed: []byte("x")}, want: []error{cms.ErrNoSignedAttributes}, openssl: "signature over the content itself"},

		{name: "attributes unsorted, signed so", s: signer{attrs: [][]byte{md, ct, clock}}, check: nonDER},
		{name: "attributes unsorted, signed sorted", s: signer{attrs: [][]byte{md, ct, clock}, signed: set(ct, clock, md)}, check: nonDER, openssl: "it tries the order received only; RFC 5652 §5.4 signs the DER"},
		{name: "attributes unsorted, others signed", s: signer{attrs: [][]byte{md, ct, clock}, signed: set(ct, md)}, want: []error{cms.ErrSignature}, check: nonDER},
		{name: "attributes endless, signed in DER", s: signer{wire: endless(0xa0, ct, clock, md)}, check: nonDER},
		{name: "attributes endless, signed so", s: signer{wire: endless(0xa0, ct, clock, md), signed: endless(0x31, ct, clock, md)}, check: nonDER, openssl: "it tries the DER only; some signers sign what they write"},
		{name: "attribute endless inside, signed in DER", s: signer{wire: tlv(0xa0, endless(0x30, oidCT, endless(0x31, oidData)), clock, md), signed: set(ct, clock, md)}, check: nonDER},
		{name: "digest in pieces, signed in DER", s: signer{
			wire: tlv(0xa0, ct, clock, attr(oidMD, endless(0x24, octet(sum(crypto.SHA256, content)[:9]), tlv(0x24, octet(sum(crypto.SHA256, content)[9:]))))), signed: set(ct, clock, md)}, check: nonDER},
		{name: "long lengths, signed in DER", s: signer{wire: append([]byte{0xa0, 0x82, 0, byte(len(ct) + len(md))}, append(bytes.Clone(ct), md...)...), signed: set(ct, md)}, check: nonDER},

		{name: "signature by another key", s: signer{leaf: other, named: rsaLeaf}, want: []error{cms.ErrSignature}, not: []error{cms.ErrMessageDigest, cms.ErrContentType}},
		{name: "signature too short", s: signer{signature: func(b []byte) []byte { return b[:255] }}, want: []error{cms.ErrSignature}},
		{name: "signature too long", s: signer{signature: func(b []byte) []byte { return append(b, 0) }}, want: []error{cms.ErrSignature}},
		{name: "signature with a zero in front", s: signer{signature: func(b []byte) []byte { return append([]byte{0}, b...) }}, want: []error{cms.ErrSignature}},
		{name: "signature empty", s: signer{signature: func([]byte) []byte { return nil }}, want: []error{cms.ErrSignature}},
		{name: "key of another kind", s: signer{sigAlg: seq(oidECSHA256)}, want: []error{cms.ErrAlgorithmMismatch}},
		{name: "key of another kind, Ed25519", s: signer{sigAlg: seq(oidEd), hash: crypto.SHA512}, want: []error{cms.ErrAlgorithmMismatch}},
		{name: "digest and signature OID differ", s: signer{sigAlg: seq(oidRSASHA1, null())}, want: []error{cms.ErrAlgorithmMismatch}, not: []error{cms.ErrMessageDigest}, openssl: "it ignores the digest in the signature OID"},
		{name: "Ed25519 with SHA-256", s: signer{leaf: person("ed25519")}, want: []error{cms.ErrAlgorithmMismatch}},
		{name: "parameters with rsaEncryption", s: signer{sigAlg: seq(oidRSA, integer(1))}, want: []error{cms.ErrUnsupportedAlgorithm}, openssl: "it ignores them"},
		{name: "unknown signature OID", s: signer{sigAlg: seq(oid(1, 2, 3, 4))}, want: []error{cms.ErrUnsupportedAlgorithm}},

		{name: "PSS", s: signer{pss: options, sigAlg: pss256}},
		{name: "PSS default parameters", s: signer{hash: crypto.SHA1, pss: &rsa.PSSOptions{SaltLength: 20, Hash: crypto.SHA1}, sigAlg: pssAlg()}},
		{name: "PSS another salt length", s: signer{pss: options, sigAlg: pssAlg(tlv(0xa0, sha256alg), mgf(oidSHA256), tlv(0xa2, integer(20)))}, want: []error{cms.ErrSignature}},
		{name: "PSS another digest", s: signer{pss: options, sigAlg: pssAlg(tlv(0xa0, sha1alg), mgf(oidSHA1), tlv(0xa2, integer(32)))}, want: []error{cms.ErrAlgorithmMismatch}},
		{name: "PSS another MGF1 digest", s: signer{pss: options, sigAlg: pssAlg(tlv(0xa0, sha256alg), tlv(0xa2, integer(32)))}, want: []error{cms.ErrUnsupportedAlgorithm}},
		{name: "PSS another mask", s: signer{pss: options, sigAlg: pssAlg(tlv(0xa0, sha256alg), tlv(0xa1, seq(oidSHA256, sha256alg)))}, want: []error{cms.ErrUnsupportedAlgorithm}},
		{name: "PSS negative salt", s: signer{pss: options, sigAlg: pssAlg(tlv(0xa0, sha256alg), mgf(oidSHA256), tlv(0xa2, integer(-1)))}, want: []error{cms.ErrUnsupportedAlgorithm}},
		{name: "PSS huge salt", s: signer{pss: options, sigAlg: pssAlg(tlv(0xa0, sha256alg), mgf(oidSHA256), tlv(0xa2, integer(1<<30)))}, want: []error{cms.ErrUnsupportedAlgorithm}},
		{name: "PSS salt above the key", s: signer{pss: options, sigAlg: pssAlg(tlv(0xa0, sha256alg), mgf(oidSHA256), tlv(0xa2, integer(32000)))}, want: []error{cms.ErrSignature}},
		{name: "PSS trailer 2", s: signer{pss: options, sigAlg: pssAlg(tlv(0xa0, sha256alg), mgf(oidSHA256), tlv(0xa2, integer(32)), tlv(0xa3, integer(2)))}, want: []error{cms.ErrUnsupportedAlgorithm}},
		{name: "PSS parameters out of order", s: signer{pss: options, sigAlg: pssAlg(mgf(oidSHA256), tlv(0xa0, sha256alg), tlv(0xa2, integer(32)))}, want: []error{cms.ErrMalformed}},
		{name: "PSS parameter twice", s: signer{pss: options, sigAlg: pssAlg(tlv(0xa0, sha256alg), tlv(0xa0, sha256alg), mgf(oidSHA256), tlv(0xa2, integer(32)))}, want: []error{cms.ErrMalformed}},
		{name: "PSS without parameters", s: signer{pss: options, sigAlg: seq(oidPSS)}, want: []error{cms.ErrMalformed}},
		{name: "PSS claimed, PKCS1 made", s: signer{sigAlg: pss256}, want: []error{cms.ErrSignature}},
		{name: "PKCS1 claimed, PSS made", s: signer{pss: options}, want: []error{cms.ErrSignature}},

		{name: "ESS v1", s: signer{attrs: with(attr(oidESS1, seq(seq(seq(essHash1(rsaLeaf.Certificate.Raw))))))}, check: ess(cms.Match)},
		{name: "ESS v1 mismatch", s: signer{attrs: with(attr(oidESS1, seq(seq(seq(essHash1(other.Certificate.Raw))))))}, want: []error{cms.ErrESSCertificate}, check: ess(cms.Mismatch), not: []error{cms.ErrSignature}, openssl: "compared with -cades only"},
		{name: "ESS v2", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(essHash(rsaLeaf.Certificate.Raw))))))}, check: ess(cms.Match)},
		{name: "ESS v2 default digest spelled out", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(sha256alg, essHash(rsaLeaf.Certificate.Raw))))))}, check: ess(cms.Match)},
		{name: "ESS v2 SHA-1", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(sha1alg, essHash1(rsaLeaf.Certificate.Raw))))))}, check: ess(cms.Match)},
		{name: "ESS v2 MD5", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(seq(oid(1, 2, 840, 113549, 2, 5)), octet(make([]byte, 16)))))))}, want: []error{cms.ErrESSCertificate, cms.ErrUnsupportedAlgorithm}, check: ess(cms.Mismatch), openssl: "compared with -cades only"},
		{name: "ESS v2 mismatch", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(essHash(other.Certificate.Raw))))))}, want: []error{cms.ErrESSCertificate}, check: ess(cms.Mismatch), openssl: "compared with -cades only"},
		{name: "ESS v2 signer second", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(essHash(other.Certificate.Raw)), seq(essHash(rsaLeaf.Certificate.Raw))))))}, want: []error{cms.ErrESSCertificate}, openssl: "compared with -cades only"},
		{name: "ESS v2 signer first, issuer second", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(essHash(rsaLeaf.Certificate.Raw)), seq(essHash(rsaLeaf.Chain[0].Raw))))))}, check: ess(cms.Match)},
		{name: "ESS v2 issuer and serial", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(essHash(rsaLeaf.Certificate.Raw), seq(dirName(issuer), serial(leafSerial)))))))}, check: ess(cms.Match)},
		{name: "ESS v2 another serial", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(essHash(rsaLeaf.Certificate.Raw), seq(dirName(issuer), serial(leafSerial+1)))))))}, want: []error{cms.ErrESSCertificate}, openssl: "compared with -cades only"},
		{name: "ESS v2 another issuer", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(essHash(rsaLeaf.Certificate.Raw), seq(dirName(rsaLeaf.Certificate.RawSubject), serial(leafSerial)))))))}, want: []error{cms.ErrESSCertificate}, openssl: "compared with -cades only"},
		{name: "ESS v2 issuer in other strings", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(essHash(rsaLeaf.Certificate.Raw), seq(dirName(utf8Name(issuer)), serial(leafSerial)))))))}, check: ess(cms.Match)},
		{name: "ESS v2 empty", s: signer{attrs: with(attr(oidESS2, seq(seq())))}, want: []error{cms.ErrESSCertificate, cms.ErrMalformed}, openssl: "compared with -cades only"},
		{name: "ESS v2 with two values", s: signer{attrs: with(attr(oidESS2, seq(seq(seq(essHash(rsaLeaf.Certificate.Raw)))), seq(seq(seq(essHash(other.Certificate.Raw))))))}, want: []error{cms.ErrESSCertificate, cms.ErrAttribute}, check: ess(cms.Mismatch)},
		{name: "ESS v1 right, v2 wrong", s: signer{attrs: with(attr(oidESS1, seq(seq(seq(essHash1(rsaLeaf.Certificate.Raw))))), attr(oidESS2, seq(seq(seq(essHash(other.Certificate.Raw))))))}, want: []error{cms.ErrESSCertificate}, check: ess(cms.Mismatch), openssl: "compared with -cades only"},
		{name: "ESS v1 wrong, v2 right", s: signer{attrs: with(attr(oidESS1, seq(seq(seq(essHash1(other.Certificate.Raw))))), attr(oidESS2, seq(seq(seq(essHash(rsaLeaf.Certificate.Raw))))))}, want: []error{cms.ErrESSCertificate}, check: ess(cms.Mismatch), openssl: "compared with -cades only"},

		{name: "protection", s: signer{attrs: with(attr(oidAlgProt, seq(sha256alg, tlv(0xa1, oidRSA, null()))))}, check: prot(cms.Match)},
		{name: "protection without NULL", s: signer{attrs: with(attr(oidAlgProt, seq(seq(oidSHA256, null()), tlv(0xa1, oidRSA))))}, check: prot(cms.Match)},
		{name: "protection, another digest", s: signer{attrs: with(attr(oidAlgProt, seq(sha1alg, tlv(0xa1, oidRSA, null()))))}, want: []error{cms.ErrAlgorithmProtection}, check: prot(cms.Mismatch), not: []error{cms.ErrSignature}, openssl: "unknown to it"},
		{name: "protection, another signature", s: signer{attrs: with(attr(oidAlgProt, seq(sha256alg, tlv(0xa1, oidRSASHA256, null()))))}, want: []error{cms.ErrAlgorithmProtection}, openssl: "unknown to it"},
		{name: "protection, other parameters", s: signer{pss: options, sigAlg: pss256, attrs: with(attr(oidAlgProt, seq(sha256alg, tlv(0xa1, oidPSS, seq()))))}, want: []error{cms.ErrAlgorithmProtection}, openssl: "unknown to it"},
		{name: "protection of a MAC", s: signer{attrs: with(attr(oidAlgProt, seq(sha256alg, tlv(0xa2, oidRSA, null()))))}, want: []error{cms.ErrAlgorithmProtection, cms.ErrMalformed}, openssl: "unknown to it"},

		{name: "BER around, attributes in DER", edit: func(d *signedDataDraft) { d.ber = true }},
		{name: "garbage certificates in the bag", edit: func(d *signedDataDraft) {
			d.certs = append([][]byte{seq([]byte{1, 2, 3}), seq(), seq(seq(integer(3))), octet([]byte("x")), tlv(0xa1, integer(1)), {0x9f, 0x51, 1, 0}}, rsaLeaf.Certificate.Raw)
		}, openssl: "one bad certificate spoils all for it"},
		{name: "key identifier", s: signer{version: 3, sid: tlv(0x80, rsaLeaf.Certificate.SubjectKeyId)}},
		{name: "serial with a zero in front", s: signer{sid: seq(issuer, tlv(2, []byte{0, byte(leafSerial)}))}, openssl: "it refuses the needless zero"},
	}
}

// utf8Name turns the PrintableStrings of a Name into UTF8Strings.
func utf8Name(name []byte) []byte {
	return bytes.ReplaceAll(name, []byte{0x13}, []byte{0x0c})
}

// TestHandBuilt: each trap in a SignedData of its own. OpenSSL is asked about
// all of them, and the table says why where its verdict is another.
func TestHandBuilt(t *testing.T) {
	o := newOracle(t)
	for _, b := range handBuilt() {
		t.Run(b.name, func(t *testing.T) {
			b.s.content = content
			d := signedDataDraft{infos: [][]byte{b.s.info()}}
			if b.edit != nil {
				b.edit(&d)
			}
			p7s := d.build()
			sd, err := cms.Parse(p7s, nil)
			require.NoError(t, err)
			require.NotNil(t, sd.CertificateOf(0))
			cert, err := x509.ParseCertificate(sd.CertificateOf(0))
			require.NoError(t, err)
			r := sd.Verify(0, cert, digester(content))
			out, opensslErr := o.verify(p7s, content, "-noverify")
			if len(b.want) == 0 {
				require.NoError(t, r.Err)
				require.True(t, r.OK())
			} else {
				require.False(t, r.OK())
				require.Error(t, r.Err)
			}
			for _, want := range b.want {
				require.ErrorIs(t, r.Err, want)
			}
			for _, not := range b.not {
				require.NotErrorIs(t, r.Err, not)
			}
			if b.check != nil {
				b.check(t, r)
			}
			require.Equal(t, b.openssl == "", (opensslErr == nil) == r.OK(), "OpenSSL (%v): %s", opensslErr, out)
			// Whatever the trap, other content is never signed.
			r = sd.Verify(0, cert, digester([]byte("other")))
			require.False(t, r.OK() || r.DigestOK)
		})
	}
}
