package xmltree

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Eight octets at a time or one: the run ends at the same one.
func TestPlainText(t *testing.T) {
	slow := func(s string, i int) int {
		for i < len(s) && octets[s[i]]&inText == 0 {
			i++
		}
		return i
	}
	for c := range 256 {
		for at := range 20 {
			b := []byte("abcdefgh\nijklmnopqrstuvw\t\xc3\xa8z")
			b[at] = byte(c)
			for from := range 10 {
				require.Equal(t, slow(string(b), from), plainText(string(b), from), "%q from %d", b, from)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	few := "az09+/=\n\t\r<>&;%'(?=~\x1f !\x7f\x80\x9e\xa6\xbc\xbe\xff"
	for range 20_000 {
		b := make([]byte, random.IntN(40))
		for i := range b {
			b[i] = few[random.IntN(len(few))]
		}
		require.Equal(t, slow(string(b), 0), plainText(string(b), 0), "%q", b)
	}
}
