package outbox

import (
	"container/list"
	"hash/crc32"
	"sync"
	"time"

	"github.com/certmail/certmail/receipt"
)

// keptFor is how long bytes are kept: what is not claimed by then is sent by
// somebody else, or not soon.
const keptFor = time.Minute

// kept holds bytes between Submit and the claim, where both are in one process
// and soon after each other: they are durable, and need not be read back. When
// it is full, bytes that come are not kept: those that are in it are claimed
// first.
type kept struct {
	most int64

	mu     sync.Mutex
	size   int64
	places map[receipt.Digest]*list.Element
	order  list.List // of *keeping, in the order of coming
}

type keeping struct {
	digest receipt.Digest
	data   []byte
	sum    uint32
	since  time.Time
}

// checksum is made before bytes go to the store, which digests them: it notices a
// store of the caller's that writes into what it was given to read.
func checksum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

func newKept(most int64) *kept {
	return &kept{most: most, places: map[receipt.Digest]*list.Element{}}
}

func (k *kept) put(digest receipt.Digest, data []byte, sum uint32, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for e := k.order.Front(); e != nil && now.Sub(e.Value.(*keeping).since) >= keptFor; e = k.order.Front() {
		k.drop(e)
	}
	if k.places[digest] == nil && k.size+int64(len(data)) <= k.most {
		k.places[digest] = k.order.PushBack(&keeping{digest, data, sum, now})
		k.size += int64(len(data))
	}
}

func (k *kept) drop(e *list.Element) *keeping {
	old := k.order.Remove(e).(*keeping)
	delete(k.places, old.digest)
	k.size -= int64(len(old.data))
	return old
}

// take returns bytes and keeps them no longer; nil for none, and for bytes that are
// not what was put.
func (k *kept) take(digest receipt.Digest) []byte {
	k.mu.Lock()
	var old *keeping
	if e := k.places[digest]; e != nil {
		old = k.drop(e)
	}
	k.mu.Unlock()
	if old == nil || checksum(old.data) != old.sum {
		return nil
	}
	return old.data
}
