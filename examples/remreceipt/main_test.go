package main

import (
	"bytes"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem/remtest"
)

func TestDemonstration(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, nil))
	require.Contains(t, out.String(), "verdict: valid, judged at 2026-03-02T08:30:02Z (timestamp)")
	require.Contains(t, out.String(), "Beta REM S.p.A. attests ContentConsignment on 2026-03-02T08:30:02Z")
	require.Contains(t, out.String(), "recipient: bruno@beta.example")
	require.NotContains(t, out.String(), "failed")
}

// A receipt that somebody forged proves nothing, and what it claims is not
// repeated.
func TestFiles(t *testing.T) {
	for _, forged := range []bool{false, true} {
		opt := &remtest.NetworkOptions{}
		if forged {
			opt.Faults = []remtest.Fault{{Kind: remtest.WrongSigner, Event: "ContentConsignment"}}
		}
		n, err := remtest.NewNetwork(opt)
		require.NoError(t, err)
		anna, err := n.Account("anna@alfa.example")
		require.NoError(t, err)
		_, err = anna.Send(t.Context(), &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Contratto n. 7"})
		require.NoError(t, err)
		n.Settle()
		list, operator, err := n.TrustedList("IT")
		require.NoError(t, err)
		dir := t.TempDir()
		var args []string
		for name, data := range map[string][]byte{"1.eml": anna.Messages()[1].Data, "2.xml": list, "3.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: operator.Raw})} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
		}
		for _, name := range []string{"1.eml", "2.xml", "3.pem"} {
			args = append(args, filepath.Join(dir, name))
		}
		var out bytes.Buffer
		err = run(t.Context(), &out, args)
		require.Equal(t, forged, err != nil, "%v", err)
		require.Equal(t, !forged, bytes.Contains(out.Bytes(), []byte("attests")))
	}
}
