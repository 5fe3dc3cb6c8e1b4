package main

import (
	"bytes"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport"
)

// service is the gateway itself: one account of a network over HTTP.
type service struct {
	url    string
	roots  *x509.CertPool
	server *http.Server
	anna   *pectest.Account
	sender transport.Sender
	box    transport.Mailbox
}

// longPoll is how long /wait waits.
const longPoll = 20 * time.Second

func serve(network *pectest.Network, anna *pectest.Account) (*service, error) {
	certificate, err := network.Authority().ServerCertificate("localhost", "127.0.0.1")
	if err != nil {
		return nil, err
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return nil, err
	}
	s := &service{url: "https://" + ln.Addr().String(), roots: x509.NewCertPool(), anna: anna, sender: anna.Sender(), box: anna.Transport()}
	s.roots.AddCert(network.Authority().Certificate())
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"POST /send": s.send, "GET /list": s.list, "GET /message": s.fetch, "POST /message": s.append,
		"DELETE /message": s.delete, "PUT /flags": s.flags, "POST /move": s.move, "GET /wait": s.wait,
	} {
		mux.HandleFunc(pattern, s.guarded(handle))
	}
	ctx, stop := context.WithCancel(context.Background())
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	s.server.RegisterOnShutdown(stop)
	go func() { _ = s.server.Serve(ln) }()
	return s, nil
}

// Close ends the service.
func (s *service) Close() error { return s.server.Close() }

// guarded asks for the token, and turns errors into answers.
func (s *service) guarded(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		want := "Bearer " + s.anna.Password()
		err := error(&transport.Error{Outcome: transport.Refused, Err: transport.ErrLogin})
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(want)) == 1 {
			err = handle(w, r)
		}
		if err == nil {
			return
		}
		known, _ := errors.AsType[*transport.Error](err)
		status, why := http.StatusInternalServerError, refusal{Error: "refused", Text: "internal error"}
		if known != nil {
			why = refusal{Error: known.Outcome.String(), Code: known.Code, Status: known.Status, Text: known.Text}
			status = http.StatusUnprocessableEntity
		}
		switch {
		case errors.Is(err, transport.ErrLogin):
			status, why.Error = http.StatusUnauthorized, "login"
		case errors.Is(err, transport.ErrCursor):
			status, why.Error = http.StatusGone, "cursor"
		case errors.Is(err, transport.ErrNotFound):
			status, why.Error = http.StatusNotFound, "not-found"
		case known == nil:
		case known.Outcome == transport.Uncertain:
			panic(http.ErrAbortHandler) // as the network's fault has it: the line breaks without an answer
		case known.Outcome == transport.Deferred:
			status = http.StatusServiceUnavailable
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(why)
	}
}

func (s *service) send(w http.ResponseWriter, r *http.Request) error {
	var m submission
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		return &transport.Error{Outcome: transport.Refused, Text: "not a submission"}
	}
	return s.sender.Send(r.Context(), &transport.Message{From: m.From, To: m.To, Source: bytes.NewReader(m.Message), Size: int64(len(m.Message))})
}

// asked are the folder and the message that a request is about.
func asked(r *http.Request) (folder string, id transport.ID) {
	return r.URL.Query().Get("folder"), transport.ID(r.URL.Query().Get("id"))
}

func (s *service) list(w http.ResponseWriter, r *http.Request) error {
	folder, _ := asked(r)
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil {
		return err
	}
	items, cursor, err := s.box.List(r.Context(), folder, transport.Cursor(r.URL.Query().Get("since")), limit)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(page{items, cursor})
}

func (s *service) fetch(w http.ResponseWriter, r *http.Request) error {
	folder, id := asked(r)
	message, err := s.box.Fetch(r.Context(), folder, id)
	if err != nil {
		return err
	}
	defer message.Close()
	if _, err := io.Copy(w, message); err != nil {
		panic(http.ErrAbortHandler) // it must not look complete
	}
	return nil
}

func (s *service) append(w http.ResponseWriter, r *http.Request) error {
	folder, _ := asked(r)
	var at time.Time
	if text := r.URL.Query().Get("at"); text != "" {
		var err error
		if at, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return err
		}
	}
	id, err := s.box.Append(r.Context(), folder, r.URL.Query()["flag"], at, r.Body, r.ContentLength)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(id)
}

func (s *service) delete(_ http.ResponseWriter, r *http.Request) error {
	folder, id := asked(r)
	return s.box.Delete(r.Context(), folder, id)
}

func (s *service) flags(_ http.ResponseWriter, r *http.Request) error {
	folder, id := asked(r)
	return s.box.SetFlags(r.Context(), folder, id, r.URL.Query()["flag"])
}

func (s *service) move(_ http.ResponseWriter, r *http.Request) error {
	folder, id := asked(r)
	return s.box.Move(r.Context(), folder, id, r.URL.Query().Get("to"))
}

func (s *service) wait(w http.ResponseWriter, r *http.Request) error {
	folder, _ := asked(r)
	ctx, cancel := context.WithTimeout(r.Context(), longPoll)
	defer cancel()
	err := s.box.Wait(ctx, folder, transport.Cursor(r.URL.Query().Get("since")))
	if err != nil && ctx.Err() == nil {
		return err
	}
	return json.NewEncoder(w).Encode(err == nil)
}
