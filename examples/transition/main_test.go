package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, "PEC: bruno@beta.example delivered, verified true, green\nREM: bruno@beta.example delivered, verified true, green\n", out.String())
}

// Whatever becomes of an order, the two systems say it in the same words.
func TestSameWords(t *testing.T) {
	for to, want := range map[string]receipt.Status{"bruno@beta.example": receipt.StatusDelivered, "nessuno@beta.example": receipt.StatusFailed} {
		for name, open := range map[string]func() (*office, error){"PEC": ofPEC, "REM": ofREM} {
			o, err := open()
			require.NoError(t, err)
			c, box, err := o.open()
			require.NoError(t, err)
			require.NoError(t, order(t.Context(), c, "order-12", to))
			_, err = box.Drain(t.Context())
			require.NoError(t, err)
			m, err := became(t.Context(), c, "order-12")
			require.NoError(t, err)
			require.Equal(t, receipt.StatusSubmitted, m.Recipients[0].Status, name)
			o.settle()
			m, err = became(t.Context(), c, "order-12")
			require.NoError(t, err)
			require.Equal(t, want, m.Recipients[0].Status, "%s to %s", name, to)
			require.True(t, m.Recipients[0].Verified)
			if want == receipt.StatusFailed {
				require.Equal(t, receipt.UnknownRecipient, m.Recipients[0].Error.Category, name)
			}
			_, err = became(t.Context(), c, "another")
			require.ErrorIs(t, err, store.ErrNotFound)
		}
	}
}
