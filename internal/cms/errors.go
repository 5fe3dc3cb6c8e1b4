package cms

import (
	"errors"
	"fmt"
	"strings"
)

// Sentinels of everything that can be wrong. They arrive wrapped in *Error;
// test with errors.Is. A Result may carry several at once.
var (
	// ErrNotSignedData: the input is no CMS SignedData at all.
	ErrNotSignedData = errors.New("not a CMS SignedData")
	// ErrTooLarge: a size or a count is above its limit (see Limits).
	ErrTooLarge = errors.New("too large")
	// ErrTooDeep: values are nested deeper than the limit.
	ErrTooDeep = errors.New("nested too deep")
	// ErrTruncated: a value claims more octets than there are.
	ErrTruncated = errors.New("truncated")
	// ErrMalformed: the ASN.1 is broken or not of the form RFC 5652 gives.
	ErrMalformed = errors.New("malformed")
	// ErrNoSigners: a SignedData that nobody signed, or a signer that is not there.
	ErrNoSigners = errors.New("no signers")
	// ErrNoSignedAttributes: the signer has no signed attributes, without which
	// nothing binds the signature to a precomputed digest in a safe way.
	ErrNoSignedAttributes = errors.New("no signed attributes")
	// ErrAttribute: a signed attribute is duplicated or has other than one value.
	ErrAttribute = errors.New("unacceptable signed attribute")
	// ErrContentType: the contentType attribute is missing, not single, or not
	// the type of the content (RFC 5652 §11.1).
	ErrContentType = errors.New("contentType attribute does not match")
	// ErrMessageDigest: the messageDigest attribute is missing, not single, or
	// not the digest of the content: the content was altered.
	ErrMessageDigest = errors.New("messageDigest does not match")
	// ErrSignature: the signature over the attributes does not verify.
	ErrSignature = errors.New("signature does not verify")
	// ErrCertificateMissing: no certificate of the signer is at hand.
	ErrCertificateMissing = errors.New("the signer's certificate is missing")
	// ErrCertificateMismatch: the certificate given is not the one the signer names.
	ErrCertificateMismatch = errors.New("not the certificate the signer names")
	// ErrUnsupportedAlgorithm: a digest or signature algorithm, named by its
	// OID in the error's text, that is not supported.
	ErrUnsupportedAlgorithm = errors.New("unsupported algorithm")
	// ErrAlgorithmMismatch: digest, signature algorithm and key contradict each other.
	ErrAlgorithmMismatch = errors.New("algorithms contradict each other")
	// ErrAlgorithmProtection: the CMSAlgorithmProtection attribute (RFC 6211)
	// names other algorithms than the signer uses.
	ErrAlgorithmProtection = errors.New("CMSAlgorithmProtection does not match")
	// ErrESSCertificate: the signing-certificate attribute (RFC 2634, RFC 5035)
	// names another certificate.
	ErrESSCertificate = errors.New("signing-certificate attribute does not match")
	// ErrKeySize: an RSA key below 1024 or above 16384 bits.
	ErrKeySize = errors.New("RSA key size not accepted")
	// ErrKeyMismatch: the private key does not belong to the certificate.
	ErrKeyMismatch = errors.New("the key is not the certificate's")
)

// Error tells in which part of a SignedData something is wrong.
type Error struct {
	// Part is the place, for instance "signer 1: contentType".
	Part string
	// Err wraps one of the package's sentinels, or an error of the caller's
	// own digest function or key.
	Err error
}

// Error implements error.
func (e *Error) Error() string { return "cms: " + e.Part + ": " + e.Err.Error() }

// Unwrap returns the error below.
func (e *Error) Unwrap() error { return e.Err }

// Finding is a remark that makes nothing invalid by itself.
type Finding struct {
	// Code is stable, kebab-case.
	Code string
	// Detail is for a human reader.
	Detail string
}

// failures is the error of a Result with more than one trouble.
type failures []error

func (f failures) Error() string {
	var b strings.Builder
	for i, err := range f {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(err.Error())
	}
	return b.String()
}

func (f failures) Unwrap() []error { return f }

// add joins one more error to those collected so far (nil, one, or failures).
func add(err, more error) error {
	switch e := err.(type) {
	case nil:
		return more
	case failures:
		return append(e, more)
	default:
		return failures{err, more}
	}
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}
