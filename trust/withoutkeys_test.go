package trust

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/testpki"
)

func TestStore_WithoutKeys(t *testing.T) {
	ca := testpki.NewAuthority(seed, "CA", nil)
	leaf := ca.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	keyed := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}, Intermediates: certs(ca.Certificate)}, nil)
	require.Equal(t, Passed, keyed.Evaluate(ask(leaf, ca.Certificate)).AtEvent.Status)
	without := keyed.WithoutKeys()
	require.ErrorIs(t, without.Evaluate(ask(leaf, ca.Certificate)).AtEvent.Err, ErrNoAnchor)
	require.Equal(t, Passed, keyed.Evaluate(ask(leaf, ca.Certificate)).AtEvent.Status, "the store itself stays as it was")
	require.Same(t, without, without.WithoutKeys())
	both := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}, Anchors: certs(ca.Certificate)}, nil)
	require.Equal(t, Passed, both.WithoutKeys().Evaluate(ask(leaf, ca.Certificate)).AtEvent.Status, "anchors stay")
}
