package trust

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/certmail/certmail/internal/cms"
)

// Reasons why a signed directory is refused, found with errors.Is.
var (
	// ErrDirectorySignature: the signature is broken, or there is none.
	ErrDirectorySignature = errors.New("trust: signature of the provider directory")
	// ErrDirectorySigner: the signature holds, but nothing makes its signer
	// somebody to believe.
	ErrDirectorySigner = errors.New("trust: signer of the provider directory not trusted")
)

// LoadSignedLDIF reads a provider directory in its published form, LDIF inside
// a CMS SignedData (DER or BER, .p7m; RFC 6109 §4.5). Every signature has to
// hold, and at least one signer has to be trusted at the given time: by a path
// to what the store believes, or by being among o.Signers. A directory that
// was refused is not returned.
//
// The store is only asked; to judge messages against the directory, put it
// into the Material of a new one. Without o.Date, the signer's signing time
// dates the copy.
func LoadSignedLDIF(p7m io.Reader, s *Store, at time.Time, o *DirectoryOptions) (*Directory, error) {
	if o == nil {
		o = &DirectoryOptions{}
	}
	limit := o.Limits.withDefaults().Bytes + 1<<20 // for the wrapping
	data, err := io.ReadAll(io.LimitReader(p7m, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("trust: signed directory: %w", err)
	}
	limits := &cms.Limits{Size: limit}
	if data, err = cms.Decode(data, limits); err != nil { // PEM and base64 are met too
		return nil, fmt.Errorf("%w: %w", ErrDirectorySignature, err)
	}
	sd, err := cms.Parse(data, limits)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDirectorySignature, err)
	}
	if !sd.HasContent {
		return nil, fmt.Errorf("%w: the file has a signature and no content", ErrDirectorySignature)
	}
	var found findingList
	signer, signed, err := directorySigner(sd, s, at, o.Signers, &found)
	if err != nil {
		return nil, err
	}
	options := *o
	if options.Date.IsZero() {
		options.Date = signed
	}
	d, err := LoadLDIF(bytes.NewReader(sd.Content), &options)
	if err != nil {
		return nil, err
	}
	d.signer = signer
	d.findings = append(append(d.findings, found.all()...), signer.Findings...)
	return d, nil
}

// directorySigner verifies all signatures and returns the first signer that is
// trusted, with the time at which it says it signed.
func directorySigner(sd *cms.SignedData, s *Store, at time.Time, given []*x509.Certificate, found *findingList) (*Signer, time.Time, error) {
	if sd.EContentType != cms.TypeData {
		found.add("directory-content-type", "the content is of type "+sd.EContentType+", not data")
	}
	if n := len(sd.Signers); n > 1 {
		found.add("directory-several-signers", fmt.Sprintf("%d signers", n))
	}
	var trusted *Signer
	var signed time.Time
	var distrust error
	for i := range sd.Signers {
		cert, result := verifyAttached(sd, i, given)
		if result.Err != nil {
			return nil, time.Time{}, fmt.Errorf("%w: signer %d: %w", ErrDirectorySignature, i+1, result.Err)
		}
		if result.Digest == crypto.SHA1 {
			found.add("weak-digest", fmt.Sprintf("signer %d signs a SHA-1 digest", i+1))
		}
		signer, err := trustDirectorySigner(sd, s, cert, at, given)
		switch {
		case err != nil:
			distrust = fmt.Errorf("%w: signer %d, %s: %w", ErrDirectorySigner, i+1, organization(cert), err)
		case trusted == nil:
			trusted, signed = signer, result.SigningTime
		}
	}
	if trusted == nil {
		return nil, time.Time{}, distrust
	}
	return trusted, signed, nil
}

// verifyAttached checks one signature over the content inside, with the
// certificate that the file or the caller has for it.
func verifyAttached(sd *cms.SignedData, i int, given []*x509.Certificate) (*x509.Certificate, cms.Result) {
	digest := func(h crypto.Hash) ([]byte, error) {
		if !h.Available() {
			return nil, cms.ErrUnsupportedAlgorithm
		}
		return sum(h, sd.Content), nil
	}
	certs := make([]*x509.Certificate, 0, 2)
	for _, raw := range sd.CandidatesOf(i) {
		if c, err := parseBounded(raw); err == nil {
			certs = append(certs, c)
		}
	}
	result := cms.Result{Err: cms.ErrCertificateMissing}
	for _, c := range append(certs, given...) {
		r := sd.Verify(i, c, digest)
		if r.Err == nil {
			return c, r
		}
		if !errors.Is(r.Err, cms.ErrCertificateMismatch) {
			result = r
		}
	}
	return nil, result
}

// trustDirectorySigner asks the store, unless the caller named the signer.
func trustDirectorySigner(sd *cms.SignedData, s *Store, cert *x509.Certificate, at time.Time, given []*x509.Certificate) (*Signer, error) {
	if s == nil {
		var err error
		if s, err = NewStore(Material{}, nil); err != nil {
			return nil, err
		}
	}
	signer := s.Evaluate(Query{Leaf: cert.Raw, Bag: sd.Certificates, At: at, Now: at, CRLs: sd.CRLs})
	if signer.AtEvent.Status == Unknown {
		for _, c := range given {
			if c.Equal(cert) {
				signer = pinnedSigner(cert, at)
				break
			}
		}
	}
	if signer.AtEvent.Status != Passed {
		return nil, signer.AtEvent.Err
	}
	if c := signer.Check(CheckRevocation); c.Status == Failed {
		return nil, errors.New(c.Detail)
	}
	return signer, nil
}

// pinnedSigner judges a certificate that the caller believes as it is.
func pinnedSigner(cert *x509.Certificate, at time.Time) *Signer {
	s := &Store{anchors: []anchor{{cert: cert}}}
	return s.Evaluate(Query{Leaf: cert.Raw, At: at, Now: at})
}
