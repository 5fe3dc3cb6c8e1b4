package daticert

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireReadersAgree checks that the scanner, if it takes the document, reads what
// the general reader reads. It reports whether the scanner took it.
func requireReadersAgree(tb testing.TB, document []byte, opts *Options) bool {
	tb.Helper()
	fast, err := parse(document, opts.limits(), fastOnly)
	if err != nil {
		return false
	}
	general, err := parse(document, opts.limits(), generalOnly)
	require.NoError(tb, err, "%s", document)
	require.Equal(tb, general, fast, "%s", document)
	return true
}

func TestScannerTakesRealShapes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	taken := 0
	for range 3000 {
		out, err := wellFormedData(r).Marshal()
		require.NoError(t, err)
		if requireReadersAgree(t, out, nil) {
			taken++
		}
	}
	require.Greater(t, taken, 1000, "only carriage returns are for the other reader")
	require.True(t, requireReadersAgree(t, []byte(delivery), nil))
}

func TestReadersAgreeAtTheLimits(t *testing.T) {
	for n := 1; n < 40; n++ {
		for _, opts := range []*Options{{MaxDepth: n}, {MaxElements: n}, {MaxRecipients: n}} {
			requireReadersAgree(t, []byte(delivery), opts)
		}
	}
}
