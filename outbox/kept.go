package outbox

import (
	"container/list"
	"crypto/sha256"
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
	since  time.Time
}

func newKept(most int64) *kept {
	return &kept{most: most, places: map[receipt.Digest]*list.Element{}}
}

func (k *kept) put(digest receipt.Digest, data []byte, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for e := k.order.Front(); e != nil && now.Sub(e.Value.(*keeping).since) >= keptFor; e = k.order.Front() {
		k.drop(e)
	}
	if k.places[digest] == nil && k.size+int64(len(data)) <= k.most {
		k.places[digest] = k.order.PushBack(&keeping{digest, data, now})
		k.size += int64(len(data))
	}
}

func (k *kept) drop(e *list.Element) []byte {
	old := k.order.Remove(e).(*keeping)
	delete(k.places, old.digest)
	k.size -= int64(len(old.data))
	return old.data
}

// take returns bytes, verified, and keeps them no longer; nil for none.
func (k *kept) take(digest receipt.Digest) []byte {
	k.mu.Lock()
	var data []byte
	if e := k.places[digest]; e != nil {
		data = k.drop(e)
	}
	k.mu.Unlock()
	if data == nil || receipt.Digest(sha256.Sum256(data)) != digest {
		return nil
	}
	return data
}
