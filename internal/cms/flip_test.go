package cms_test

import (
	"bytes"
	"crypto"
	"testing"

	"github.com/certmail/certmail/internal/cms"
	"github.com/stretchr/testify/require"
)

// TestFlipEveryBit: no bit of the signed attributes, of the signature or of the
// content's digest can change without being noticed.
func TestFlipEveryBit(t *testing.T) {
	for _, s := range []signer{
		{leaf: person("rsa2048")},
		{leaf: person("rsa1024"), hash: crypto.SHA1},
		{leaf: person("p256")},
		{leaf: person("ed25519"), hash: crypto.SHA512},
	} {
		s.content = content
		cert := s.leaf.Certificate
		p7s := signedDataDraft{infos: [][]byte{s.info()}, certs: [][]byte{cert.Raw}}.build()
		good, err := cms.Parse(p7s, nil)
		require.NoError(t, err)
		r := good.Verify(0, cert, digester(content))
		require.True(t, r.OK(), r.Err)

		for part, field := range map[string][]byte{"attributes": good.Signers[0].RawSignedAttributes, "signature": good.Signers[0].Signature} {
			at := bytes.Index(p7s, field)
			require.Positive(t, at, part)
			require.Equal(t, &p7s[at], &field[0], "%s is a range of the input", part)
			for i := range len(field) * 8 {
				broken := bytes.Clone(p7s)
				broken[at+i/8] ^= 1 << (i % 8)
				sd, err := cms.Parse(broken, nil)
				if err != nil {
					continue
				}
				r := sd.Verify(0, cert, digester(content))
				require.False(t, r.OK() || r.SignatureOK && r.SignedAttributes && r.Err == nil, "%s: bit %d", part, i)
				require.Error(t, r.Err)
			}
		}
		digest := sum(good.Signers[0].Digest, content)
		for i := range len(digest) * 8 {
			broken := bytes.Clone(digest)
			broken[i/8] ^= 1 << (i % 8)
			r := good.Verify(0, cert, func(crypto.Hash) ([]byte, error) { return broken, nil })
			require.False(t, r.OK() || r.DigestOK)
			require.True(t, r.SignatureOK)
			require.ErrorIs(t, r.Err, cms.ErrMessageDigest)
		}
	}
}

// TestInputUnchanged: neither Parse nor Verify writes into the input.
func TestInputUnchanged(t *testing.T) {
	for _, b := range handBuilt() {
		b.s.content = content
		p7s := detached(b.s)
		before := bytes.Clone(p7s)
		sd, err := cms.Parse(p7s, nil)
		require.NoError(t, err, b.name)
		sd.Verify(0, rsaCert(), digester(content))
		require.Equal(t, before, p7s, b.name)
	}
}
