package remtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSimulation plays every scenario on messages of JSON: who attests what,
// and where it goes, without a signature.
func TestSimulation(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			n, err := plainNetwork(s.Network)
			require.NoError(t, err)
			require.NoError(t, s.play(context.Background(), n))
		})
	}
}
