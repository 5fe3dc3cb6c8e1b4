package cms

import (
	"bytes"
	"crypto"
	"fmt"
)

// SignedData is a parsed CMS SignedData (RFC 5652 §5.1). Its byte slices are
// ranges of the input of Parse wherever the input is DER: the input must not
// be changed while the SignedData is in use, and whoever keeps a certificate
// for long should clone it.
//
// A SignedData does not change after Parse and may be used by several
// goroutines.
type SignedData struct {
	// Version as written: 1 for S/MIME, 3 when a signer is named by key
	// identifier or the content is not id-data.
	Version int
	// EContentType is the content's type, dotted; TypeData for S/MIME.
	EContentType string
	// HasContent tells that the content is inside (eContent). A detached
	// signature of a message must not have it: the content inside and the
	// message beside could differ.
	HasContent bool
	// Content is the content inside, joined when it comes in pieces; nil when
	// there is none.
	Content []byte
	// Certificates as they are, not parsed, duplicates left out. Nothing
	// vouches for them: anybody can add one to a signed message.
	Certificates [][]byte
	// CRLs as they are (X.509 ones; other revocation data are left out).
	CRLs [][]byte
	// Signers, at least one.
	Signers []SignerInfo
	// BER tells that the encoding is not DER (indefinite lengths, strings in
	// pieces), as some signers that stream write it. No fault of the content.
	BER bool
	// TrailingBytes after the structure.
	TrailingBytes int
	// Findings are remarks about the form.
	Findings []Finding

	contentType  []byte // OID content octets
	lim          Limits
	certificates [4][]byte     // room for Certificates of the usual message
	signers      [1]SignerInfo // and for Signers
}

// Parse reads a SignedData in DER or BER. lim may be nil. It does not accept
// PEM or base64: see Decode.
//
// Errors are of type *Error. A SignedData without signers is refused
// (ErrNoSigners): it proves nothing about any content.
func Parse(p7s []byte, lim *Limits) (*SignedData, error) {
	p := parser{lim: lim.orDefaults()}
	if len(p7s) > p.lim.Size {
		return nil, &Error{Part: "signed data", Err: fmt.Errorf("%w: %d octets, at most %d", ErrTooLarge, len(p7s), p.lim.Size)}
	}
	sd := &SignedData{lim: p.lim}
	sd.Certificates = sd.certificates[:0]
	sd.Signers = sd.signers[:0]
	body, err := p.contentInfo(sd, p7s)
	if err != nil {
		return nil, &Error{Part: "content info", Err: err}
	}
	if err := p.signedData(sd, body); err != nil {
		return nil, err
	}
	sd.BER = p.ber
	return sd, nil
}

// ContentDigest hashes the content inside with h. It has the form of the
// digest function that Verify wants, for signed files (.p7m).
func (sd *SignedData) ContentDigest(h crypto.Hash) ([]byte, error) {
	if !sd.HasContent {
		return nil, fmt.Errorf("%w: the content is not inside", ErrMessageDigest)
	}
	var buf [maxDigest]byte
	digest := digestOf(h, sd.Content, &buf)
	if digest == nil {
		return nil, fmt.Errorf("%w: digest %v", ErrUnsupportedAlgorithm, h)
	}
	return bytes.Clone(digest), nil
}

func (sd *SignedData) finding(code, format string, args ...any) {
	sd.Findings = append(sd.Findings, Finding{Code: code, Detail: fmt.Sprintf(format, args...)})
}

// contentInfo reads the outer ContentInfo and returns the content of the
// SignedData SEQUENCE.
func (p *parser) contentInfo(sd *SignedData, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrNotSignedData)
	}
	if b[0] != tagSequence {
		return nil, fmt.Errorf("%w: it starts with %#02x, not with a SEQUENCE", ErrNotSignedData, b[0])
	}
	outer, rest, err := p.next(b)
	if err != nil {
		return nil, err
	}
	if sd.TrailingBytes = len(rest); len(rest) > 0 {
		if len(bytes.Trim(rest, "\x00")) == 0 {
			sd.finding("trailing-zeros", "%d zero octets after the signature", len(rest))
		} else {
			sd.finding("trailing-data", "%d octets after the signature", len(rest))
		}
	}
	oid, rest, err := p.expect(outer.content, tagOID, "content type")
	if err != nil {
		return nil, notSignedData(err)
	}
	if string(oid.content) != oidSignedData {
		return nil, fmt.Errorf("%w: content type %s", ErrNotSignedData, dotted(oid.content))
	}
	content, rest, err := p.expect(rest, tagExplicit0, "content")
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, malformed("%d octets after the content", len(rest))
	}
	body, rest, err := p.expect(content.content, tagSequence, "SignedData")
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, malformed("%d octets after the SignedData", len(rest))
	}
	return body.content, nil
}

// notSignedData marks a form that is no ContentInfo at all.
func notSignedData(err error) error { return fmt.Errorf("%w: %w", ErrNotSignedData, err) }

