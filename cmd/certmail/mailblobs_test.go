package main

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store"
)

// Folders that were written when every message had a file of its own stay
// readable, and large messages still get one.
func TestSmallInOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	folder, err := store.NewFolder(dir, nil)
	require.NoError(t, err)
	defer folder.Close()
	contents := map[string][]byte{"of old": []byte("old"), "small": []byte("small"), "large": bytes.Repeat([]byte("large"), 20_000)}
	old, _, err := folder.Put(t.Context(), bytes.NewReader(contents["of old"]))
	require.NoError(t, err)
	blobs, err := smallInOne(t.Context(), dir, folder)
	require.NoError(t, err)
	small, _, err := blobs.Put(t.Context(), bytes.NewReader(contents["small"]))
	require.NoError(t, err)
	large, _, err := blobs.Put(t.Context(), bytes.NewReader(contents["large"]))
	require.NoError(t, err)
	require.NoError(t, blobs.Close())

	blobs, err = smallInOne(t.Context(), dir, folder)
	require.NoError(t, err)
	defer blobs.Close()
	for name, sum := range map[string][32]byte{"of old": old, "small": small, "large": large} {
		r, err := blobs.Open(t.Context(), sum)
		require.NoError(t, err, name)
		data, err := io.ReadAll(r)
		require.NoError(t, err, name)
		require.Equal(t, contents[name], data, name)
		require.NoError(t, r.Close())
	}
	_, err = folder.Open(t.Context(), small)
	require.ErrorIs(t, err, store.ErrNotFound)
	r, err := folder.Open(t.Context(), large)
	require.NoError(t, err)
	require.NoError(t, r.Close())
}
