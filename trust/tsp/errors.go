package tsp

import (
	"errors"
	"fmt"
	"strings"
)

// Sentinels of everything that can be wrong. They arrive wrapped in *Error,
// *StatusError or a Result's Err; test with errors.Is. Reasons that lie in a
// certificate wrap those of package trust too.
var (
	// ErrNotToken: the input is no time-stamp token at all: no CMS SignedData,
	// or one whose content is not a TSTInfo.
	ErrNotToken = errors.New("not a time-stamp token")
	// ErrMalformed: the structure is broken or not of the form that RFC 3161
	// gives.
	ErrMalformed = errors.New("malformed")
	// ErrTooLarge: the input is above a limit (see Limits).
	ErrTooLarge = errors.New("too large")
	// ErrSigners: a token has exactly one signer (RFC 3161 §2.4.2).
	ErrSigners = errors.New("a time-stamp token has exactly one signer")
	// ErrCriticalExtension: a critical extension is not understood.
	ErrCriticalExtension = errors.New("unknown critical extension")
	// ErrAlgorithm: a digest or signature algorithm, or a key, that is not
	// accepted: unknown, or too weak (see Query.AllowWeak).
	ErrAlgorithm = errors.New("algorithm not accepted")
	// ErrSignature: the signature of the token does not hold.
	ErrSignature = errors.New("signature does not hold")
	// ErrSigningCertificate: the signed attribute that names the signer's
	// certificate (ESSCertID, RFC 5816 ESSCertIDv2) is missing or names
	// another one.
	ErrSigningCertificate = errors.New("signing-certificate attribute is missing or names another certificate")
	// ErrNoCertificate: the signer's certificate is neither in the token nor
	// given.
	ErrNoCertificate = errors.New("the signer's certificate is not at hand")
	// ErrSigner: the signer's certificate is not one for time-stamping, or was
	// not in force at the time stated.
	ErrSigner = errors.New("the signer's certificate is not fit")
	// ErrImprint: the token is over other data, or there was nothing to
	// compare it with.
	ErrImprint = errors.New("imprint does not match")
	// ErrPolicy: the token was made under another policy than asked.
	ErrPolicy = errors.New("another policy")
	// ErrNonce: the token has another nonce than asked, or none.
	ErrNonce = errors.New("another nonce")
	// ErrTime: the time stated lies in the future, or, in the answer to a
	// request, too far back.
	ErrTime = errors.New("time not acceptable")
	// ErrRejected: the authority did not grant a token; the error is a
	// *StatusError.
	ErrRejected = errors.New("time-stamp not granted")
	// ErrRequest: a request or a source is not usable as it was set up.
	ErrRequest = errors.New("request not usable")
	// ErrTransport: no answer came, or not one of the protocol.
	ErrTransport = errors.New("no answer from the time-stamping authority")
	// ErrNotTrusted: the Store of a source does not trust the authority.
	ErrNotTrusted = errors.New("time-stamping authority not trusted")
)

// Error tells which part is wrong.
type Error struct {
	// Part is the place, for instance "token", "response", "imprint".
	Part string
	// Err wraps one of the package's sentinels.
	Err error
}

// Error implements error.
func (e *Error) Error() string { return "tsp: " + e.Part + ": " + e.Err.Error() }

// Unwrap returns the error below.
func (e *Error) Unwrap() error { return e.Err }

func partError(part string, sentinel error, format string, args ...any) error {
	return &Error{Part: part, Err: fmt.Errorf("%w: "+format, append([]any{sentinel}, args...)...)}
}

// StatusError is the refusal of an authority (RFC 3161 §2.4.2). It is an
// ErrRejected.
type StatusError struct {
	Status   Status
	Failures []Failure
	// Text is what the authority says to people, untrusted.
	Text []string
}

// Error implements error.
func (e *StatusError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tsp: %v: status %s", ErrRejected, e.Status)
	for _, f := range e.Failures {
		fmt.Fprintf(&b, ", %s", f)
	}
	for _, t := range e.Text {
		fmt.Fprintf(&b, ", %q", t)
	}
	return b.String()
}

// Unwrap makes it an ErrRejected.
func (e *StatusError) Unwrap() error { return ErrRejected }
