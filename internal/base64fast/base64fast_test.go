package base64fast_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/base64fast"
)

// FuzzGroups: what is decoded, and then the standard decoder on what is left,
// give what the standard decoder gives of all, error or not, also for the strict
// one; nothing is written behind the room, and decoding in place gives the same.
func FuzzGroups(f *testing.F) {
	for _, s := range []string{"", "AAAA", "AAAA\r\nBBBB\r\n", "AA==", "AAA\nA", "\n\nAAAA", "AAAA=", "A*AA", "AAAA\r\n\r\nBB==\r\n",
		"AAAAAAAA\xc1AAAAAAA", "\xc1AAA", "abcdefgh+/012345\nABCD6789==", "QUJDRA==QUJD", "AAAAAAAAAAAAAAAAAAAAAAAB"} {
		f.Add(s, len(s))
	}
	f.Fuzz(func(t *testing.T, src string, room int) {
		dst := make([]byte, min(max(room, 0), len(src))+1)
		dst[len(dst)-1] = 0xA5
		n, left := base64fast.Groups(dst[:len(dst)-1], []byte(src))
		rest := string(left)
		require.Equal(t, byte(0xA5), dst[len(dst)-1])
		require.True(t, strings.HasSuffix(src, rest))
		place := []byte(src)
		m, left := base64fast.Groups(place, place)
		all, allLeft := base64fast.Groups(make([]byte, len(src)), []byte(src))
		require.Equal(t, len(allLeft), len(left))
		require.Equal(t, all, m)
		require.Equal(t, string(dst[:n]), string(place[:n]))
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.StdEncoding.Strict()} {
			want, wantErr := e.DecodeString(src)
			tail, err := e.DecodeString(rest)
			require.Equal(t, wantErr == nil, err == nil, "%v / %v", wantErr, err)
			if err == nil {
				require.Equal(t, string(want), string(dst[:n])+string(tail))
			}
		}
	})
}

// TestGroupsTakesAll: nothing of what is regular is left to the slow decoder.
func TestGroupsTakesAll(t *testing.T) {
	octets := make([]byte, 57*40)
	for i := range octets {
		octets[i] = byte(i * 7)
	}
	text := base64.StdEncoding.EncodeToString(octets)
	var lines strings.Builder
	for i := 0; i < len(text); i += 76 {
		lines.WriteString(text[i:i+76] + "\r\n")
	}
	for _, s := range []string{text, lines.String()} {
		dst := make([]byte, len(octets)+3)
		n, rest := base64fast.Groups(dst, []byte(s))
		require.Empty(t, strings.TrimSpace(string(rest)))
		require.Equal(t, octets, dst[:n])
	}
}

func TestIs(t *testing.T) {
	for c := range 256 {
		_, err := base64.StdEncoding.DecodeString("AAA" + string([]byte{byte(c)}))
		require.Equal(t, err == nil && c != '=', base64fast.Is(byte(c)), "%q", c)
	}
}

func BenchmarkGroups(b *testing.B) {
	line := strings.Repeat("Qk9S", 19) + "\r\n"
	text := strings.Repeat(line, 300)
	dst := make([]byte, len(text))
	b.Run("groups", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		src := []byte(text)
		for b.Loop() {
			base64fast.Groups(dst, src)
		}
	})
	b.Run("standard", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		src := []byte(text)
		for b.Loop() {
			if _, err := base64.StdEncoding.Decode(dst, src); err != nil {
				b.Fatal(err)
			}
		}
	})
}
