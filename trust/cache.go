package trust

import (
	"bytes"
	"hash/maphash"
	"sync/atomic"
)

// cache remembers the plans of signers that passed. It is found by the leaf's
// bytes, hit only by the very same leaf, companions and purpose, bounded, and free of
// locks. Since a plan follows from those alone, a hit gives what a miss
// would; neither revocation nor the From address is part of it.
//
// It is set-associative: variants of one leaf with other companions, which
// anybody can make, compete for the places of that leaf's set only.
type cache struct {
	seed maphash.Seed
	sets []cacheSet
}

const cacheWays = 4

type cacheSet struct {
	ways [cacheWays]atomic.Pointer[plan]
	next atomic.Uint32
}

func newCache(size int) *cache {
	switch {
	case size < 0:
		return nil
	case size == 0:
		size = 256
	}
	return &cache{seed: maphash.MakeSeed(), sets: make([]cacheSet, (size+cacheWays-1)/cacheWays)}
}

// set is chosen by the last bytes of the leaf, which belong to its signature.
func (c *cache) set(leaf []byte) *cacheSet {
	tail := leaf[max(0, len(leaf)-64):]
	return &c.sets[maphash.Bytes(c.seed, tail)%uint64(len(c.sets))]
}

func (c *cache) get(leaf []byte, bag [][]byte, purpose Purpose) *plan {
	if c == nil {
		return nil
	}
	set := c.set(leaf)
	for i := range set.ways {
		if p := set.ways[i].Load(); p != nil && p.is(leaf, bag, purpose) {
			return p
		}
	}
	return nil
}

func (c *cache) put(p *plan) {
	if c == nil {
		return
	}
	size := len(p.leaf)
	for _, b := range p.bag {
		size += len(b)
	}
	if size > maxCachedAround {
		return
	}
	set := c.set(p.leaf)
	for i := range set.ways {
		if have := set.ways[i].Load(); have != nil && have.is(p.leaf, p.bag, p.purpose) {
			return
		}
	}
	for i := range set.ways {
		if set.ways[i].CompareAndSwap(nil, p) {
			return
		}
	}
	set.ways[set.next.Add(1)%cacheWays].Store(p)
}

func (p *plan) is(leaf []byte, bag [][]byte, purpose Purpose) bool {
	if p.purpose != purpose || !bytes.Equal(p.leaf, leaf) || len(p.bag) != len(bag) {
		return false
	}
	for i := range bag {
		if !bytes.Equal(p.bag[i], bag[i]) {
			return false
		}
	}
	return true
}
