package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/cmd/certmail/internal/bench"
)

// TestBenchQuick runs all of it: the contestants refuse to be measured on a
// message that they should not accept.
func TestBenchQuick(t *testing.T) {
	if testing.Short() {
		return
	}
	r := certmail("bench", "--quick", "--json")
	require.Equal(t, exitGood, r.code, r.stderr)
	var rows []bench.Row
	r.decode(t, &rows)
	goals := map[int]bool{}
	for _, row := range rows {
		goals[row.Goal] = true
		require.NotContains(t, row.What, "not part of this program")
	}
	for goal := 1; goal <= 12; goal++ {
		require.True(t, goals[goal], "goal %d", goal)
	}
}

// The small and the medium message are those that the goals speak of.
func TestBenchMessages(t *testing.T) {
	believed, err := newBenchTrust()
	require.NoError(t, err)
	s, err := newSubject(believed)
	require.NoError(t, err)
	small, err := s.Small()
	require.NoError(t, err)
	require.InDelta(t, 7500, len(small), 1000)
	medium, err := s.Medium()
	require.NoError(t, err)
	require.InDelta(t, 208_000, len(medium), 5000)
	for _, message := range [][]byte{small, medium} {
		require.NoError(t, s.VerifyWarm(message))
		require.NoError(t, s.VerifyCold(message))
		require.NoError(t, s.Parse(message))
	}
}
