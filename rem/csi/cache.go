package csi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// Cache holds documents that were believed, by the URL of their supply point,
// as EN 319 532-4 §C.2.3.5 c wants it: work goes on with the copies at hand, and
// only Refresh, when the caller decides, asks the source for a newer one. It is
// safe for concurrent use.
type Cache struct {
	source tsl.Source
	parse  *Options

	mu   sync.RWMutex
	held map[string]*Document
}

// NewCache makes an empty cache over a source of the caller's. Nothing is
// fetched before Refresh.
func NewCache(source tsl.Source, parse *Options) *Cache {
	return &Cache{source: source, parse: parse, held: map[string]*Document{}}
}

// Get returns the copy at hand, nil without one. It was believed when it was
// fetched: to know whether it is still in use, and the service still in good
// standing, Verify it with the present time.
func (c *Cache) Get(location string) *Document {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.held[location]
}

// ErrNotRefreshed: the copy at hand stays as it was.
var ErrNotRefreshed = errors.New("csi: document not refreshed")

// Refresh asks for the document at a URL, and its digest file, and keeps it if
// its verdict is valid. The digest file is fetched first: when it fits the copy
// at hand, that one is verified again and nothing more is fetched. A missing
// digest file is a finding.
//
// On an error, which wraps ErrNotRefreshed and the reason, the copy at hand
// stays; the Verification, where there is one, says what was wrong. Sequence
// number and location are compared with the copy at hand, o.LastSequence and
// o.Location need not be set.
func (c *Cache) Refresh(ctx context.Context, location string, o VerifyOptions) (*Verification, error) {
	have := c.Get(location)
	o.Location = location
	if have != nil {
		o.LastSequence = max(o.LastSequence, have.Scheme.Sequence)
	}
	var without error
	o.DigestFile, without = c.fetch(ctx, DigestLocation(location))
	d := have
	if have == nil || without != nil || tsl.CompareDigest(have.Raw(), o.DigestFile) != nil {
		data, err := c.fetch(ctx, location)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotRefreshed, err)
		}
		if d, err = Parse(data, c.parse); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotRefreshed, err)
		}
	}
	v := d.Verify(&o)
	if without != nil {
		v.Findings = append(v.Findings, trust.Finding{Code: "no-digest-file", Detail: without.Error()})
	}
	if have != nil && d.Scheme.Sequence == have.Scheme.Sequence && d.Digest() != have.Digest() {
		v.Findings = append(v.Findings, trust.Finding{Code: "same-sequence-other-content", Detail: fmt.Sprintf("two documents of sequence number %d", d.Scheme.Sequence)})
	}
	if v.Verdict() != trust.Valid {
		err := v.Err
		if err == nil {
			err = fmt.Errorf("%w: %s", ErrSigner, v.Check(CheckSigner).Detail)
		}
		return v, fmt.Errorf("%w: %w", ErrNotRefreshed, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.held[location]; now == nil || now.Scheme.Sequence <= d.Scheme.Sequence {
		c.held[location] = d
	}
	return v, nil
}

func (c *Cache) fetch(ctx context.Context, location string) ([]byte, error) {
	if location == "" {
		return nil, fmt.Errorf("%w: no place to fetch it from", tsl.ErrFetch)
	}
	if c.source == nil {
		return nil, fmt.Errorf("%w: no source given", tsl.ErrFetch)
	}
	return c.source.Fetch(ctx, location)
}

// IssueAt returns the issue that was in use at a time, out of the present one
// and the earlier ones (see Scheme.History and CheckHistory): the last that had
// been issued by then. Nil when none had.
func IssueAt(issues []*Document, at time.Time) *Document {
	var found *Document
	for _, d := range issues {
		if d == nil || d.Scheme.Issued.IsZero() || d.Scheme.Issued.After(at) {
			continue
		}
		if found == nil || d.Scheme.Issued.After(found.Scheme.Issued) ||
			d.Scheme.Issued.Equal(found.Scheme.Issued) && d.Scheme.Sequence > found.Scheme.Sequence {
			found = d
		}
	}
	return found
}
