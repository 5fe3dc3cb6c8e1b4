package mimeword

import (
	"mime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "a", "perché", "=?utf-8?q?x?=", strings.Repeat("è ", 100), "a_b?c=d", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		words := Encode(s, 75)
		for _, w := range words {
			require.LessOrEqual(t, len(w), 75)
		}
		back, err := new(mime.WordDecoder).DecodeHeader(strings.Join(words, " "))
		require.NoError(t, err)
		require.Equal(t, s, back)
	})
}
