package xmlsig

import (
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
)

// Signature is what Verify finds. With Err set nothing but Element, Certificates
// (as found, of no authority), the methods and Findings is filled in.
type Signature struct {
	// Element is the ds:Signature. Its content is not part of SignedElement,
	// although it stands inside it.
	Element *xmltree.Element
	// Certificates in ds:KeyInfo, DER, as found. Nothing vouches for them.
	Certificates [][]byte
	// Signer is the certificate, DER, whose key verified and that the signed
	// SigningCertificate(V2) names. Parsed is the same, from
	// Policy.Certificate: possibly shared, do not modify it.
	Signer []byte
	Parsed *x509.Certificate
	// SigningTime is the signer's claim (UTC), zero without one.
	SigningTime time.Time
	// SignedElement is the document's root. It was signed, with everything in
	// it except Element, and comments.
	SignedElement *xmltree.Element
	// Properties is the xades:SignedProperties that was signed; nil without.
	Properties *xmltree.Element
	// Style is how the signature was left out of the document.
	Style TransformStyle
	// DigestMethod of the document and SignatureMethod, as URIs.
	DigestMethod, SignatureMethod string
	// TimeStamps of the signature, from the unsigned properties: each must be
	// verified before it says anything.
	TimeStamps []TimeStamp
	// Findings are remarks that make nothing invalid.
	Findings []Finding
	// Err is nil when the signature holds. It may wrap several *Error, each with
	// a sentinel: ErrDigest for what was altered, ErrSignature for a value that
	// does not verify, others for a signature that is not of the kind expected.
	Err error
}

// OK tells that the document is what the holder of Signer's key signed.
func (s *Signature) OK() bool { return s.Err == nil && s.Signer != nil && s.SignedElement != nil }

func (s *Signature) remark(code, detail string) {
	s.Findings = append(s.Findings, Finding{code, detail})
}

// Verify judges the document's signature. The error is that of Find: there is no
// signature that could be judged. All else is in Signature.Err.
func Verify(doc *xmltree.Document, p *Policy) (*Signature, error) {
	if p == nil {
		p = &Policy{}
	}
	at, err := Find(doc, p)
	if err != nil {
		return nil, err
	}
	v := verifier{doc: doc, p: p, result: &Signature{Element: at}, room: rooms.Get().(*room)}
	defer v.room.release()
	if err := v.run(); err != nil {
		v.result.Err = err
	}
	if !v.kept {
		v.keep(nil)
	}
	if v.result.Err == nil {
		v.accept()
	}
	return v.result, nil
}

type verifier struct {
	doc    *xmltree.Document
	p      *Policy
	parts  parts
	result *Signature
	room   *room
	kept   bool            // the certificates are out of the room
	sum    [maxDigest]byte // of the last canonical form

	// What will be told once everything holds.
	signer     *x509.Certificate
	properties properties
	document   *reference
	named      bool // the signing certificate is bound by signed properties
}

// digest returns the digest of a canonical form; valid until the next.
func (v *verifier) digest(at *xmltree.Element, c xmltree.Canon, h crypto.Hash) ([]byte, error) {
	if at == nil || at == v.doc.Root { // large: digested on the way
		w := h.New()
		if err := v.doc.WriteCanonical(w, at, c); err != nil {
			return nil, err
		}
		return w.Sum(v.sum[:0]), nil
	}
	form, err := v.canonical(at, c)
	if err != nil {
		return nil, err
	}
	return digestOf(h, form, &v.sum), nil
}

// canonical returns a canonical form; valid until the next.
func (v *verifier) canonical(at *xmltree.Element, c xmltree.Canon) ([]byte, error) {
	if v.room.form == nil {
		v.room.form = make([]byte, 0, 4096)
	}
	form, err := v.doc.AppendCanonical(v.room.form[:0], at, c)
	v.room.form = form
	return form, err
}

// run does everything that can be done, and returns what is wrong.
func (v *verifier) run() error {
	r := v.result
	if value, found := v.doc.DuplicateID(); found {
		return fail(ErrDuplicateID, "document", "%q", value)
	}
	if v.doc.Instructions() && !v.p.Instructions {
		return fail(ErrInstruction, "document", "")
	}
	var err *Error
	if err = v.parts.takeApart(r.Element, v.p, v.room); err != nil {
		return err
	}
	r.SignatureMethod = v.parts.methodURI
	if r.Certificates, err = v.room.certificatesOf(v.parts.keyInfo); err != nil {
		return err
	}
	if err := v.parts.understand(v.doc, v.p); err != nil {
		return err
	}
	v.properties.certificates = v.room.certificates[:0]
	var trouble []error
	covered := false // ds:KeyInfo
	for i := range v.parts.references {
		ref := &v.parts.references[i]
		switch ref.kind {
		case toDocument:
			v.document = ref
			r.DigestMethod, r.Style = ref.uri, ref.style
		case toKeyInfo:
			covered = true
		case toProperties:
			v.properties.signed = true
		}
		if err := v.check(ref); err != nil {
			trouble = append(trouble, err)
		}
	}
	if err := v.readProperties(); err != nil {
		return errors.Join(append(trouble, err)...)
	}
	if err := v.checkValue(covered); err != nil {
		trouble = append(trouble, err)
	}
	return errors.Join(trouble...)
}

// checkValue verifies SignatureValue over SignedInfo with the certificate named.
func (v *verifier) checkValue(covered bool) *Error {
	candidates, err := v.candidates()
	if err != nil {
		return err
	}
	signedInfo, canonErr := v.canonical(v.parts.signedInfo, v.parts.canon)
	if canonErr != nil {
		return fail(ErrTransform, "SignedInfo", "%v", canonErr)
	}
	var last *Error
	for _, der := range candidates {
		cert, parseErr := v.p.parseCertificate(der)
		if parseErr != nil {
			last = fail(ErrCertificate, "certificate", "%v", parseErr)
			continue
		}
		if last = v.parts.method.checkKey(cert.PublicKey, v.p.minRSA()); last != nil {
			continue
		}
		var prepared crypto.PublicKey
		if v.p.PreparedKey != nil {
			prepared = v.p.PreparedKey(cert)
		}
		if !v.parts.method.verify(cert.PublicKey, prepared, signedInfo, v.parts.signature) {
			last = fail(ErrSignature, "SignatureValue", "with the key of %s", cert.Subject)
			continue
		}
		if last = v.properties.checkIssuer(cert); last != nil {
			continue
		}
		v.signer = cert
		if !v.named && !covered {
			v.result.remark("signing-certificate-unprotected", "nothing that was signed names the certificate; another one with the same key could stand in its place")
		}
		return nil
	}
	return last
}

// accept tells what was verified.
func (v *verifier) accept() {
	r := v.result
	r.Signer, r.Parsed = v.signer.Raw, v.signer
	r.SignedElement = v.doc.Root
	if v.properties.signed {
		r.Properties = v.parts.signed
		r.SigningTime = v.properties.time
	}
	v.readTimeStamps()
}
