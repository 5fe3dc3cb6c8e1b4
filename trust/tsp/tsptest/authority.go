package tsptest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
)

// DefaultPolicy is the policy of tokens unless Config.Policy says otherwise.
const DefaultPolicy = "1.2.3.4.1"

// Config describes an authority. Only Clock is needed.
type Config struct {
	// Clock tells the time of the tokens, to the millisecond.
	Clock func() time.Time
	// Seed decides about keys, certificates and serial numbers.
	Seed uint64
	// Name of the authority; "Certmail Test TSA" when empty. Its certificate
	// has it as common name, that of its root has " Root" behind it.
	Name string
	// Key signs, RSA or ECDSA; an RSA key of 2048 bits when nil. Signatures of
	// a *ecdsa.PrivateKey are made deterministic.
	Key crypto.Signer
	// NotBefore and NotAfter bound the certificate; 2017 to 2046 when zero.
	NotBefore, NotAfter time.Time
	// Policy is that of the tokens, dotted, Accuracy is stated in them when it
	// is not zero, to the microsecond.
	Policy   string
	Accuracy time.Duration
	// Hash is that of the signature: SHA-256 when zero.
	Hash crypto.Hash
	// Qualified adds the claim of EN 319 422 §9.1.
	Qualified bool
	// SHA1 grants imprints by SHA-1, as authorities of old did.
	SHA1 bool
	// Login, if any, says who may ask over HTTP.
	Login func(user, secret string) bool
	// Fault is what is wrong with it; nothing when empty.
	Fault Fault
}

// Authority makes time-stamps. It does not change and may be used by several
// goroutines. It is a tsp.Source that, unlike a real one, does not look at what
// it returns: faults come through.
type Authority struct {
	config Config
	key    crypto.Signer
	root   *x509.Certificate
	signer *x509.Certificate
	bag    [][]byte          // what goes with the tokens
	named  *x509.Certificate // by the signing-certificate attribute
}

var (
	_ tsp.Source   = (*Authority)(nil)
	_ http.Handler = (*Authority)(nil)
)

// New makes an authority with its root.
func New(c Config) (*Authority, error) {
	if c.Clock == nil {
		return nil, errors.New("tsptest: no clock")
	}
	if c.Name == "" {
		c.Name = "Certmail Test TSA"
	}
	if c.Policy == "" {
		c.Policy = DefaultPolicy
	}
	if c.Hash == 0 {
		c.Hash = crypto.SHA256
	}
	if !c.Fault.known() {
		return nil, fmt.Errorf("tsptest: no fault is called %q", c.Fault)
	}
	a := &Authority{config: c}
	a.certify()
	return a, nil
}

// With returns the same authority with a fault; its root stays the same.
func (a *Authority) With(f Fault) (*Authority, error) {
	c := a.config
	c.Fault = f
	return New(c)
}

// Root returns the certificate to trust.
func (a *Authority) Root() *x509.Certificate { return a.root }

// Certificate returns the signer's certificate, as the fault would have it.
func (a *Authority) Certificate() *x509.Certificate { return a.signer }

// Store returns a new store that trusts the root and nothing else.
func (a *Authority) Store() (*trust.Store, error) {
	return trust.NewStore(trust.Material{Anchors: []*x509.Certificate{a.root}}, nil)
}

// TimeStamp makes a token over data with the given digest. A refusal is a
// *tsp.StatusError.
func (a *Authority) TimeStamp(ctx context.Context, imprint []byte, h crypto.Hash) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	token, refusal, err := a.answer(&tsp.Request{HashAlgorithm: h, Imprint: imprint, Certificate: true})
	switch {
	case err != nil:
		return nil, err
	case refusal != nil:
		return nil, refusal
	}
	return token, nil
}

// Respond answers a request (TimeStampReq) with a response (TimeStampResp).
func (a *Authority) Respond(request []byte) ([]byte, error) {
	req, err := tsp.ParseRequest(request)
	if err != nil {
		return response(tsp.Rejection, []tsp.Failure{tsp.BadDataFormat}, err.Error(), nil)
	}
	token, refusal, err := a.answer(req)
	switch {
	case err != nil:
		return nil, err
	case refusal != nil:
		return response(refusal.Status, refusal.Failures, refusal.Text[0], nil)
	case a.config.Fault == WithMods:
		return response(tsp.GrantedWithMods, nil, "", token)
	}
	return response(tsp.Granted, nil, "", token)
}

// answer makes the token, or says why it does not.
func (a *Authority) answer(req *tsp.Request) (token []byte, refusal *tsp.StatusError, err error) {
	refuse := func(why tsp.Failure, text string) ([]byte, *tsp.StatusError, error) {
		return nil, &tsp.StatusError{Status: tsp.Rejection, Failures: []tsp.Failure{why}, Text: []string{text}}, nil
	}
	switch {
	case a.config.Fault == Refuses:
		return refuse(tsp.TimeNotAvailable, "the clock is being set")
	case req.HashAlgorithm == 0, req.HashAlgorithm == crypto.SHA1 && !a.config.SHA1:
		return refuse(tsp.BadAlgorithm, "digest algorithm not accepted")
	case len(req.Imprint) != req.HashAlgorithm.Size():
		return refuse(tsp.BadDataFormat, "imprint of the wrong length")
	case req.Policy != "" && req.Policy != a.config.Policy:
		return refuse(tsp.UnacceptedPolicy, "policy "+req.Policy+" not known")
	case len(req.Extensions) > 0:
		return refuse(tsp.UnacceptedExtension, "no extensions")
	}
	token, err = a.token(req)
	return token, nil, err
}

// ServeHTTP answers requests by POST (RFC 3161 §3.4).
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, secret, _ := r.BasicAuth()
	switch {
	case a.config.Fault == Unavailable:
		http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	case a.config.Login != nil && !a.config.Login(user, secret):
		w.Header().Set("WWW-Authenticate", `Basic realm="tsa"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	case r.Header.Get("Content-Type") != tsp.QueryType:
		http.Error(w, "want "+tsp.QueryType, http.StatusUnsupportedMediaType)
		return
	case a.config.Fault == Babbles:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><body>Welcome to the hotel network</body></html>") // the client has gone, at worst
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<10))
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	answer, err := a.Respond(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", tsp.ReplyType)
	_, _ = w.Write(answer)
}

// deterministic signs by RFC 6979.
type deterministic struct{ *ecdsa.PrivateKey }

func (k deterministic) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.PrivateKey.Sign(nil, digest, opts)
}
