package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"

	"github.com/certmail/certmail/receipt"
)

// MemoryBlobs keeps bytes in memory, for tests.
type MemoryBlobs struct {
	mu   sync.RWMutex
	held map[receipt.Digest][]byte
}

var _ Blobs = (*MemoryBlobs)(nil)

// NewMemoryBlobs returns an empty one.
func NewMemoryBlobs() *MemoryBlobs { return &MemoryBlobs{held: map[receipt.Digest][]byte{}} }

// Put implements Blobs.
func (m *MemoryBlobs) Put(ctx context.Context, r io.Reader) (receipt.Digest, int64, error) {
	data, err := io.ReadAll(&cancelled{ctx, r})
	if err != nil {
		return receipt.Digest{}, 0, fmt.Errorf("blob: %w", err)
	}
	sum := receipt.Digest(sha256.Sum256(data))
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.held[sum]; !ok {
		m.held[sum] = data
	}
	return sum, int64(len(data)), nil
}

// Open implements Blobs.
func (m *MemoryBlobs) Open(ctx context.Context, sum receipt.Digest) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	data, ok := m.held[sum]
	if !ok {
		return nil, fmt.Errorf("blob %s: %w", sum, ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// cancelled reads until the context ends.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
