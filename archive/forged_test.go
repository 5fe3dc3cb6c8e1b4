package archive_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/trust"
)

// A forged receipt that somebody sent in takes nothing away from the genuine
// ones, and is never taken for one.
func TestPackage_ForgedReceiptAmongGenuineOnes(t *testing.T) {
	w := newWorld(t)
	const good, forged = "good/m1-accettazione.eml", "tampered/altered-text.eml"
	name := w.write(t, archive.Folder, w.transaction(t, true, good, forged))
	for _, now := range []time.Time{w.verify().Now, w.verify().Now.AddDate(10, 0, 0)} {
		o := w.verify()
		o.Now = now
		v := verified(t, name, o)
		require.Equal(t, trust.Indeterminate, v.Verdict, describe(v))
		require.Equal(t, trust.Valid, v.Items[0].Verdict)
		require.False(t, v.Items[0].FalseAtReception())
		require.Equal(t, trust.Invalid, v.Items[1].Verdict)
		require.True(t, v.Items[1].FalseAtReception())
		require.Contains(t, describe(v), "false-at-reception")
	}
	// Ordinary mail beside it is no proof; neither is nothing at all.
	alone := w.transaction(t, true, forged)
	require.Equal(t, trust.Invalid, verified(t, w.write(t, archive.Folder, alone), w.verify()).Verdict)
	alone.Items = append(alone.Items, capture(t, []byte("Message-ID: <a@b.example>\r\nSubject: a\r\n\r\nb\r\n"), w.options(true)))
	require.Equal(t, trust.Invalid, verified(t, w.write(t, archive.Folder, alone), w.verify()).Verdict)
}

// A message that was altered after it had been received is not excused, whatever
// the record is made to say of its verdict.
func TestPackage_AlteredAfterReception(t *testing.T) {
	w := newWorld(t)
	genuine := w.transaction(t, true, "good/m1-accettazione.eml", "good/m9-consegna-completa.eml")
	record := *genuine.Items[0].Report
	for name, change := range map[string]func(it *archive.Item){
		"the record of the genuine one":     func(it *archive.Item) { it.Report = &record },
		"the time-stamp of the genuine one": func(it *archive.Item) { it.TimeStamp = genuine.Items[0].TimeStamp },
		"only the verdict changed": func(it *archive.Item) {
			r := record
			r.Verdict = trust.Invalid
			it.Report = &r
		},
		"no record": func(it *archive.Item) { it.Report = nil },
	} {
		tx := w.transaction(t, true, "good/m9-consegna-completa.eml", "tampered/altered-text.eml")
		change(tx.Items[1])
		dir := filepath.Join(t.TempDir(), "p")
		require.NoError(t, archive.Write(t.Context(), dir, tx, &archive.Options{Format: archive.Folder}))
		v := verified(t, dir, w.verify())
		require.False(t, v.Items[1].FalseAtReception(), name)
		require.Equal(t, trust.Invalid, v.Verdict, "%s: %s", name, describe(v))
	}
}
