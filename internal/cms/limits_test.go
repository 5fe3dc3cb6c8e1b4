package cms_test

import (
	"bytes"
	"crypto"
	"runtime"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/stretchr/testify/require"
)

// TestNestingBomb: `30 80` eight million deep overflows the stack of the other
// Go parsers, which nothing can recover.
func TestNestingBomb(t *testing.T) {
	const deep = 8_000_000
	bomb := bytes.Repeat([]byte{0x30, 0x80}, deep)
	strings := bytes.Repeat([]byte{0x24, 0x80}, deep)
	inContent := append(append([]byte{0x30, 0x80}, append(oidSigned, 0xa0, 0x80, 0x30, 0x80, 2, 1, 1, 0x31, 0, 0x30, 0x80)...), append(append([]byte{}, oidData...), append([]byte{0xa0, 0x80}, strings...)...)...)
	big := &cms.Limits{Size: 64 << 20, Depth: 1 << 30}
	for name, in := range map[string][]byte{"sequences": bomb, "strings": inContent} {
		_, err := cms.Parse(in, nil)
		requireError(t, err, cms.ErrTooLarge)
		quick(t, name, func() {
			_, err = cms.Parse(in, big)
		})
		requireError(t, err, cms.ErrTooDeep)
	}
	// Definite lengths: strings in strings, each with its own length.
	nested := []byte{4, 0}
	for range 2000 {
		nested = tlv(0x24, nested)
	}
	_, err := cms.Parse(signedDataDraft{infos: [][]byte{signer{}.info()}, eContent: tlv(0xa0, nested)}.build(), big)
	requireError(t, err, cms.ErrTooDeep)
	// Attribute values nested: not DER, so re-encoded when the signature fails.
	deepValue := []byte{5, 0}
	for range 2000 {
		deepValue = tlv(0x30, deepValue)
	}
	sd, err := cms.Parse(detached(signer{content: content, attrs: append(usualAttrs(crypto.SHA256, content), attr(oid(1, 2, 3), deepValue)), signed: []byte("x")}), big)
	require.NoError(t, err)
	r := sd.Verify(0, rsaCert(), digester(content))
	require.ErrorIs(t, r.Err, cms.ErrSignature)
}

// quick checks that f needs neither time nor memory.
func quick(t *testing.T, name string, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	require.Less(t, took, 2*time.Second, name)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), name)
}

// TestManyTinyValues: the worst that fits into the limit.
func TestManyTinyValues(t *testing.T) {
	flat := bytes.Repeat([]byte{5, 0}, 500_000)
	for range 20 {
		flat = endless(0x30, flat)
	}
	quick(t, "flat", func() {
		_, err := cms.Parse(flat, nil)
		require.Error(t, err)
	})
}

func TestLimits(t *testing.T) {
	many := func(n int, f func(int) []byte) (out [][]byte) {
		for i := range n {
			out = append(out, f(i))
		}
		return out
	}
	info := signer{content: content}.info()
	cert := func(i int) []byte { return seq(integer(i)) }
	attribute := func(i int) []byte { return attr(oid(1, 2, 3, i), null()) }
	for name, f := range map[string]func(n int) []byte{
		"certificates": func(n int) []byte { return signedDataDraft{infos: [][]byte{info}, certs: many(n, cert)}.build() },
		"crls": func(n int) []byte {
			return signedDataDraft{infos: [][]byte{info}, crls: tlv(0xa1, many(n, cert)...)}.build()
		},
		"signed":   func(n int) []byte { return detached(signer{attrs: many(n, attribute)}) },
		"unsigned": func(n int) []byte { return detached(signer{unsigned: tlv(0xa1, many(n, attribute)...)}) },
	} {
		_, err := cms.Parse(f(64), nil)
		require.NoError(t, err, name)
		_, err = cms.Parse(f(65), nil)
		requireError(t, err, cms.ErrTooLarge)
	}
	signers := func(n int) []byte {
		return signedDataDraft{infos: many(n, func(int) []byte { return info })}.build()
	}
	sd, err := cms.Parse(signers(16), nil)
	require.NoError(t, err)
	require.Len(t, sd.Signers, 16)
	_, err = cms.Parse(signers(17), nil)
	requireError(t, err, cms.ErrTooLarge)
	_, err = cms.Parse(signers(17), &cms.Limits{Signers: 17})
	require.NoError(t, err)

	fat := seq(octet(make([]byte, 64<<10)))
	sd, err = cms.Parse(signedDataDraft{infos: [][]byte{info}, certs: [][]byte{fat, rsaCert().Raw}}.build(), nil)
	require.NoError(t, err)
	require.Equal(t, [][]byte{rsaCert().Raw}, sd.Certificates)
	require.Equal(t, []string{"certificate-too-large"}, codes(sd))

	p7s := plain()
	_, err = cms.Parse(p7s, &cms.Limits{Size: len(p7s)})
	require.NoError(t, err)
	_, err = cms.Parse(p7s, &cms.Limits{Size: len(p7s) - 1})
	requireError(t, err, cms.ErrTooLarge)
	_, err = cms.Parse(signedDataDraft{infos: [][]byte{info}, ber: true}.build(), &cms.Limits{Depth: 3})
	requireError(t, err, cms.ErrTooDeep)
}
