package xmlsig

import (
	"errors"
	"fmt"
)

// sentinel is an error with a stable code.
type sentinel struct{ code, text string }

func (s *sentinel) Error() string { return s.text }

// Sentinels of what can be wrong with a signature. They arrive wrapped in *Error;
// test with errors.Is.
var (
	// ErrNoSignature: there is no ds:Signature.
	ErrNoSignature error = &sentinel{"no-signature", "no signature"}
	// ErrSeveralSignatures: there is more than one ds:Signature, wherever.
	ErrSeveralSignatures error = &sentinel{"several-signatures", "more than one signature"}
	// ErrMisplaced: the ds:Signature is not a child of the root.
	ErrMisplaced error = &sentinel{"misplaced-signature", "signature is not a child of the root"}
	// ErrStructure: the signature is not built as it must be, or holds comments.
	ErrStructure error = &sentinel{"signature-structure", "signature is not of the form expected"}
	// ErrInstruction: processing instructions outside the root.
	ErrInstruction error = &sentinel{"processing-instruction", "processing instruction outside the root"}
	// ErrDuplicateID: the same identifier twice.
	ErrDuplicateID error = &sentinel{"duplicate-id", "identifier is not unique"}
	// ErrReference: a ds:Reference to something else than the document, its
	// signed properties or its key, one of them missing, or twice.
	ErrReference error = &sentinel{"unexpected-reference", "references are not those expected"}
	// ErrTransform: transforms other than the policy's.
	ErrTransform error = &sentinel{"unexpected-transform", "transform not allowed"}
	// ErrAlgorithm: an algorithm that the policy does not allow.
	ErrAlgorithm error = &sentinel{"algorithm-not-allowed", "algorithm not allowed"}
	// ErrKey: the key is of another kind than the algorithm, or of a size not
	// accepted.
	ErrKey error = &sentinel{"key-not-allowed", "key not accepted"}
	// ErrDigest: a digest does not match; what was signed was altered.
	ErrDigest error = &sentinel{"digest-mismatch", "digest does not match"}
	// ErrSignature: the signature value does not verify.
	ErrSignature error = &sentinel{"signature-mismatch", "signature does not verify"}
	// ErrCertificate: there is no certificate, or it cannot be read.
	ErrCertificate error = &sentinel{"certificate-missing", "no usable certificate"}
	// ErrSigningCertificate: SigningCertificate or SigningCertificateV2 names no
	// certificate of the signature, or is missing.
	ErrSigningCertificate error = &sentinel{"signing-certificate-mismatch", "signing certificate is not the one named"}
	// ErrProperties: the XAdES properties are missing, belong to another
	// signature or cannot be read.
	ErrProperties error = &sentinel{"signed-properties", "signed properties are not those of the signature"}
	// ErrSigning: the signature cannot be made.
	ErrSigning error = &sentinel{"signing", "cannot sign"}
)

// Error tells in which part of a signature something is wrong.
type Error struct {
	// Code is stable, kebab-case.
	Code string
	// Part is the place, for instance "reference 2".
	Part string
	// Detail says what was found and what was expected.
	Detail string
	// Err wraps one of the package's sentinels.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	text := "xml signature: "
	if e.Part != "" {
		text += e.Part + ": "
	}
	text += e.Err.Error()
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Unwrap returns the error below.
func (e *Error) Unwrap() error { return e.Err }

func fail(err error, part, format string, args ...any) *Error {
	e := &Error{Part: part, Detail: fmt.Sprintf(format, args...), Err: err}
	var s *sentinel
	if errors.As(err, &s) {
		e.Code = s.code
	}
	return e
}

// Finding is a remark that makes nothing invalid by itself.
type Finding struct {
	// Code is stable, kebab-case.
	Code string
	// Detail is for a human reader.
	Detail string
}
