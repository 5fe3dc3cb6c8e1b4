package envelope

import (
	"bytes"
	"encoding/base64"
	"io"
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

// FuzzBase64Filter holds the filter, read in small steps, against a plain
// description of it.
func FuzzBase64Filter(f *testing.F) {
	for _, s := range []string{"", "AAAA", "AA AA\r\nBB==\r\n", "AAA", "AA", "A", "AA==x", "AA==\r\n ", "A*AA", "AA=A=="} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, src []byte, step int) {
		var want []byte
		pads := 0
		var wantErr error
		for _, c := range src {
			if bytes.IndexByte([]byte(" \t\r\n"), c) >= 0 {
				continue
			}
			if pads > 0 && len(want)%4 == 0 {
				wantErr = errBehindPadding
				break
			}
			if c == '=' {
				pads++
			}
			want = append(want, c)
		}
		if wantErr == nil && (pads == 0 || len(want)%4 != 0) {
			for len(want)%4 > 1 {
				want = append(want, '=')
			}
		}
		filter := newBase64Filter(bytes.NewReader(src))
		var got []byte
		buf := make([]byte, 1+abs(step)%50)
		for {
			n, err := filter.Read(buf)
			got = append(got, buf[:n]...)
			if err != nil {
				if err != io.EOF {
					require.Equal(t, wantErr, err)
				} else {
					require.NoError(t, wantErr)
				}
				break
			}
		}
		require.Equal(t, string(want), string(got))
	})
}

func abs(n int) int { return max(n, -(n + 1)) }
