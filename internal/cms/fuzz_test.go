package cms_test

import (
	"bytes"
	"crypto"
	"testing"

	"github.com/certmail/certmail/internal/cms"
)

func seeds(f *testing.F) {
	for _, b := range handBuilt() {
		if b.s.content = content; b.s.leaf == nil {
			f.Add(signedDataDraft{infos: [][]byte{b.s.info()}, certs: [][]byte{rsaCert().Raw}, ber: len(b.name)%2 == 0}.build())
		}
	}
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 100))
	f.Add(signedDataDraft{infos: [][]byte{signer{}.info()}, eContent: endless(0xa0, endless(0x24, octet([]byte("a")), endless(0x24, octet([]byte("b")))))}.build())
}

// FuzzParse: no panic, ranges within the input, limits kept, and nothing that
// encoding/asn1 reads is refused or read in another way.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		lim := &cms.Limits{Size: 64 << 10}
		before := bytes.Clone(b)
		sd, err := cms.Parse(b, lim)
		_, _ = cms.Decode(b, lim)
		_, reference, strictErr := strict(b)
		if err != nil {
			if sd != nil {
				t.Fatal("SignedData beside an error")
			}
			return
		}
		if len(sd.Signers) == 0 || len(sd.Signers) > 16 || len(sd.Certificates) > 64 || sd.TrailingBytes >= len(b) {
			t.Fatal("limits")
		}
		total := len(sd.Content)
		for i, si := range sd.Signers {
			total += len(si.RawSignedAttributes) + len(si.Signature) + len(si.RawUnsignedAttributes)
			if (si.Issuer == nil) == (si.SubjectKeyID == nil) {
				t.Fatal("signer named twice or not at all")
			}
			cert := sd.CertificateOf(i)
			if candidates := sd.CandidatesOf(i); (cert == nil) != (len(candidates) == 0) {
				t.Fatal("candidates")
			}
			if r := sd.Verify(i, nil, digester(content)); r.OK() || r.SignatureOK || r.Err == nil {
				t.Fatal("verified without a certificate")
			}
		}
		if total > len(b) {
			t.Fatal("more came out than went in")
		}
		if !bytes.Equal(b, before) {
			t.Fatal("input changed")
		}
		if strictErr == nil {
			sameAsStrict(t, sd, reference)
		}
	})
}

func sameAsStrict(t *testing.T, sd *cms.SignedData, reference strictSignedData) {
	if len(sd.Signers) != len(reference.Signers) || sd.EContentType != reference.Encap.Type.String() {
		t.Fatalf("encoding/asn1 reads %d signers of %v", len(reference.Signers), reference.Encap.Type)
	}
	for i, want := range reference.Signers {
		got := sd.Signers[i]
		if got.DigestOID != want.Digest.Algorithm.String() || got.SignatureOID != want.Signature.Algorithm.String() ||
			!bytes.Equal(got.Signature, want.Value) || !bytes.Equal(got.RawSignedAttributes, want.Attributes.FullBytes) ||
			!bytes.Equal(got.Issuer, want.SID.Issuer.FullBytes) {
			t.Fatalf("encoding/asn1 reads signer %d in another way", i)
		}
	}
}

// FuzzVerify: whatever is made of a good signature, it never signs other
// content; and what verifies carries the digest that was signed.
func FuzzVerify(f *testing.F) {
	seeds(f)
	cert := rsaCert()
	f.Fuzz(func(t *testing.T, b []byte) {
		sd, err := cms.Parse(b, &cms.Limits{Size: 64 << 10})
		if err != nil {
			return
		}
		for i := range sd.Signers {
			if r := sd.Verify(i, cert, digester([]byte("never signed by anybody"))); r.OK() || r.DigestOK && r.SignatureOK {
				t.Fatal("forged")
			}
			r := sd.Verify(i, cert, digester(content))
			if r.OK() != (r.Err == nil) {
				t.Fatalf("OK %v, error %v", r.OK(), r.Err)
			}
			if r.OK() && (r.Digest == 0 || !bytes.Equal(r.MessageDigest, sum(r.Digest, content))) {
				t.Fatal("another digest")
			}
			if r.SignatureOK && r.Digest == crypto.Hash(0) {
				t.Fatal("signature without digest")
			}
		}
	})
}
