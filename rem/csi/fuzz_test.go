package csi_test

import (
	"testing"

	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/stretchr/testify/require"
)

// FuzzCSI: reading never panics; what is complete can be written, and is read
// again as it was; two readings compare as equal; only what the service signed
// is believed.
func FuzzCSI(f *testing.F) {
	r := newREMID()
	lists := set(f, r.list(nil))
	genuine := signed(f, r.document(), signer(r.service))
	unsigned, err := csi.Write(full(r))
	require.NoError(f, err)
	f.Add(genuine)
	f.Add(unsigned)
	f.Add(signed(f, full(r), signer(r.authority)))
	want := parsed(f, genuine)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := csi.Parse(data, nil)
		if err != nil {
			require.Nil(t, d)
			return
		}
		require.LessOrEqual(t, len(d.Findings), 200)
		v := d.Verify(&csi.VerifyOptions{Now: now, Lists: lists})
		if v.Verdict() == trust.Valid {
			require.Equal(t, want.Capabilities, d.Capabilities)
			require.Equal(t, want.Security, d.Security)
			require.Equal(t, want.Scheme, d.Scheme)
		}
		_, _ = csi.ParseSupplyPoints([]tsl.SupplyPoint{{URI: d.Capabilities.Domain}, {URI: d.Capabilities.ID}})
		for _, url := range d.Scheme.History {
			require.ErrorIs(t, csi.CheckHistory(url, data), csi.ErrHistory) // it cannot hold its own digest
		}
		for _, difference := range csi.Compare(d, d) {
			require.Equal(t, "absent from both", difference.Reason)
		}
		written, err := csi.Write(d)
		if err != nil {
			require.ErrorIs(t, err, csi.ErrIncomplete)
			return
		}
		again, err := csi.Parse(written, nil)
		require.NoError(t, err)
		twice, err := csi.Write(again)
		require.NoError(t, err)
		require.Equal(t, string(written), string(twice))
		require.Equal(t, d.Scheme.Issued, again.Scheme.Issued)
		require.Equal(t, d.Scheme.NextUpdate, again.Scheme.NextUpdate)
		require.Equal(t, d.Scheme.Sequence, again.Scheme.Sequence)
		require.Equal(t, d.Security.TLSCertificate, again.Security.TLSCertificate)
		require.Equal(t, d.Capabilities.Domain, again.Capabilities.Domain)
		require.Equal(t, d.Capabilities.GoverningBody, again.Capabilities.GoverningBody)
	})
}
