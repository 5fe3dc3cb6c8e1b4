package remtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
)

// What somebody did to a message. Where that was the provider itself, or
// somebody who has its key, the message is signed anew.

// errUnchanged tells of tampering that changed nothing: a mistake of ours.
var errUnchanged = errors.New("remtest: nothing was changed")

// spoil writes a message as a fault has it.
func (s *sealer) spoil(of *node, d *draft, kind FaultKind) ([]byte, error) {
	genuine := s.genuine(of)
	switch kind {
	case WrongSigner, ExpiredCertificate, NoTimeStamp, ForeignTimeStamp, WrongName:
		return s.composeAs(of, d, s.spoiltSeal(of, kind))
	}
	m, err := s.compose(of, d, d.documents, genuine.leaf)
	if err != nil {
		return nil, err
	}
	switch kind {
	case AlterEvidence:
		return s.withEvidence(m, genuine.leaf, func(xml []byte) ([]byte, error) { return replaceOnce(xml, "<Code>", "<Code> ") })
	case AlterOriginal:
		return alterSigned(m)
	case AlterHeader:
		return replaceOnce(m, "\r\nREM-EventIdentifier: http://uri.etsi.org/19522/Event/", "\r\nREM-EventIdentifier: http://uri.etsi.org/19522/Event/X")
	case SwapEvidence:
		return s.withEvidence(m, genuine.leaf, func([]byte) ([]byte, error) { return s.otherTransaction(of, d) })
	case WrapSignature:
		return s.withEvidence(m, genuine.leaf, wrapped)
	}
	return nil, fmt.Errorf("remtest: %w %s: does not spoil messages", ErrFault, kind)
}

// spoiltSeal is the seal of a fault.
func (s *sealer) spoiltSeal(of *node, kind FaultKind) seal {
	k := s.genuine(of)
	switch kind {
	case WrongSigner:
		other := testpki.NewAuthority(s.ca.seed, "Certmail Other REM CA", nil)
		k.leaf = s.ca.service(of, other, nil)
	case ExpiredCertificate:
		at, ca := s.n.Now(), *s.ca.rem // a copy, for its count of serial numbers
		k.leaf = s.ca.service(of, &ca, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = at.AddDate(-4, 0, 0), at.Add(-24*time.Hour)
		})
	case WrongName:
		k.name = "Altra " + of.config.Name
	default:
		k.stamp = kind
	}
	return k
}

// composeAs writes a message with evidence under another seal.
func (s *sealer) composeAs(of *node, d *draft, k seal) ([]byte, error) {
	var documents [][]byte
	for _, f := range d.facts {
		document, err := s.sign(of, d.t, f, k)
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return s.compose(of, d, documents, k.leaf)
}

// otherTransaction is genuine evidence of the same event about another
// message.
func (s *sealer) otherTransaction(of *node, d *draft) ([]byte, error) {
	if len(d.facts) == 0 {
		return nil, errUnchanged
	}
	t, f := *d.t, d.facts[0].clone()
	t.identifier, f.ID = of.newID("D"), of.newID("E")
	f.Message = t.identifier
	sum := sha256.Sum256([]byte(t.identifier))
	t.digest = sum[:]
	if t.from != nil {
		from := *t.from
		from.Content = evidence.OriginalMessage(t.userAgent, evidence.DigestSHA256, t.digest)
		t.from = &from
	}
	return s.sign(of, &t, &f, s.genuine(of))
}

// withEvidence replaces the first evidence of a message and signs the message
// anew; its header stays as it is.
func (s *sealer) withEvidence(m []byte, leaf *testpki.Leaf, change func(xml []byte) ([]byte, error)) ([]byte, error) {
	r, err := rem.ParseBytes(m, nil)
	if err != nil {
		return nil, err
	}
	if len(r.Evidence) == 0 {
		return nil, errUnchanged
	}
	xml, err := change(bytes.Clone(r.Evidence[0].Bytes()))
	if err != nil {
		return nil, err
	}
	body := r.Evidence[0].Part.Body
	m = slices.Concat(m[:body.Start], base64Lines(xml), m[body.End:])
	return resign(m, leaf, s.n.Now())
}

// resign signs the signed part of a message anew.
func resign(m []byte, leaf *testpki.Leaf, at time.Time) ([]byte, error) {
	r, err := rem.ParseBytes(m, nil)
	if err != nil {
		return nil, err
	}
	e := r.Envelope
	if e.Signed == nil || e.SignaturePart == nil {
		return nil, fmt.Errorf("remtest: no signed part to sign anew")
	}
	sum := sha256.Sum256(m[e.Signed.Entity.Start:e.Signed.Entity.End])
	p7s, err := cms.Sign(sum[:], &cms.Signing{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain, Hash: crypto.SHA256, SigningTime: at, IncludeESS: true})
	if err != nil {
		return nil, err
	}
	body := e.SignaturePart.Body
	return slices.Concat(m[:body.Start], base64Lines(p7s), m[body.End:]), nil
}

// base64Lines is encoded as a part's body, without the last line end.
func base64Lines(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		n := min(48, len(b))
		out = append(base64.StdEncoding.AppendEncode(out, b[:n]), '\r', '\n')
		b = b[n:]
	}
	return bytes.TrimSuffix(out, []byte("\r\n"))
}

