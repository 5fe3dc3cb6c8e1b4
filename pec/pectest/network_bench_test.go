package pectest_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkNetwork: messages through two providers, against the cost of the
// RSA signatures in them: acceptance, envelope, take-charge and delivery. At
// most three times that.
func BenchmarkNetwork(b *testing.B) {
	n := network(b, nil)
	a := account(b, n, anna)
	key := a.Provider().Signer.Key.(*rsa.PrivateKey)
	const batch = 20
	number := 0
	ours := func() time.Duration {
		start := time.Now()
		for range batch {
			number++
			message := plain(anna, bruno, "7f3c@", fmt.Sprintf("%d@", number))
			require.NoError(b, a.Submit(context.Background(), anna, []string{bruno}, message))
		}
		n.Settle()
		return time.Since(start)
	}
	signatures := func() time.Duration {
		start := time.Now()
		sum := sha256.Sum256([]byte("attributes"))
		for range 4 * batch {
			_, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
			require.NoError(b, err)
		}
		return time.Since(start)
	}
	ours()
	var mine, limit time.Duration
	b.ReportAllocs()
	for b.Loop() {
		mine += ours()
		limit += signatures()
	}
	b.ReportMetric(float64(mine)/float64(limit), "x-signatures")
	b.ReportMetric(float64(mine.Microseconds())/float64(b.N*batch), "µs/message")
	b.ReportMetric(0, "ns/op")
	require.Len(b, inbox(b, n, bruno), number)
}
