package envelope

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzBase64 holds the fast decoder against the standard one.
func FuzzBase64(f *testing.F) {
	for _, s := range []string{"", "AAAA", "AAAA\r\nBBBB\r\n", "AA==", "AAA\nA", "\n\nAAAA", "AAAA=", "A*AA", "AAAA\r\n\r\nBB==\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		want, wantErr := base64.StdEncoding.AppendDecode(nil, src)
		got, err := appendBase64(make([]byte, 1, 3), src)
		got = got[1:]
		require.Equal(t, wantErr == nil, err == nil, "%v / %v", wantErr, err)
		if err == nil {
			require.Equal(t, string(want), string(got))
		}
	})
}