func replaceOnce(b []byte, old, with string) ([]byte, error) {
	if !bytes.Contains(b, []byte(old)) {
		return nil, errUnchanged
	}
	return bytes.Replace(b, []byte(old), []byte(with), 1), nil
}

// alterSigned changes one letter behind the signature: of the original or,
// where there is none, of the text that introduces the message.
func alterSigned(m []byte) ([]byte, error) {
	r, err := rem.ParseBytes(m, nil)
	if err != nil {
		return nil, err
	}
	p := r.Original
	if p == nil {
		p = r.Introduction
	}
	if p == nil {
		return nil, errUnchanged
	}
	out := bytes.Clone(m)
	for i := p.Body.End - 1; i > p.Body.Start; i-- {
		if c := out[i]; c >= 'b' && c <= 'z' {
			out[i] = c - 1
			return out, nil
		}
	}
	return nil, errUnchanged
}

// wrapped puts evidence whose signature holds into evidence that says something
// else: who looks for a signature anywhere finds one.
func wrapped(xml []byte) ([]byte, error) {
	start, end := bytes.Index(xml, []byte("<tns:Evidence")), bytes.LastIndex(xml, []byte("</tns:Evidence>"))
	signature := bytes.LastIndex(xml, []byte("<ds:Signature "))
	if start < 0 || end < 0 || signature < 0 {
		return nil, errUnchanged
	}
	inner := xml[start : end+len("</tns:Evidence>")]
	outer := bytes.Clone(xml[:signature])
	extensions, at := bytes.LastIndex(outer, []byte("</tns:Extensions>")), bytes.Index(outer, []byte("Z</EventTime>"))
	if extensions < 0 || at < 0 {
		return nil, errUnchanged
	}
	outer[at-1] = '9' // another second
	return slices.Concat(outer[:extensions], []byte(`<tns:Extension isCritical="false">`), inner, []byte("</tns:Extension>"), outer[extensions:], []byte("</tns:Evidence>")), nil
}

// stamped replaces the time-stamp of signed evidence: by one of other octets,
// or by none.
func (s *sealer) stamped(xml []byte, kind FaultKind) ([]byte, error) {
	open, shut := "<xades:EncapsulatedTimeStamp", "</xades:EncapsulatedTimeStamp>"
	if kind == NoTimeStamp {
		open, shut = "<xades:UnsignedProperties>", "</xades:UnsignedProperties>"
	}
	i, j := bytes.Index(xml, []byte(open)), bytes.Index(xml, []byte(shut))
	if i < 0 || j < 0 {
		return nil, errUnchanged
	}
	if kind == NoTimeStamp {
		return slices.Concat(xml[:i], xml[j+len(shut):]), nil
	}
	i += bytes.IndexByte(xml[i:], '>') + 1
	sum := sha256.Sum256([]byte("another signature"))
	token, err := s.ca.tsa.TimeStamp(context.Background(), sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return slices.Concat(xml[:i], []byte(base64.StdEncoding.EncodeToString(token)), xml[j:]), nil
}
