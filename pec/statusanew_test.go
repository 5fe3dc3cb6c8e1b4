package pec_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
	"github.com/certmail/certmail/trust"
)

// Receipts that came in before anybody was believed are proofs when they are
// judged again, and those of a forger are not.
func TestClientStatusAnew(t *testing.T) {
	for _, forged := range []bool{false, true} {
		opt := &pectest.NetworkOptions{}
		if forged {
			opt.Faults = []pectest.Fault{{Kind: pectest.WrongSigner, Message: pec.KindDelivery}}
		}
		n, err := pectest.NewNetwork(opt)
		require.NoError(t, err)
		nobody, err := trust.NewStore(trust.Material{}, nil)
		require.NoError(t, err)
		s, b := keep.NewMemory(), keep.NewMemoryBlobs()
		early := client(t, n, anna, s, b, func(o *pec.ClientOptions) { o.Verifier = pec.NewVerifier(nobody, nil) })
		_, err = early.Send(t.Context(), "7", &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto n. 7", ReceiptType: "breve"})
		require.NoError(t, err)
		drain(t, n, anna, s, b)
		n.Settle()
		got, err := early.Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, got.New)

		late := client(t, n, anna, s, b, nil)
		got, err = late.Collect(t.Context())
		require.NoError(t, err)
		require.Zero(t, got.Messages)
		m, err := late.StatusOf(t.Context(), "7")
		require.NoError(t, err)
		require.Equal(t, receipt.Grey, m.Light)
		again, err := late.StatusAnew(t.Context(), "7")
		require.NoError(t, err)
		if forged {
			require.NotEqual(t, receipt.Green, again.Light)
			require.NotEqual(t, receipt.StatusDelivered, again.Recipients[0].Status)
		} else {
			require.Equal(t, receipt.Green, again.Light)
			require.True(t, again.Recipients[0].Verified)
			require.Equal(t, receipt.ContentSame, again.Recipients[0].Proofs[1].Content, "a brief receipt is compared with the sent copy")
		}
		unchanged, err := late.StatusOf(t.Context(), "7")
		require.NoError(t, err)
		require.Equal(t, m, unchanged)
		still, err := early.StatusAnew(t.Context(), "7")
		require.NoError(t, err)
		require.NotEqual(t, receipt.Green, still.Light)

		_, err = late.StatusAnew(t.Context(), "8")
		require.ErrorIs(t, err, keep.ErrNotFound)
		lost := client(t, n, anna, s, keep.NewMemoryBlobs(), nil)
		_, err = lost.StatusAnew(t.Context(), "7")
		require.ErrorIs(t, err, keep.ErrNotFound)
		require.ErrorContains(t, err, "proof")
	}
}
