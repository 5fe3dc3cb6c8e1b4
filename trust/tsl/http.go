package tsl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// HTTPSource is a Source that fetches lists from where they are published. It keeps
// nothing. The client is the caller's, with its timeouts, proxies and roots.
type HTTPSource struct {
	// Client is used for every request; nil means that nothing is fetched.
	Client *http.Client
	// MaxBytes is the largest answer that is read, 20 MiB by default.
	MaxBytes int64
	// Plain allows http besides https. Some lists are published so (IE, SK and
	// HU in 2023); their signatures are verified in either case, but anybody on
	// the way can hold an update back.
	Plain bool
}

// Fetch implements Source. Redirections are followed as the client does, but
// never from https to http.
func (h *HTTPSource) Fetch(ctx context.Context, from string) (data []byte, err error) {
	if h.Client == nil {
		return nil, fmt.Errorf("%w: %s: no HTTP client given", ErrFetch, from)
	}
	u, err := url.Parse(from)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	if err := h.allowed(u, nil); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	request.Header.Set("Accept", MediaTypeXML+", application/xml, text/xml, */*;q=0.1")
	client := *h.Client
	follow := client.CheckRedirect
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if err := h.allowed(next.URL, via[0].URL); err != nil {
			return err
		}
		if follow != nil {
			return follow(next, via)
		}
		if len(via) >= 5 {
			return errors.New("more than 5 redirections")
		}
		return nil
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s: %s", ErrFetch, from, response.Status)
	}
	limit := h.MaxBytes
	if limit <= 0 {
		limit = 20 << 20
	}
	data, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrFetch, from, err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%w: %s: %w: more than %d bytes", ErrFetch, from, ErrLimit, limit)
	}
	return data, nil
}

// allowed says whether a URL may be fetched, the last of a row of redirections
// from first.
func (h *HTTPSource) allowed(u, first *url.URL) error {
	switch scheme := strings.ToLower(u.Scheme); {
	case scheme == "https":
		return nil
	case scheme == "http" && h.Plain && (first == nil || strings.EqualFold(first.Scheme, "http")):
		return nil
	}
	return fmt.Errorf("%w: %s: scheme %q is not allowed here", ErrFetch, u.Redacted(), u.Scheme)
}
