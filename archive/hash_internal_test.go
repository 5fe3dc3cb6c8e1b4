package archive

import (
	"bytes"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// slowForm looks at one byte after the other.
func slowForm(data []byte) (f form) {
	for i, c := range data {
		before := byte(0)
		if i > 0 {
			before = data[i-1]
		}
		next := byte(0)
		if i+1 < len(data) {
			next = data[i+1]
		}
		f.crlf = f.crlf || c == '\n' && before == '\r'
		f.lf = f.lf || c == '\n' && before != '\r'
		f.cr = f.cr || c == '\r' && next != '\n'
		f.nul = f.nul || c == 0
		f.eightBit = f.eightBit || c >= 0x80
		f.final = c == '\n'
	}
	return f
}

// FuzzScan: the form of a message does not depend on how it is read.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "a", "\r", "\n", "\r\n", "\n\r", "a\r\rb", "a\r\n\r\nb", "\r\r\n", "abcdefg\x80", "abcdefgh\x00i", "è\n", "a\nb\r\nc\rd"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want := slowForm(data)
		whole, err := scan(t.Context(), bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		split, err := scan(t.Context(), iotest.OneByteReader(bytes.NewReader(data)), 3)
		require.NoError(t, err)
		require.Equal(t, whole, split)
		want.sha256, want.sha512, want.crc = whole.sha256, whole.sha512, whole.crc
		require.Equal(t, &want, whole)
	})
}
