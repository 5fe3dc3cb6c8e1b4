package csi_test

import (
	"context"

	"github.com/certmail/certmail/trust/tsl"
)

// counting counts what is fetched.
type counting struct {
	tsl.Files
	count map[string]int
}

func (c counting) Fetch(ctx context.Context, url string) ([]byte, error) {
	c.count[url]++
	return c.Files.Fetch(ctx, url)
}
