package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, "PEC: bruno@beta.example delivered, verified true, green\nREM: bruno@beta.example delivered, verified true, green\n", out.String())
}

// Whatever becomes of an order, the two systems say it in the same words.
func TestSameWords(t *testing.T) {
	for to, want := range map[string]receipt.Status{"bruno@beta.example": receipt.StatusDelivered, "nessuno@beta.example": receipt.StatusFailed} {
		for name, open := range map[string]func() (*Office, func(), error){"PEC": openPEC, "REM": openREM} {
			o, settle, err := open()
			require.NoError(t, err)
			id, err := order(t.Context(), o, to)
			require.NoError(t, err)
			m, err := o.Status(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, receipt.StatusSubmitted, m.Recipients[0].Status, name)
			settle()
			m, err = o.Status(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, want, m.Recipients[0].Status, "%s to %s", name, to)
			require.True(t, m.Recipients[0].Verified)
			if want == receipt.StatusFailed {
				require.Equal(t, receipt.UnknownRecipient, m.Recipients[0].Error.Category, name)
			}
			_, err = o.Status(t.Context(), "other@example")
			require.Error(t, err)
		}
	}
}
