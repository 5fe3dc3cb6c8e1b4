package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

func TestNotify(t *testing.T) {
	network, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	anna, err := network.Account("anna@alfa.example")
	require.NoError(t, err)
	id, err := notify(t.Context(), anna.Sender(), anna.Address, "bruno@beta.example", "Contratto n. 7")
	require.NoError(t, err)
	network.Settle()
	ok, err := delivered(t.Context(), anna.Transport(), network.Verifier(), id)
	require.NoError(t, err)
	require.True(t, ok)
}

// The same, while the other provider forges its receipts, and while it cannot
// be reached for a day.
func TestNotifyWithFaults(t *testing.T) {
	for _, fault := range []pectest.Fault{{Kind: pectest.WrongSigner, Message: pec.KindDelivery}, {Kind: pectest.Unreachable, Provider: "beta.example"}} {
		network, err := pectest.NewNetwork(&pectest.NetworkOptions{Faults: []pectest.Fault{fault}})
		require.NoError(t, err)
		anna, err := network.Account("anna@alfa.example")
		require.NoError(t, err)
		id, err := notify(t.Context(), anna.Sender(), anna.Address, "bruno@beta.example", "Contratto n. 7")
		require.NoError(t, err)
		network.Advance(25 * time.Hour) // takes milliseconds
		ok, err := delivered(t.Context(), anna.Transport(), network.Verifier(), id)
		require.NoError(t, err)
		require.False(t, ok, fault.String())
	}
}