func (p *parser) signedData(sd *SignedData, b []byte) error {
	version, b, err := p.expect(b, tagInteger, "version")
	if err != nil {
		return &Error{Part: "signed data", Err: err}
	}
	sd.Version = smallInt(version.content)
	digests, b, err := p.expect(b, tagSet, "digestAlgorithms")
	if err != nil {
		return &Error{Part: "signed data", Err: err}
	}
	encap, b, err := p.expect(b, tagSequence, "encapContentInfo")
	if err != nil {
		return &Error{Part: "signed data", Err: err}
	}
	if err := p.encapsulated(sd, encap.content); err != nil {
		return &Error{Part: "encapsulated content", Err: err}
	}
	var e element
	if len(b) > 0 && b[0] == tagExplicit0 {
		if e, b, err = p.next(b); err == nil {
			err = p.certificates(sd, e.content)
		}
		if err != nil {
			return &Error{Part: "certificates", Err: err}
		}
	}
	if len(b) > 0 && b[0] == tagExplicit1 {
		if e, b, err = p.next(b); err == nil {
			err = p.revocation(sd, e.content)
		}
		if err != nil {
			return &Error{Part: "crls", Err: err}
		}
	}
	infos, b, err := p.expect(b, tagSet, "signerInfos")
	if err != nil {
		return &Error{Part: "signed data", Err: err}
	}
	if len(b) > 0 {
		return &Error{Part: "signed data", Err: malformed("%d octets after the signers", len(b))}
	}
	if err := p.signerInfos(sd, infos.content); err != nil {
		return err
	}
	p.checkDigestList(sd, digests.content)
	return nil
}

// encapsulated reads EncapsulatedContentInfo (RFC 5652 §5.2).
func (p *parser) encapsulated(sd *SignedData, b []byte) error {
	oid, b, err := p.expect(b, tagOID, "eContentType")
	if err != nil {
		return err
	}
	sd.contentType = oid.content
	sd.EContentType = dotted(oid.content)
	if len(b) == 0 {
		return nil
	}
	explicit, b, err := p.expect(b, tagExplicit0, "eContent")
	if err != nil {
		return err
	}
	if len(b) > 0 {
		return malformed("%d octets after eContent", len(b))
	}
	value, rest, err := p.next(explicit.content)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return malformed("%d octets after the content octets", len(rest))
	}
	sd.HasContent = true
	if value.tag&^constructed != tagOctetString {
		// PKCS #7 let the content be any type; its content octets are what is
		// digested (RFC 5652 §5.2.1).
		sd.finding("content-not-octet-string", "the content has identifier %#02x", value.tag)
		sd.Content = value.content
		return nil
	}
	sd.Content, err = p.octets(value)
	return err
}

// certificates reads the bag of certificates. What is no X.509 certificate is
// left out: it must not spoil the rest.
func (p *parser) certificates(sd *SignedData, b []byte) error {
	for n := 1; len(b) > 0; n++ {
		if n > p.lim.Certificates {
			return fmt.Errorf("%w: more than %d certificates", ErrTooLarge, p.lim.Certificates)
		}
		e, rest, err := p.next(b)
		if err != nil {
			return err
		}
		b = rest
		switch {
		case e.tag != tagSequence:
			sd.finding("certificate-other", "entry %d of the certificates has identifier %#02x", n, e.tag)
			continue
		case len(e.raw) > p.lim.CertificateSize:
			sd.finding("certificate-too-large", "entry %d of the certificates has %d octets, at most %d", n, len(e.raw), p.lim.CertificateSize)
			continue
		}
		raw := p.definite(e)
		if !contains(sd.Certificates, raw) {
			sd.Certificates = append(sd.Certificates, raw)
		}
	}
	return nil
}

// revocation reads RevocationInfoChoices (RFC 5652 §10.2.1).
func (p *parser) revocation(sd *SignedData, b []byte) error {
	for n := 1; len(b) > 0; n++ {
		if n > p.lim.Certificates {
			return fmt.Errorf("%w: more than %d CRLs", ErrTooLarge, p.lim.Certificates)
		}
		e, rest, err := p.next(b)
		if err != nil {
			return err
		}
		b = rest
		if e.tag != tagSequence {
			sd.finding("revocation-other", "entry %d of the revocation data has identifier %#02x", n, e.tag)
			continue
		}
		sd.CRLs = append(sd.CRLs, p.definite(e))
	}
	return nil
}

// definite returns the octets of a value that must be DER by its own standard,
// re-encoded when the signer wrote it with an indefinite length.
func (p *parser) definite(e element) []byte {
	if !e.indefinite {
		return e.raw
	}
	if der, err := p.toDER(nil, e.raw, false, p.lim.Depth); err == nil {
		return der
	}
	return e.raw
}

// checkDigestList remarks on a signer whose digest algorithm is not announced
// in digestAlgorithms (RFC 5652 §5.1 lets a reader fail then).
func (p *parser) checkDigestList(sd *SignedData, list []byte) {
	for i := range sd.Signers {
		found := false
		for b := list; len(b) > 0 && !found; {
			algorithm, rest, err := p.next(b)
			if err != nil {
				break
			}
			b = rest
			oid, _, err := p.expect(algorithm.content, tagOID, "digest algorithm")
			found = err == nil && bytes.Equal(oid.content, sd.Signers[i].digestOID)
		}
		if !found {
			sd.finding("digest-not-announced", "digest algorithm %s of signer %d is not among digestAlgorithms", sd.Signers[i].DigestOID, i+1)
		}
	}
}

func contains(list [][]byte, item []byte) bool {
	for _, other := range list {
		if bytes.Equal(other, item) {
			return true
		}
	}
	return false
}

// smallInt returns a version number, -1 when it is no small number.
func smallInt(content []byte) int {
	if len(content) != 1 || content[0] > 0x7f {
		return -1
	}
	return int(content[0])
}
