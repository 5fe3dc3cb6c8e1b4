package pec

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is measured does not depend on how the bytes arrive.
func TestWireFormIsIndependentOfChunks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		raw := make([]byte, random.IntN(40))
		for i := range raw {
			raw[i] = "ab\r\n\r\n\x00\xe8"[random.IntN(8)]
		}
		var whole wireForm
		_, _ = whole.Write(raw)
		whole.finish()
		var chunks wireForm
		for rest := raw; len(rest) > 0; {
			n := 1 + random.IntN(len(rest))
			_, _ = chunks.Write(rest[:n])
			rest = rest[n:]
		}
		chunks.finish()
		require.Equal(t, whole, chunks, "%q", raw)
		require.Equal(t, naiveWireForm(raw), whole, "%q", raw)
	}
}

// naiveWireForm looks at one byte after the other, with the others in view.
func naiveWireForm(raw []byte) wireForm {
	f := wireForm{size: int64(len(raw))}
	start := 0
	end := func(i, next int) {
		f.longest, f.lines = max(f.longest, i-start), f.lines+1
		f.inBody = f.inBody || i == start
		start = next
	}
	for i, c := range raw {
		switch {
		case c == '\n' && i > start && raw[i-1] == '\r':
			end(i-1, i+1)
		case c == '\n':
			f.bareEnd = true
			end(i, i+1)
		case c == '\r':
			f.bareEnd = f.bareEnd || i+1 == len(raw) || raw[i+1] != '\n'
		case c == 0:
			f.nul = true
		case c >= 0x80 && f.inBody:
			f.eightBody = true
		case c >= 0x80:
			f.eightHeader = true
		}
	}
	if start < len(raw) {
		f.bareEnd = true
		end(len(raw), len(raw))
	}
	return f
}
