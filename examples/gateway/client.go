package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/certmail/certmail/transport"
)

// gateway is a client of the service: a way to send and a mailbox.
type gateway struct {
	url    string
	token  func() string
	client *http.Client
}

var (
	_ transport.Sender  = (*gateway)(nil)
	_ transport.Mailbox = (*gateway)(nil)
)

// newGateway makes a client. The token is asked for at each call and kept
// nowhere, so that no program prints it by mistake.
func newGateway(base string, roots *x509.CertPool, token func() string) *gateway {
	return &gateway{base, token, &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 8},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // nobody else is asked
	}}
}

// submission is what is posted to /send.
type submission struct {
	From    string   `json:"from"`
	To      []string `json:"to"`
	Message []byte   `json:"message"` // base64
}

// refusal is the service's answer when it does not do what it was asked.
type refusal struct {
	Error  string `json:"error"` // deferred, refused, login, cursor, not-found
	Code   int    `json:"code,omitempty"`
	Status string `json:"status,omitempty"`
	Text   string `json:"text,omitempty"`
}

// Send implements transport.Sender.
func (g *gateway) Send(ctx context.Context, m *transport.Message) error {
	message, err := io.ReadAll(m.Reader())
	if err == nil && int64(len(message)) != m.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return &transport.Error{Outcome: transport.Refused, Err: err}
	}
	data, err := json.Marshal(submission{m.From, m.To, message})
	if err != nil {
		return &transport.Error{Outcome: transport.Refused, Err: err}
	}
	body := &body{rest: data}
	answer, err := g.ask(ctx, http.MethodPost, "/send", nil, body, int64(len(data)))
	if err == nil {
		return answer.Close()
	}
	why, answered := errors.AsType[*told](err)
	switch {
	case answered && why.refusal.Error == "login":
		return &transport.Error{Outcome: transport.Refused, Code: why.Code, Status: why.Status, Text: why.Text, Err: transport.ErrLogin}
	case answered && why.refusal.Error == "deferred":
		return &transport.Error{Outcome: transport.Deferred, Code: why.Code, Status: why.Status, Text: why.Text}
	case answered && why.refusal.Error == "refused":
		return &transport.Error{Outcome: transport.Refused, Code: why.Code, Status: why.Status, Text: why.Text}
	case body.end():
		// The service had all of it: only its own answer tells what it did,
		// and not that of a proxy on the way either.
		return &transport.Error{Outcome: transport.Uncertain, Err: err}
	}
	return &transport.Error{Outcome: transport.Deferred, Err: err}
}

// body gives out a request and knows whether it gave its last byte: without
// that, the service cannot have acted.
type body struct {
	mu    sync.Mutex
	rest  []byte
	ended bool
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended || len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// end gives out nothing more, and tells whether all was given.
func (b *body) end() (all bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	return len(b.rest) == 0
}

// told is what the service answered.
type told struct{ refusal }

func (t *told) Error() string { return t.refusal.Error }

// Unwrap says what it means in terms of package transport.
func (t *told) Unwrap() error {
	switch t.refusal.Error {
	case "login":
		return transport.ErrLogin
	case "cursor":
		return transport.ErrCursor
	case "not-found":
		return transport.ErrNotFound
	}
	return nil
}

// ask makes one request. The error is a *told where the service answered.
func (g *gateway) ask(ctx context.Context, method, path string, query url.Values, body io.Reader, size int64) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, g.url+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = size
	request.Header.Set("Authorization", "Bearer "+g.token())
	answer, err := g.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if answer.StatusCode/100 == 2 {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	var why told
	if err := json.NewDecoder(io.LimitReader(answer.Body, 64<<10)).Decode(&why.refusal); err != nil || why.refusal.Error == "" {
		return nil, fmt.Errorf("gateway: HTTP status %s", answer.Status)
	}
	return nil, fmt.Errorf("gateway: %w", &why)
}

// do asks for something whose answer is JSON, or nothing.
func (g *gateway) do(ctx context.Context, method, path string, query url.Values, data []byte, into any) error {
	answer, err := g.ask(ctx, method, path, query, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	defer answer.Close()
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer).Decode(into)
}

// page is an answer of /list.
type page struct {
	Items  []transport.Item `json:"items"`
	Cursor transport.Cursor `json:"cursor"`
}

// List implements transport.Mailbox.
func (g *gateway) List(ctx context.Context, folder string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor, error) {
	got := page{Cursor: since}
	err := g.do(ctx, http.MethodGet, "/list", url.Values{"folder": {folder}, "since": {string(since)}, "limit": {strconv.Itoa(limit)}}, nil, &got)
	if err != nil {
		return nil, since, err
	}
	return got.Items, got.Cursor, nil
}

// Fetch implements transport.Mailbox.
func (g *gateway) Fetch(ctx context.Context, folder string, id transport.ID) (io.ReadCloser, error) {
	return g.ask(ctx, http.MethodGet, "/message", url.Values{"folder": {folder}, "id": {string(id)}}, nil, 0)
}

// Append implements transport.Mailbox.
func (g *gateway) Append(ctx context.Context, folder string, flags []string, at time.Time, message io.Reader, size int64) (id transport.ID, err error) {
	data, err := io.ReadAll(io.LimitReader(message, size+1))
	if err == nil && int64(len(data)) != size {
		err = fmt.Errorf("gateway: append: %w: not %d bytes", io.ErrUnexpectedEOF, size)
	}
	if err != nil {
		return "", err
	}
	query := url.Values{"folder": {folder}, "flag": flags}
	if !at.IsZero() {
		query.Set("at", at.Format(time.RFC3339Nano))
	}
	err = g.do(ctx, http.MethodPost, "/message", query, data, &id)
	return id, err
}

// SetFlags implements transport.Mailbox.
func (g *gateway) SetFlags(ctx context.Context, folder string, id transport.ID, flags []string) error {
	return g.do(ctx, http.MethodPut, "/flags", url.Values{"folder": {folder}, "id": {string(id)}, "flag": flags}, nil, nil)
}

// Move implements transport.Mailbox.
func (g *gateway) Move(ctx context.Context, folder string, id transport.ID, to string) error {
	return g.do(ctx, http.MethodPost, "/move", url.Values{"folder": {folder}, "id": {string(id)}, "to": {to}}, nil, nil)
}

// Delete implements transport.Mailbox.
func (g *gateway) Delete(ctx context.Context, folder string, id transport.ID) error {
	return g.do(ctx, http.MethodDelete, "/message", url.Values{"folder": {folder}, "id": {string(id)}}, nil, nil)
}

// Wait implements transport.Mailbox. The service answers when there is news, and
// from time to time without any.
func (g *gateway) Wait(ctx context.Context, folder string, since transport.Cursor) error {
	for {
		news := false
		err := g.do(ctx, http.MethodGet, "/wait", url.Values{"folder": {folder}, "since": {string(since)}}, nil, &news)
		if err != nil || news {
			return err
		}
	}
}
