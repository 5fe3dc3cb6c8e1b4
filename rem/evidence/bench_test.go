package evidence

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/stretchr/testify/require"
)

// BenchmarkTree is what the XML reader alone takes of BenchmarkParse.
func BenchmarkTree(b *testing.B) {
	xml := kit(b)[0].XML
	lim, _ := (*Options)(nil).limits()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := xmltree.Parse(xml, &lim); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	xml := kit(b)[0].XML
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(xml, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	e, err := Parse(kit(b)[0].XML, nil)
	require.NoError(b, err)
	p := PolicyIT()
	b.ReportAllocs()
	for b.Loop() {
		if len(e.Check(p)) == 0 {
			b.Fatal("deviations")
		}
	}
}

func BenchmarkMarshal(b *testing.B) {
	e := submissionAcceptance()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Marshal(Baseline()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify verifies an evidence of a kit with warm caches.
func BenchmarkVerify(b *testing.B) {
	all := kit(b)
	store, tsa := kitTrust(b, all)
	o := VerifyOptions{Store: store, TSA: tsa, Now: kitNow}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		_, r, err := Verify(ctx, all[0].XML, &o)
		if err != nil || r.Err() != nil {
			b.Fatal(err, r.Err())
		}
	}
}

// floor is the least that verifying can take with crypto/rsa: one verification
// for the evidence, one for its time-stamp, and SHA-256 of the document.
func floor(tb testing.TB, xml []byte, r *Report) func() {
	keys := [2]*rsa.PublicKey{r.Certificate.PublicKey.(*rsa.PublicKey), r.TimeStamp.Certificate.PublicKey.(*rsa.PublicKey)}
	var signatures [2][]byte
	for i, k := range keys {
		signatures[i] = make([]byte, k.Size())
		signatures[i][1] = 1 // any value costs the same
	}
	return func() {
		sum := sha256.Sum256(xml)
		for i, k := range keys {
			require.Error(tb, rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signatures[i]))
		}
	}
}

// What reading takes beyond the XML reader, and verifying beyond its floor:
// medians of one interleaved run. The limits are wide, because the machine may
// be busy with other things; the goal for verifying is 0.6.
func TestCosts(t *testing.T) {
	if testing.Short() {
		t.Skip("times are measured in the full run, where no race detector spoils them")
	}
	all := kit(t)
	store, tsa := kitTrust(t, all)
	xml, o, ctx := all[0].XML, VerifyOptions{Store: store, TSA: tsa, Now: kitNow}, context.Background()
	lim, _ := (*Options)(nil).limits()
	_, r, err := Verify(ctx, xml, &o)
	require.NoError(t, err)
	steps := [4]func(){
		func() { _, err = xmltree.Parse(xml, &lim) },
		func() { _, err = Parse(xml, nil) },
		floor(t, xml, r),
		func() { _, r, err = Verify(ctx, xml, &o) },
	}
	const rounds = 301
	var took [4][rounds]time.Duration
	for n := range rounds {
		for i, step := range steps {
			start := time.Now()
			step()
			took[i][n] = time.Since(start)
			require.NoError(t, err)
		}
	}
	var median [4]time.Duration
	for i := range took {
		slices.Sort(took[i][:])
		median[i] = took[i][rounds/2]
	}
	ratio := float64(median[2]) / float64(median[3])
	t.Logf("tree %v, Parse %v (%v beyond); RSA and SHA-256 %v, Verify %v: %.2f", median[0], median[1], median[1]-median[0], median[2], median[3], ratio)
	require.Less(t, median[1], 4*median[0])
	require.Greater(t, ratio, 0.3)
}
