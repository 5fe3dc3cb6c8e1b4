package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/transport"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3)
	require.Equal(t, "bruno@beta.example delivered", strings.TrimSpace(lines[0]))
	require.Contains(t, lines[1], "nessuno@beta.example failed 5.1.1")
	require.Equal(t, "ditta@mail.test external", strings.TrimSpace(lines[2]))
}

// The wait ends when the server refuses the message, or the password.
func TestSendAndWaitWithFaults(t *testing.T) {
	for _, fault := range []pectest.FaultKind{pectest.RefuseForGood, pectest.RefuseLogin, pectest.CutAfterDot} {
		network, err := pectest.NewNetwork(&pectest.NetworkOptions{Clock: time.Now, Hop: time.Millisecond, Faults: []pectest.Fault{{Kind: fault}}})
		require.NoError(t, err)
		servers, err := pecserve.Start(network, nil)
		require.NoError(t, err)
		client, err := open(network, servers)
		require.NoError(t, err)
		m, err := sendAndWait(t.Context(), client, "7", &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Contratto"})
		switch fault {
		case pectest.RefuseForGood:
			require.NoError(t, err)
			require.Equal(t, receipt.StatusRejected, m.Recipients[0].Status)
		case pectest.RefuseLogin:
			require.ErrorIs(t, err, transport.ErrLogin)
		default:
			require.NoError(t, err)
			require.Equal(t, receipt.StatusDelivered, m.Recipients[0].Status, "sent once, whatever the connection said")
			require.Len(t, network.Outcomes(), 1)
		}
		require.NoError(t, servers.Close())
	}
}
