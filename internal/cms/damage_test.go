package cms_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"testing"

	"github.com/certmail/certmail/internal/cms"
	"github.com/stretchr/testify/require"
)

// damaged calls f with every value that differs from b in one octet (three
// ways) or is cut short inside its outer SEQUENCE.
func damaged(b []byte, f func([]byte)) {
	for i := range b {
		for _, x := range []byte{0x01, 0x20, 0x80} {
			c := bytes.Clone(b)
			c[i] ^= x
			f(c)
		}
	}
	for n := range len(b) - 2 {
		f(seq(b[2 : 2+n]))
	}
}

// TestDamagedAttributes: a signing-certificate or a
// CMSAlgorithmProtection that is not exactly right is a mismatch, although the
// signature over it is good.
func TestDamagedAttributes(t *testing.T) {
	leaf := person("p256")
	cert := leaf.Certificate
	names := seq(tlv(0x82, []byte("alfa.example")), tlv(0xa4, cert.RawIssuer))
	full := func(h crypto.Hash, algorithm []byte) []byte {
		id := seq(algorithm, octet(sum(h, cert.Raw)), seq(names, integer(int(cert.SerialNumber.Int64()))))
		return seq(seq(id))
	}
	for name, c := range map[string]struct {
		kind, value []byte
		want        error
	}{
		"ESS v1":     {oidESS1, full(crypto.SHA1, nil), cms.ErrESSCertificate},
		"ESS v2":     {oidESS2, full(crypto.SHA256, nil), cms.ErrESSCertificate},
		"ESS v2 384": {oidESS2, full(crypto.SHA384, seq(oidSHA384)), cms.ErrESSCertificate},
		"protection": {oidAlgProt, seq(seq(oidSHA256), tlv(0xa1, oidECSHA256)), cms.ErrAlgorithmProtection},
	} {
		verify := func(value []byte) (cms.Result, error) {
			s := signer{leaf: leaf, content: content, attrs: with(attr(c.kind, value))}
			sd, err := cms.Parse(signedDataDraft{infos: [][]byte{s.info()}, certs: [][]byte{cert.Raw}}.build(), nil)
			if err != nil {
				return cms.Result{}, err
			}
			return sd.Verify(0, cert, digester(content)), nil
		}
		r, err := verify(c.value)
		require.NoError(t, err)
		require.True(t, r.OK(), "%s: %v", name, r.Err)
		// Other names than directoryName are nobody's business, and the text
		// of an issuer is what counts, not its string type.
		exempt := bytes.Index(c.value, names)
		damaged(c.value, func(value []byte) {
			r, err := verify(value)
			require.NoError(t, err)
			require.True(t, r.SignatureOK)
			if r.OK() {
				at := firstDifference(c.value, value)
				inNames := exempt >= 0 && at >= exempt && at < exempt+len(names)
				require.True(t, inNames, "%s: octet %d of %x", name, at, value)
				return
			}
			require.ErrorIs(t, r.Err, c.want, "%s: %x", name, value)
		})
	}
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// TestDamagedPSSParameters: whatever the parameters say, only the right ones
// verify.
func TestDamagedPSSParameters(t *testing.T) {
	leaf := person("rsa1024")
	s := signer{leaf: leaf, content: content, pss: &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}}
	params := seq(tlv(0xa0, seq(oidSHA256)), tlv(0xa1, seq(oidMGF1, seq(oidSHA256))), tlv(0xa2, integer(32)), tlv(0xa3, integer(1)))
	oks := 0
	verify := func(params []byte) {
		s.sigAlg = seq(oidPSS, params)
		sd, err := cms.Parse(detached(s), nil)
		if err != nil {
			return
		}
		if r := sd.Verify(0, leaf.Certificate, digester(content)); r.OK() {
			require.Equal(t, "RSASSA-PSS-SHA256", r.SignatureAlgorithm)
			oks++
		}
	}
	verify(params)
	require.Equal(t, 1, oks)
	damaged(params, verify)
	// Two of them say nothing wrong: the trailer field cut off (1 is its
	// default), and salt length 0, which crypto/rsa takes for "any".
	require.Equal(t, 3, oks)
}

// TestDamagedCertificate: a broken certificate in the bag is never an obstacle.
func TestDamagedCertificate(t *testing.T) {
	raw := rsaCert().Raw
	for _, sid := range [][]byte{nil, tlv(0x80, rsaCert().SubjectKeyId)} {
		info := signer{content: content, sid: sid, version: 1 + 2*len(sid[:min(1, len(sid))])}.info()
		for i := range raw {
			broken := bytes.Clone(raw)
			broken[i] ^= 0xff
			certs := [][]byte{tlv(0x30, broken[4:]), raw}
			if i < 4 {
				certs[0] = seq(broken[:i])
			}
			sd, err := cms.Parse(signedDataDraft{infos: [][]byte{info}, certs: certs}.build(), nil)
			require.NoError(t, err)
			require.Contains(t, sd.CandidatesOf(0), raw)
			r := sd.Verify(0, rsaCert(), func(crypto.Hash) ([]byte, error) { return nil, nil })
			require.True(t, r.SignatureOK)
		}
	}
}
