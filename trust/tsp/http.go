package tsp

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/certmail/certmail/trust"
)

// Media types of the protocol over HTTP (RFC 3161 §3.4).
const (
	QueryType = "application/timestamp-query"
	ReplyType = "application/timestamp-reply"
)

// HTTPSource asks an authority over HTTP (RFC 3161 §3.4). It does not change
// while in use and may be used by several goroutines as far as Random may.
//
// It follows no redirection: a time-stamp comes from where it was asked.
type HTTPSource struct {
	// URL of the authority, https or http. What is sent is a digest and a
	// random number; the answer is signed.
	URL string
	// Client does the talking, with its own time limits; needed.
	Client *http.Client
	// Credentials, if any, is asked before each request for what is sent by
	// basic authentication, over https only. No value keeps the secret.
	Credentials func(context.Context) (user, secret string, err error)
	// Policy, if any, is asked for and must be that of the token, dotted.
	Policy string
	// Random is where nonces come from; crypto/rand when nil.
	Random io.Reader
	// Now is the clock that the time stated is compared with, to within Skew
	// to either side (DefaultSkew when zero); nil leaves that out, and then the
	// nonce alone shows that the answer is fresh.
	Now  func() time.Time
	Skew time.Duration
	// Store, if not nil, must trust the authority (see Query.Store).
	Store *trust.Store
	// Limits of the answer; nil means the defaults.
	Limits *Limits
}

var _ Source = (*HTTPSource)(nil)

// TimeStamp asks for a token over data with the given digest (SHA-256, SHA-384
// or SHA-512) and returns it when the answer is what was asked: granted, with
// the imprint, the nonce and the policy of the request, signed by the
// certificate inside, which is one for time-stamping, at this time.
//
// Errors wrap ErrRequest, ErrTransport (with what the client said, or the
// context), ErrRejected (a *StatusError), ErrNotTrusted, or a reason of Parse
// and Verify.
func (s *HTTPSource) TimeStamp(ctx context.Context, imprint []byte, h crypto.Hash) ([]byte, error) {
	if h == crypto.SHA1 {
		return nil, partError("request", ErrRequest, "SHA-1")
	}
	random := s.Random
	if random == nil {
		random = rand.Reader
	}
	nonce, err := NewNonce(random)
	if err != nil {
		return nil, err
	}
	ask := Request{HashAlgorithm: h, Imprint: imprint, Policy: s.Policy, Nonce: nonce, Certificate: true}
	body, err := ask.Marshal()
	if err != nil {
		return nil, err
	}
	answer, kind, err := s.post(ctx, body)
	if err != nil {
		return nil, err
	}
	resp, err := ParseResponseWithin(answer, s.Limits)
	if err != nil {
		if kind != ReplyType {
			return nil, partError("response", ErrTransport, "an answer of type %q: %w", kind, err)
		}
		return nil, err
	}
	if err := resp.Err(); err != nil {
		return nil, err
	}
	return s.accept(resp.Token, &ask, nonce)
}

// accept checks the token against what was asked.
func (s *HTTPSource) accept(t *Token, ask *Request, nonce *big.Int) ([]byte, error) {
	q := Query{Imprint: OfDigest(ask.Imprint, ask.HashAlgorithm), Nonce: nonce, Store: s.Store, Skew: s.Skew}
	if s.Policy != "" {
		q.Policies = []string{s.Policy}
	}
	if s.Now != nil {
		q.Now = s.Now()
	}
	r := Verify(t, q)
	switch {
	case r.Err != nil:
		return nil, r.Err
	case !q.Now.IsZero() && t.GenTime.Before(q.Now.Add(-skew(s.Skew))):
		return nil, partError("time", ErrTime, "%s is too far back, it is %s", stamp(t.GenTime), stamp(q.Now))
	case s.Store != nil && !r.Trusted:
		chain, revocation := r.Check(CheckSignerChain), r.Check(CheckRevocation)
		detail := chain.Detail
		if chain.Status == trust.Passed {
			detail = revocation.Detail
		}
		return nil, partError("signer", ErrNotTrusted, "%s", detail)
	}
	return bytes.Clone(t.Raw), nil
}

// post sends a request and returns the answer and its media type.
func (s *HTTPSource) post(ctx context.Context, body []byte) (answer []byte, kind string, err error) {
	if s.Client == nil {
		return nil, "", partError("source", ErrRequest, "no HTTP client")
	}
	target, err := url.Parse(s.URL)
	switch {
	case err != nil:
		// The error quotes the URL, with whatever password is in it.
		if bad, ok := errors.AsType[*url.Error](err); ok {
			err = bad.Err
		}
		return nil, "", partError("source", ErrRequest, "URL: %w", err)
	case target.Scheme != "https" && target.Scheme != "http" || target.Host == "":
		return nil, "", partError("source", ErrRequest, "URL: %q is not one of http", target.Redacted())
	case target.User != nil:
		return nil, "", partError("source", ErrRequest, "URL: user and password belong into Credentials")
	case s.Credentials != nil && target.Scheme != "https":
		return nil, "", partError("source", ErrRequest, "credentials are sent over https only")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return nil, "", partError("source", ErrRequest, "%w", err)
	}
	req.Header.Set("Content-Type", QueryType)
	req.Header.Set("Accept", ReplyType)
	if s.Credentials != nil {
		user, secret, err := s.Credentials(ctx)
		if err != nil {
			return nil, "", partError("source", ErrRequest, "credentials: %w", err)
		}
		req.SetBasicAuth(user, secret)
	}
	client := *s.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return nil, "", &Error{Part: "transport", Err: fmt.Errorf("%w: %w", ErrTransport, err)}
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, "", partError("transport", ErrTransport, "HTTP status %s", resp.Status)
	}
	limit := int64(s.Limits.orDefaults().Size)
	answer, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return nil, "", &Error{Part: "transport", Err: fmt.Errorf("%w: %w", ErrTransport, err)}
	case int64(len(answer)) > limit:
		return nil, "", partError("response", ErrTooLarge, "at most %d octets", limit)
	}
	kind, _, err = mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		kind = resp.Header.Get("Content-Type") // only for what the error says
	}
	return answer, kind, nil
}
