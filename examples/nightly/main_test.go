package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	dir := t.TempDir()
	require.NoError(t, run(t.Context(), &out, dir))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Contains(t, lines, "  collected 4 messages", out.String())
	require.Contains(t, lines, "  packed 2 transactions", out.String())
	require.Contains(t, lines, "  deleted 0, 4 stay", out.String())
	require.Equal(t, "  deleted 4, 0 stay", lines[len(lines)-1], out.String())
	whole, err := filepath.Glob(filepath.Join(dir, "whole", "*.zip"))
	require.NoError(t, err)
	require.Len(t, whole, 2, "three receipts of what was sent, and a message that came")
}

// TestDamagedArchiveDeletesNothing: what cannot be read back from the archive
// stays with the provider; the rest goes.
func TestDamagedArchiveDeletesNothing(t *testing.T) {
	network, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	dir := t.TempDir()
	n, o, err := open(network, dir)
	require.NoError(t, err)
	for _, key := range []string{"1", "2"} {
		_, err = n.client.Send(t.Context(), key, &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: key})
		require.NoError(t, err)
	}
	_, err = o.Drain(t.Context())
	require.NoError(t, err)
	network.Settle()
	var out strings.Builder
	require.NoError(t, n.night(t.Context(), &out))
	whole, err := filepath.Glob(filepath.Join(dir, "whole", "*.zip"))
	require.NoError(t, err)
	require.Len(t, whole, 2)
	data, err := os.ReadFile(whole[0])
	require.NoError(t, err)
	data[len(data)/3] ^= 1
	require.NoError(t, os.Chmod(whole[0], 0o600))
	require.NoError(t, os.WriteFile(whole[0], data, 0o600))
	network.Advance(60 * 24 * time.Hour)
	out.Reset()
	require.NoError(t, n.night(t.Context(), &out))
	require.Contains(t, out.String(), "deleted 2, 2 stay")
	require.Contains(t, out.String(), "not-archived")
}

// TestUnsettledStays: as long as receipts are to come nothing is packed as
// whole, and nothing deleted.
func TestUnsettledStays(t *testing.T) {
	network, err := pectest.NewNetwork(&pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.Lose, Message: pec.KindDelivery}}})
	require.NoError(t, err)
	dir := t.TempDir()
	n, o, err := open(network, dir)
	require.NoError(t, err)
	_, err = n.client.Send(t.Context(), "1", &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Persa"})
	require.NoError(t, err)
	_, err = o.Drain(t.Context())
	require.NoError(t, err)
	network.Advance(time.Hour)
	var out strings.Builder
	require.NoError(t, n.night(t.Context(), &out))
	require.Contains(t, out.String(), "collected 1 messages")
	require.Contains(t, out.String(), "packed 0 transactions")
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, "whole"), func(path string, d fs.DirEntry, err error) error {
		require.True(t, d.IsDir(), path)
		return err
	}))
}
