package pecweb_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryPageIsReached(t *testing.T) {
	pages := crawl(t, handler(t, busy(t)))
	kinds := map[string]int{}
	for path := range pages {
		u, err := url.Parse(path)
		require.NoError(t, err)
		kinds[u.Path]++
	}
	t.Log(kinds)
	for _, path := range []string{"/", "/mailbox", "/message", "/journey", "/log", "/download", "/ca.pem"} {
		require.Positive(t, kinds[path], path)
	}
}
