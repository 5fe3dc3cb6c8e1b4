package tsp

import (
	"context"
	"crypto"
	"fmt"
	"io"
)

// Source makes time-stamps: an HTTPSource, a tsptest.Authority, or the
// caller's own.
type Source interface {
	// TimeStamp returns a token (a CMS ContentInfo, not a response) over data
	// with the given digest. It has checked that the token is what was asked.
	TimeStamp(ctx context.Context, imprint []byte, h crypto.Hash) (token []byte, err error)
}

// StampReader asks src for a token over all that r gives, which is read once
// with a small buffer whatever its size. A zero h means SHA-256.
func StampReader(ctx context.Context, src Source, r io.Reader, h crypto.Hash) (token []byte, err error) {
	if h == 0 {
		h = crypto.SHA256
	}
	imprint, err := OfReader(contextReader{ctx, r})(h)
	if err != nil {
		return nil, &Error{Part: "imprint", Err: fmt.Errorf("reading what is to be stamped: %w", err)}
	}
	return src.TimeStamp(ctx, imprint, h)
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
