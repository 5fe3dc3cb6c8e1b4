package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// After each step, both levels of each invoice, in order.
func TestInvoice(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	steps := strings.Split(out.String(), "\n\n")
	require.Len(t, steps, 5)
	for i, want := range [][]string{{"waiting", "waiting", "waiting"}, {"waiting", "rejected", "undeliverable"}, {"waiting", "rejected", "undeliverable"}, {"delivered", "rejected", "undeliverable"}} {
		var states []string
		for line := range strings.Lines(steps[i]) {
			if _, state, ok := strings.Cut(line, "SDI to the customer:"); ok {
				states = append(states, strings.TrimSpace(state))
			}
		}
		require.Equal(t, want, states, steps[i])
		require.Equal(t, 3, strings.Count(steps[i], "certified mail to SDI: delivered"), "delivered to SDI all the time")
		require.NotContains(t, steps[i], "conflict")
	}
	require.Contains(t, steps[2], "! sdi-look-alike-sender")
	require.Contains(t, steps[2], "does not count, not verified as coming from SDI")
	require.Contains(t, steps[4], "IT01234567890_00001.xml from SDI: true")
	require.Contains(t, steps[4], "SDI's number: 4711")
}
