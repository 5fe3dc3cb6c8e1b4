package cms_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/rsakey"
)

// TestVerifyPrepared: a prepared key changes no answer, whatever key it is of
// and whatever else is passed for one.
func TestVerifyPrepared(t *testing.T) {
	other := rsakey.New(person("rsa4096").Key.Public().(*rsa.PublicKey))
	require.NotNil(t, other)
	for _, name := range []string{"rsa2048", "rsa1024", "p256", "ed25519"} {
		signer := signing(name, 0)
		digest := digester([]byte("content"))
		hash := crypto.SHA256
		if name == "ed25519" {
			hash = crypto.SHA512
		}
		der, err := cms.Sign(sum(hash, []byte("content")), signer)
		if err != nil {
			continue // not a kind of key that is written
		}
		sd, err := cms.Parse(der, nil)
		require.NoError(t, err)
		var own *rsakey.Key
		if public, ok := signer.Certificate.PublicKey.(*rsa.PublicKey); ok {
			own = rsakey.New(public)
			require.NotNil(t, own)
		}
		spoiled := bytes.Clone(der)
		spoiled[len(spoiled)-1] ^= 1
		bad, err := cms.Parse(spoiled, nil)
		require.NoError(t, err)
		for what, prepared := range map[string]crypto.PublicKey{
			"its own": own, "another": other, "none": nil, "a nil one": (*rsakey.Key)(nil),
			"no key": 17, "a plain key": signer.Certificate.PublicKey,
		} {
			if own == nil && what == "its own" {
				continue
			}
			want := sd.Verify(0, signer.Certificate, digest)
			require.True(t, want.OK(), "%s: %v", name, want.Err)
			require.Equal(t, want, sd.VerifyPrepared(0, signer.Certificate, prepared, digest), "%s, %s", name, what)
			refused := bad.VerifyPrepared(0, signer.Certificate, prepared, digest)
			require.False(t, refused.SignatureOK, "%s, %s", name, what)
			require.ErrorIs(t, refused.Err, cms.ErrSignature)
		}
	}
}

// TestVerifyKnownDigest: a known digest of the certificate is what the
// signing-certificate attribute is compared with, in full; one of another length
// is none.
func TestVerifyKnownDigest(t *testing.T) {
	signer := signing("rsa2048", 0)
	signer.IncludeESS = true
	der, err := cms.Sign(sum(crypto.SHA256, []byte("content")), signer)
	require.NoError(t, err)
	sd, err := cms.Parse(der, nil)
	require.NoError(t, err)
	digest := digester([]byte("content"))
	want := sd.Verify(0, signer.Certificate, digest)
	require.True(t, want.OK(), "%v", want.Err)
	require.Equal(t, cms.Match, want.ESSCertificate)
	right := sum(crypto.SHA256, signer.Certificate.Raw)
	wrong := bytes.Clone(right)
	wrong[31] ^= 1
	asked := 0
	verify := func(known []byte) cms.Result {
		return sd.VerifyKnown(0, signer.Certificate, cms.Known{Digest: func(der []byte, h crypto.Hash) []byte {
			asked++
			require.Equal(t, crypto.SHA256, h)
			require.Equal(t, signer.Certificate.Raw, der)
			return known
		}}, digest)
	}
	for _, known := range [][]byte{right, nil, {}, right[:31], wrong[:31], append(bytes.Clone(wrong), 0)} {
		require.Equal(t, want, verify(known))
	}
	refused := verify(wrong)
	require.False(t, refused.OK())
	require.Equal(t, cms.Mismatch, refused.ESSCertificate)
	require.Equal(t, 7, asked)
}
