package archive_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

const sha1Receipt = "good/m1-accettazione-sha1.eml"

// A signature with SHA-1 holds ten years later if something shows that it
// existed while SHA-1 was accepted, and no longer otherwise.
func TestStorage_SHA1NeedsATimeStamp(t *testing.T) {
	w := newWorld(t)
	digest := func(v *archive.Verification) archive.Proof { return v.Items[0].Proof(trust.CheckDigestAlgorithm) }
	bare := w.transaction(t, false, sha1Receipt)
	require.Equal(t, "SHA-1", bare.Items[0].Report.Digest)
	name := w.write(t, archive.Folder, bare)

	v := verified(t, name, w.verify()) // 2036
	require.Equal(t, trust.Indeterminate, v.Verdict, describe(v))
	require.Equal(t, trust.Indeterminate, v.Items[0].Verdict)
	require.Equal(t, archive.WhyWeak, digest(v).Why)
	require.Equal(t, trust.Unknown, digest(v).Status)
	require.Equal(t, trust.Valid, v.Items[0].Report.Verdict, "by itself it verifies as ever")
	require.Equal(t, trust.Passed, v.Items[0].Proof(trust.CheckSignature).Status)

	o := w.verify()
	o.BelieveRecord = true
	v = verified(t, name, o)
	require.Equal(t, trust.Valid, v.Verdict, describe(v))
	require.Equal(t, archive.WhyRecord, digest(v).Why)

	// As long as SHA-1 is accepted it is, and that it is weak is said.
	for now, want := range map[time.Time]trust.Verdict{
		w.received.AddDate(1, 0, 0):               trust.Valid,
		archive.SHA1Until().Add(-time.Nanosecond): trust.Valid,
		archive.SHA1Until():                       trust.Indeterminate,
	} {
		o := w.verify()
		o.Now = now
		v := verified(t, name, o)
		require.Equal(t, want, v.Verdict, "%s\n%s", now, describe(v))
		require.Equal(t, trust.Unknown, digest(v).Status)
		require.Equal(t, want == trust.Valid, digest(v).Why == archive.WhyWeakStill)
	}

	// A time-stamp over the message, or over the package.
	v = verified(t, w.write(t, archive.Folder, w.transaction(t, true, sha1Receipt)), w.verify())
	require.Equal(t, trust.Valid, v.Verdict, describe(v))
	require.Equal(t, archive.WhyWeakStamped, digest(v).Why)
	require.Contains(t, digest(v).By[1], "timestamp.tst")
	stamped := w.write(t, archive.ASiCE, bare)
	v = verified(t, stamped, w.verify())
	require.Equal(t, trust.Valid, v.Verdict, describe(v))
	require.Equal(t, archive.WhyWeakStamped, digest(v).Why)

	// The caller may be stricter than the default: the time-stamp came too late.
	o = w.verify()
	o.SHA1Until = w.received
	v = verified(t, stamped, o)
	require.Equal(t, trust.Indeterminate, v.Verdict, describe(v))
	require.Equal(t, archive.WhyWeak, digest(v).Why)
	late, err := tsptest.New(tsptest.Config{Clock: func() time.Time { return archive.SHA1Until() }, Seed: 7})
	require.NoError(t, err)
	c := w.options(false)
	c.Source = late
	v = verified(t, w.write(t, archive.Folder, &archive.Transaction{Items: []*archive.Item{capture(t, w.fixture(t, sha1Receipt).Data, c)}}), w.verify())
	require.Equal(t, archive.SeenByTimeStamp, v.Items[0].SeenBy, describe(v))
	require.Equal(t, trust.Indeterminate, v.Verdict, "stamped in 2031 only")

	// SHA-256 needs none of this, and what fails is not saved by a time-stamp.
	require.Equal(t, trust.Valid, verified(t, w.write(t, archive.Folder, w.transaction(t, false, "good/m1-accettazione.eml")), w.verify()).Verdict)
	require.Equal(t, trust.Invalid, verified(t, w.write(t, archive.Folder, w.transaction(t, true, "tampered/altered-text.eml")), w.verify()).Verdict)
}
