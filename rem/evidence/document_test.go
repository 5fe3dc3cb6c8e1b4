package evidence_test

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/rem/evidence"
)

// TestDocumentTwice: a document can be judged and read again and again, by
// several at a time, and says the same each time.
func TestDocumentTwice(t *testing.T) {
	ctx := context.Background()
	for _, one := range reftest.KitEvidence(t)[:6] {
		want, wantReport, err := evidence.Verify(ctx, one.XML, nil)
		require.NoError(t, err)
		d, err := evidence.Open(one.XML, nil)
		require.NoError(t, err)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 5 {
					e, r, err := d.Verify(ctx, nil)
					if err != nil || r.Verdict != wantReport.Verdict || len(r.Checks) != len(wantReport.Checks) {
						t.Error("another verdict", err)
						return
					}
					if got := d.Evidence(); got.ID != want.ID || got.Time != want.Time || e.ID != want.ID || len(e.Recipients) != len(want.Recipients) {
						t.Error("another value")
						return
					}
				}
			})
		}
		all.Wait()
		e, r, err := d.Verify(ctx, nil)
		require.NoError(t, err)
		require.Equal(t, want, e)
		require.Equal(t, wantReport.Checks, r.Checks)
		require.Equal(t, want, d.Evidence())
	}
}

// TestDocumentIsACopy: what becomes of the caller's bytes does not matter to a
// document, to its value, nor to what either says again.
func TestDocumentIsACopy(t *testing.T) {
	ctx := context.Background()
	one := reftest.KitEvidence(t)[0].XML
	want, wantReport, err := evidence.Verify(ctx, one, nil)
	require.NoError(t, err)
	require.Equal(t, string(one), want.Raw)
	lent := bytes.Clone(one)
	d, err := evidence.Open(lent, nil)
	require.NoError(t, err)
	parsed, err := evidence.Parse(lent, nil)
	require.NoError(t, err)
	clear(lent)
	require.Equal(t, want, parsed)
	for range 3 {
		e, r, err := d.Verify(ctx, nil)
		require.NoError(t, err)
		require.Equal(t, want, e)
		require.Equal(t, wantReport.Checks, r.Checks)
		require.Equal(t, want, d.Evidence())
	}
	d, err = evidence.OpenString(string(one), nil)
	require.NoError(t, err)
	require.Equal(t, want, d.Evidence())
	_, err = evidence.OpenString("<x/>", nil)
	require.ErrorIs(t, err, evidence.ErrNotEvidence)
}
