package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFixturesAgree: certmail verify says of every fixture what its index says.
func TestFixturesAgree(t *testing.T) {
	dir := t.TempDir()
	r := certmail("fixtures", dir, "--seed", "7", "--json")
	require.Equal(t, exitGood, r.code, r.stderr)
	data, err := os.ReadFile(filepath.Join(dir, "index.json"))
	require.NoError(t, err)
	var index, printed []fixture
	require.NoError(t, json.Unmarshal(data, &index))
	r.decode(t, &printed)
	require.Equal(t, index, printed)
	require.NotEmpty(t, index)
	for _, want := range index {
		t.Run(want.File, func(t *testing.T) {
			r := certmail("verify", "--json", "--ca", filepath.Join(dir, "ca.pem"), filepath.Join(dir, filepath.FromSlash(want.File)))
			var got []verified
			r.decode(t, &got)
			require.Len(t, got, 1)
			require.Equal(t, want.System, got[0].System)
			require.Equal(t, want.Kind, got[0].Kind)
			require.Equal(t, want.Verdict, got[0].Verdict, "%s: %+v", want.Note, got[0].Checks)
			if want.Check != nil {
				require.Equal(t, "failed", got[0].check(t, *want.Check).Status, want.Note)
			}

			// The other commands take whatever it is.
			path := filepath.Join(dir, filepath.FromSlash(want.File))
			var read []shown
			certmail("show", "--json", path).decode(t, &read)
			require.Equal(t, want.Kind, read[0].Kind)
			parent := t.TempDir()
			var out extracted
			certmail("extract", "--json", path, "--to", filepath.Join(parent, "to")).decode(t, &out)
			for name := range filesIn(t, parent) {
				require.True(t, filepath.IsLocal(name) && filepath.Dir(filepath.FromSlash(name)) == "to", name)
			}
		})
	}
}

// All of them at once: every proof is accounted for, and nothing invalid
// makes a light green.
func TestFixturesReconcile(t *testing.T) {
	dir := t.TempDir()
	require.Equal(t, exitGood, certmail("fixtures", dir, "--seed", "7").code)
	r := certmail("reconcile", "--json", "--ca", filepath.Join(dir, "ca.pem"), filepath.Join(dir, "tampered"))
	require.Equal(t, exitNotGood, r.code)
	var got reconciliation
	r.decode(t, &got)
	for _, m := range got.Messages {
		valid := false
		for _, one := range m.Recipients {
			for _, p := range one.Proof {
				valid = valid || p.Verdict == "valid"
			}
		}
		require.True(t, valid || m.Light != "green", "%s", m.MessageID)
	}
}
