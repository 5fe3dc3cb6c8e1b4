package rsakey

import (
	"bytes"
	"crypto"
	_ "crypto/md5"
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"math/big"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/testpki"
)

func testKey(bits int) *rsa.PrivateKey { return testpki.RSAKey(1, "rsakey", bits) }

var hashes = []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512}

func digestOf(h crypto.Hash, data string) []byte {
	sum := h.New()
	sum.Write([]byte(data))
	return sum.Sum(nil)
}

func TestEqualsCryptoRSA(t *testing.T) {
	for _, bits := range []int{1024, 1536, 2048, 3072, 4096} {
		key := testKey(bits)
		k := New(&key.PublicKey)
		require.NotNil(t, k, bits)
		for _, h := range hashes {
			digest := digestOf(h, "signed")
			signature, err := rsa.SignPKCS1v15(nil, key, h, digest)
			require.NoError(t, err)
			require.True(t, k.holds(h, digest, signature), "%d %v: the prepared key itself", bits, h)
			require.True(t, k.Verify(h, digest, signature))
			require.False(t, k.Verify(h, digestOf(h, "other"), signature))
			for _, other := range hashes {
				if other != h {
					require.False(t, k.Verify(other, digest, signature), "%v read as %v", h, other)
				}
			}
		}
	}
}

// TestForgeries: blocks that sloppy verifiers take for the right one, made
// with the private key; only the one exact block is accepted.
func TestForgeries(t *testing.T) {
	key := testKey(2048)
	k := New(&key.PublicKey)
	digest := digestOf(crypto.SHA256, "signed")
	exact := block(nil, 256, crypto.SHA256, digest)
	raw := func(em []byte) []byte {
		s := new(big.Int).Exp(new(big.Int).SetBytes(em), key.D, key.N)
		return s.FillBytes(make([]byte, 256))
	}
	require.True(t, k.holds(crypto.SHA256, digest, raw(exact)))

	edit := func(f func(em []byte)) []byte {
		em := bytes.Clone(exact)
		f(em)
		return em
	}
	short := append(append([]byte{0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0}, exact[256-51:]...), make([]byte, 194)...)
	require.Len(t, short, 256)
	noNull := append(append(append([]byte{0, 1}, bytes.Repeat([]byte{255}, 204)...), 0),
		append([]byte("\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20"), digest...)...)
	require.Len(t, noNull, 256)
	for name, em := range map[string][]byte{
		"padding cut short, rubbish behind (CVE-2006-4339)": short,
		"digest algorithm without NULL":                     noNull,
		"block type 2":                                      edit(func(em []byte) { em[1] = 2 }),
		"a zero in the padding":                             edit(func(em []byte) { em[100] = 0 }),
		"no zero behind the padding":                        edit(func(em []byte) { em[204] = 255 }),
		"last bit of the digest":                            edit(func(em []byte) { em[255] ^= 1 }),
		"first byte":                                        edit(func(em []byte) { em[0] = 0x40; em[1] = 0 }),
	} {
		require.False(t, k.Verify(crypto.SHA256, digest, raw(em)), name)
	}

	good := raw(exact)
	require.False(t, k.Verify(crypto.SHA256, digest, good[1:]), "too short")
	require.False(t, k.Verify(crypto.SHA256, digest, append([]byte{0}, good...)), "too long")
	require.False(t, k.Verify(crypto.SHA256, digest, nil))
	require.False(t, k.Verify(crypto.SHA256, nil, good))
	require.False(t, k.Verify(0, digest, good), "PKCS #1 v1.5 without DigestInfo")
	require.False(t, k.Verify(crypto.MD5, digest[:16], good))
	above := new(big.Int).Add(new(big.Int).SetBytes(good), key.N)
	if above.BitLen() <= 2048 {
		require.False(t, k.Verify(crypto.SHA256, digest, above.FillBytes(make([]byte, 256))), "the same number modulo n")
	}
	require.False(t, k.Verify(crypto.SHA256, digest, key.N.Bytes()), "n itself")
}

func TestUnusualKeysAreNotPrepared(t *testing.T) {
	n := testKey(2048).N
	for name, public := range map[string]*rsa.PublicKey{
		"nil":           nil,
		"no modulus":    {E: exponent},
		"negative":      {N: new(big.Int).Neg(n), E: exponent},
		"even":          {N: new(big.Int).Lsh(n, 1), E: exponent},
		"small":         {N: new(big.Int).SetBit(big.NewInt(1), 1000, 1), E: exponent},
		"huge":          {N: new(big.Int).SetBit(big.NewInt(1), 9000, 1), E: exponent},
		"exponent 1":    {N: n, E: 1},
		"exponent 3":    {N: n, E: 3},
		"even exponent": {N: n, E: 65536},
	} {
		require.Nil(t, New(public), name)
	}
	k := New(&testKey(2048).PublicKey)
	require.True(t, k.Is(&rsa.PublicKey{N: new(big.Int).Set(n), E: exponent}), "equal, not identical")
	require.False(t, k.Is(&testKey(1024).PublicKey))
	require.False(t, k.Is(nil))
	require.False(t, (*Key)(nil).Is(&testKey(2048).PublicKey))
}

func TestConcurrentUse(t *testing.T) {
	key := testKey(2048)
	k, digest := New(&key.PublicKey), digestOf(crypto.SHA256, "signed")
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest)
	require.NoError(t, err)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 50 {
				if !k.holds(crypto.SHA256, digest, signature) {
					t.Error("refused")
				}
			}
		})
	}
	wait.Wait()
}

// FuzzVerify: whatever the signature and the digest, the answer is crypto/rsa's.
func FuzzVerify(f *testing.F) {
	key := testKey(1024)
	k := New(&key.PublicKey)
	for i, h := range hashes {
		digest := digestOf(h, "signed")
		signature, err := rsa.SignPKCS1v15(nil, key, h, digest)
		require.NoError(f, err)
		f.Add(uint8(i+2), digest, signature, 0, byte(0))
		f.Add(uint8(i+2), digest, signature, 17, byte(1))
	}
	f.Add(uint8(0), []byte(nil), key.N.Bytes(), 127, byte(1))
	known := append([]crypto.Hash{0, crypto.MD5}, hashes...)
	f.Fuzz(func(t *testing.T, hash uint8, digest, signature []byte, at int, flip byte) {
		h := known[int(hash)%len(known)]
		if len(signature) > 0 && at >= 0 {
			signature = bytes.Clone(signature)
			signature[at%len(signature)] ^= flip
		}
		want := rsa.VerifyPKCS1v15(&key.PublicKey, h, digest, signature) == nil
		if !want && k.holds(h, digest, signature) {
			t.Fatal("accepted what crypto/rsa refuses")
		}
		if want != k.Verify(h, digest, signature) {
			t.Fatal("the answers differ")
		}
	})
}

// BenchmarkVerify: the prepared key against crypto/rsa.
func BenchmarkVerify(b *testing.B) {
	key := testKey(2048)
	k, digest := New(&key.PublicKey), digestOf(crypto.SHA256, "signed")
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest)
	require.NoError(b, err)
	b.Run("prepared", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !k.Verify(crypto.SHA256, digest, signature) {
				b.Fatal("refused")
			}
		}
	})
	b.Run("crypto-rsa", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest, signature) != nil {
				b.Fatal("refused")
			}
		}
	})
}
