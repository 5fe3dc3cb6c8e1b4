package store

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"github.com/certmail/certmail/receipt"
)

// Verified reads bytes and compares their digest at the end, as Blobs.Open
// promises: ErrCorrupt when it is another; for those who implement Blobs. Close
// closes r.
func Verified(r io.ReadCloser, want receipt.Digest) io.ReadCloser {
	return &verified{from: r, want: want, hash: sha256.New()}
}

type verified struct {
	from io.ReadCloser
	want receipt.Digest
	hash hash.Hash
	err  error
}

func (v *verified) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	n, err := v.from.Read(p)
	v.hash.Write(p[:n])
	if err == io.EOF && receipt.Digest(v.hash.Sum(nil)) != v.want {
		err = fmt.Errorf("blob %x: %w", v.want[:], ErrCorrupt)
	}
	v.err = err
	return n, err
}

func (v *verified) Close() error { return v.from.Close() }
