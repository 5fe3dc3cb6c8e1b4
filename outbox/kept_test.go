package outbox

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
)

func TestKept(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	k := newKept(1000)
	put := func(fill byte, size int, at time.Duration) receipt.Digest {
		data := bytes.Repeat([]byte{fill}, size)
		sum := receipt.Digest(sha256.Sum256(data))
		k.put(sum, data, checksum(data), now.Add(at))
		return sum
	}
	a, b, c := put('a', 400, 0), put('b', 600, time.Second), put('c', 1, time.Second)
	require.Nil(t, k.take(c), "there was no room")
	require.Equal(t, a, put('a', 400, time.Second), "the same again takes none")
	require.EqualValues(t, 1000, k.size)
	require.Equal(t, bytes.Repeat([]byte{'a'}, 400), k.take(a))
	require.Nil(t, k.take(a), "once")
	require.EqualValues(t, 600, k.size)

	d := put('d', 400, keptFor)
	require.EqualValues(t, 1000, k.size, "b is still young")
	put('e', 1, keptFor+time.Second)
	require.Nil(t, k.take(b), "b is old now")
	require.EqualValues(t, 401, k.size)
	require.Len(t, k.places, 2)
	require.Equal(t, 2, k.order.Len())

	k.order.Front().Value.(*keeping).data[7] ^= 1
	require.Nil(t, k.take(d), "damaged")
	require.EqualValues(t, 1, k.size)

	k = newKept(-1)
	require.Nil(t, k.take(put('f', 1, 0)))
	require.Zero(t, k.size)
}
