package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/transport/memory"
	"github.com/certmail/certmail/trust"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `Contratto n. 7: red
  bruno@beta.example: delivered 
  nessuno@beta.example: failed 5.1.1 indirizzo non valido
Contratto n. 8 (REM): red
  bruno@beta.example: delivered 
  nessuno@beta.example: failed RB21 ERD message successfully relayed to, but rejected by, the Recipient's ERDSP for: Unregistered recipient to Recipient's ERDSP
orphans: 0
`, out.String())
}

// Each system is proven by its own trust: without that of REM its messages are
// grey, and those of PEC are what they were.
func TestTrustIsApart(t *testing.T) {
	box := memory.New(nil)
	j, sent, err := fill(t.Context(), box)
	require.NoError(t, err)
	nobody, err := trust.NewStore(trust.Material{}, nil)
	require.NoError(t, err)
	j.rem = rem.NewVerifier(nobody, nil)
	l, err := reconcile(t.Context(), box, j, sent...)
	require.NoError(t, err)
	for i, want := range []receipt.Light{receipt.Red, receipt.Grey} {
		m, ok := l.Message(sent[i].MessageID, sent[i].Time)
		require.True(t, ok)
		require.Equal(t, want, m.Light)
		for _, r := range m.Recipients {
			require.Equal(t, want == receipt.Red, r.Verified, "%s: %s", r.Address, r.Explanation)
		}
	}
}
