package tsl

import (
	"errors"
	"fmt"
)

// Options adjust reading. A nil pointer and the zero value are the safe
// defaults.
type Options struct {
	// Limits bound what is read.
	Limits Limits
	// AnyVersion accepts lists of other versions than 5 and 6, with a finding.
	// The example lists of EN 319 532-4 call themselves version 1.
	AnyVersion bool
}

// Limits bound what is read of one list; a zero field means its default.
type Limits struct {
	Bytes    int // of the whole list, 20 MiB (the largest real one has about 3)
	Depth    int // of nested elements, 64
	Elements int // 400,000
	Services int // with their history entries, 100,000
	// Certificate is the size of one certificate in DER, 64 KiB. A larger one
	// is left out, with a finding.
	Certificate int
	Findings    int // 1,000; later ones are dropped
}

func (o *Options) limits() Limits {
	var l Limits
	if o != nil {
		l = o.Limits
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Bytes, 20 << 20}, {&l.Depth, 64}, {&l.Elements, 400_000}, {&l.Services, 100_000}, {&l.Certificate, 64 << 10}, {&l.Findings, 1000}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return l
}

// Reasons why a list is not read, found with errors.Is.
var (
	// ErrXML: the bytes are not XML of the kind that is accepted (well-formed,
	// UTF-8, without DOCTYPE, within the limits).
	ErrXML = errors.New("tsl: not readable XML")
	// ErrNotAList: the document is something else.
	ErrNotAList = errors.New("tsl: not a trusted list")
	// ErrVersion: TSLVersionIdentifier is neither 5 nor 6.
	ErrVersion = errors.New("tsl: version of the list not supported")
	// ErrLimit: the list exceeds one of the Limits.
	ErrLimit = errors.New("tsl: limit exceeded")
)

// Reasons why a list is not believed, found with errors.Is in
// Verification.Err and in what NewSet and Load return.
var (
	// ErrUnsigned: there is no signature.
	ErrUnsigned = errors.New("tsl: the list is not signed")
	// ErrSignatures: there is more than one signature, or one in a place where
	// it does not belong.
	ErrSignatures = errors.New("tsl: not exactly one signature of the list")
	// ErrSignature: the signature does not hold, or is of a kind that is not
	// accepted.
	ErrSignature = errors.New("tsl: signature of the list")
	// ErrSigner: the signature holds, but its certificate is none of those
	// given for the list.
	ErrSigner = errors.New("tsl: signer is none of the certificates given for the list")
	// ErrTerritory: the list is of another territory or kind than the pointer
	// says.
	ErrTerritory = errors.New("tsl: list of another territory or kind")
	// ErrSequence: the list is older than one already seen (a rollback).
	ErrSequence = errors.New("tsl: sequence number lower than one already seen")
	// ErrStale: NextUpdate has passed.
	ErrStale = errors.New("tsl: list out of date")
	// ErrClosed: the scheme has ended and its list is closed.
	ErrClosed = errors.New("tsl: list closed")
	// ErrAnchors: the list of lists is signed by nobody that the given
	// certificates introduce.
	ErrAnchors = errors.New("tsl: signer of the list of lists not introduced by the given certificates")
	// ErrNotVerified: a list was offered to a Set whose signature or signer
	// was not accepted.
	ErrNotVerified = errors.New("tsl: list not verified")
	// ErrFetch: the Source did not give a list.
	ErrFetch = errors.New("tsl: list not fetched")
)

// VersionError says which version a list has. It matches ErrVersion.
type VersionError struct{ Version string }

func (e *VersionError) Error() string {
	return fmt.Sprintf("%v: TSLVersionIdentifier %q, expected 5 or 6", ErrVersion, e.Version)
}

// Unwrap returns ErrVersion.
func (e *VersionError) Unwrap() error { return ErrVersion }
