package pectest

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// oddSignatureFixtures are good signatures in unusual forms, and certificates
// that are good though they look otherwise.
func oddSignatureFixtures() []fixture {
	acceptance := issue(receipt.FormAcceptance, 0, receipt.Notice{})
	k := pec.KindAcceptance
	return []fixture{
		{file: "chain-intermediate", habits: []habit{certified(func(c *cast) *testpki.Authority { return c.issuing }, nil)},
			kind: k, write: acceptance, note: "an intermediate authority, carried along"},
		{file: "chain-anchor-below-root", habits: []habit{certified(func(c *cast) *testpki.Authority { return c.anchor }, nil)}, kind: k, write: acceptance, note: "the anchor is an intermediate authority itself"},
		{file: "chain-root-carried", habits: []habit{certified(func(c *cast) *testpki.Authority { return c.anchor }, nil), chain(func(c *cast) []*x509.Certificate { return certificates(c.anchor, c.foreign) })},
			kind: k, write: acceptance, note: "a root is carried along that nobody needs"},
		{file: "chain-leaf-only", habits: []habit{chain(func(*cast) []*x509.Certificate { return nil })}, kind: k, write: acceptance, note: "only the signer's certificate"},
		{file: "chain-decoy", habits: []habit{chain(func(c *cast) []*x509.Certificate { return certificates(c.impostor, c.issuing, c.root.ca) })}, kind: k, write: acceptance, note: "an authority of the same name, with another key, among the certificates"},
		{file: "expired-since", mail: &long, habits: []habit{certified(trusted, func(t *x509.Certificate) { t.NotBefore, t.NotAfter = year(2018), year(2021) })}, kind: k, write: acceptance,
			note: "the certificate has expired since; it was good at the time of the event"},
		{file: "ed25519", habits: []habit{edwardsKey}, kind: k, write: acceptance, note: "Ed25519, which OpenSSL before 3.2 does not verify here"},
		{file: "ed25519-envelope", habits: []habit{edwardsKey}, kind: pec.KindTransport, write: busta, note: "Ed25519"},
		{file: "key-id", kind: k, write: acceptance, bend: []bend{signerInfo(keyID)}, note: "the signer named by its key id"},
		{file: "ber", kind: k, write: acceptance, bend: []bend{ber}, note: "BER with indefinite lengths"},
		{file: "p7s-one-line", kind: k, write: acceptance, bend: []bend{p7sText(func(s string) string { return s })}, note: "the signature on one line"},
		{file: "p7s-no-padding", kind: k, write: acceptance, bend: []bend{p7sText(func(s string) string { return strings.TrimRight(s, "=") })}, note: "the signature without base64 padding"},
		{file: "p7s-trailing-zeros", kind: k, write: acceptance, bend: []bend{func(_ *scene, m []byte) ([]byte, error) {
			der, err := p7sOf(m)
			if err != nil {
				return nil, err
			}
			return withP7S(m, append(slices.Clip(der), make([]byte, 7)...))
		}}, note: "zeros behind the signature"},
		{file: "p7s-name", kind: k, write: acceptance, bend: []bend{anywhere(`x-pkcs7-signature; name="smime.p7s"`, `x-pkcs7-signature; name="firma.p7s"`), anywhere(`filename="smime.p7s"`, `filename="firma.p7s"`)}, note: "the signature under another name"},
		{file: "p7s-octet-stream", kind: k, write: acceptance, bend: []bend{anywhere(`application/x-pkcs7-signature; name="smime.p7s"`, `application/octet-stream; name="smime.p7s"`)}, note: "the signature as application/octet-stream"},
		{file: "signing-time-differs", kind: k, write: acceptance, bend: []bend{signerInfo(signedLater)}, note: "signed an hour after the certified time: a finding, no failure"},
		{file: "signing-time-missing", kind: k, write: acceptance, bend: []bend{signerInfo(withoutAttribute(signingTime))}, note: "no signing time"},
		{file: "two-addresses-in-certificate", habits: []habit{certified(trusted, func(t *x509.Certificate) { t.EmailAddresses = append(t.EmailAddresses, "altro@gestore-a.example") })}, kind: k, write: acceptance, note: "a certificate with a second address"},
	}
}

func certificates(list ...*testpki.Authority) []*x509.Certificate {
	var out []*x509.Certificate
	for _, a := range list {
		out = append(out, a.Certificate)
	}
	return out
}

func year(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }

// long is a letter of long ago.
var long = submission{from: mario, to: []string{ufficio}, header: strings.ReplaceAll(letterhead, "2026", "2020") + mixedType, body: mixedBody, at: time.Date(2020, 3, 3, 9, 15, 30, 0, time.UTC)}

// keyID names the signer by its key (RFC 5652 §5.3).
func keyID(s *scene, si [][]byte) ([][]byte, error) {
	si[siVersion] = []byte{0x02, 1, 3}
	si[siSigner] = join(0x80, s.signer.Signer.Certificate.SubjectKeyId)
	return si, nil
}

// ber writes the outer values with indefinite lengths.
func ber(_ *scene, m []byte) ([]byte, error) {
	der, err := p7sOf(m)
	if err != nil {
		return nil, err
	}
	info, err := split(der)
	if err != nil {
		return nil, err
	}
	content, err := split(info[1])
	if err != nil {
		return nil, err
	}
	sd, err := split(content[0])
	if err != nil {
		return nil, err
	}
	end := []byte{0, 0}
	return withP7S(m, slices.Concat([]byte{tagSequence, 0x80}, info[0], []byte{tagContext0, 0x80}, []byte{tagSequence, 0x80}, slices.Concat(sd...), end, end, end))
}

// signingTime is the attribute's type, 1.2.840.113549.1.9.5, in DER.
const signingTime = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"

// signedLater signs anew with another signing time.
func signedLater(s *scene, si [][]byte) ([][]byte, error) {
	const tagUTCTime = 0x17
	at := s.at.UTC().Add(time.Hour).Format("060102150405Z")
	return eachAttribute(s, si, func(kind string, whole []byte) []byte {
		if kind != signingTime {
			return whole
		}
		return join(tagSequence, []byte(kind), join(tagSet, join(tagUTCTime, []byte(at))))
	})
}

// withoutAttribute signs anew without an attribute.
func withoutAttribute(drop string) func(*scene, [][]byte) ([][]byte, error) {
	return func(s *scene, si [][]byte) ([][]byte, error) {
		return eachAttribute(s, si, func(kind string, whole []byte) []byte {
			if kind == drop {
				return nil
			}
			return whole
		})
	}
}

func eachAttribute(s *scene, si [][]byte, change func(kind string, whole []byte) []byte) ([][]byte, error) {
	attributes, err := split(si[siAttributes])
	if err != nil {
		return nil, err
	}
	for i, a := range attributes {
		members, err := split(a)
		if err != nil || len(members) != 2 {
			return nil, fmt.Errorf("signed attribute: %d members: %w", len(members), err)
		}
		attributes[i] = change(string(members[0]), a)
	}
	si[siAttributes] = join(tagContext0, attributes...)
	return si, signAttributes(s, si, s.hash())
}

// ordinaryFixtures are no certified mail.
func ordinaryFixtures() []fixture {
	acceptance := issue(receipt.FormAcceptance, 0, receipt.Notice{})
	k := pec.KindOrdinary
	return []fixture{
		{file: "ordinary", mail: &spam, kind: k, write: ordinary, note: "ordinary mail: nobody certifies anything about it"},
		{file: "ordinary-with-attachment", kind: k, write: ordinary, note: "a message as it was submitted"},
		{file: "d41-service-mail", mail: &service, kind: k, write: ordinary, note: "D41: a provider writes to its customer; a subject makes no receipt"},
		{file: "s08-receipt-forwarded", kind: k, write: acceptance, bend: []bend{attached}, note: "ordinary mail with a receipt attached: the receipt's worth is not the mail's"},
		{file: "smime-signed", kind: k, write: acceptance, bend: []bend{drop("X-Ricevuta"), signed(without(1))}, note: "ordinary signed mail: no marker, no certification data"},
		{file: "p7m-attached", mail: letter(letterhead, strings.Replace(opaqueBody, "signed-data", "enveloped-data", 1)), kind: k, write: ordinary, note: "ordinary encrypted mail"},
		{file: "certification-data-attached", mail: letter(letterhead+mixedType, "\r\n--parti\r\nContent-Type: text/plain\r\n\r\nciao\r\n--parti\r\nContent-Type: application/xml; name=daticert.xml\r\n"+
			"Content-Transfer-Encoding: base64\r\n\r\n"+base64.StdEncoding.EncodeToString([]byte("<postacert tipo=\"avvenuta-consegna\"/>"))+"\r\n--parti--\r\n"), kind: k, write: ordinary, note: "ordinary mail with a daticert.xml: nothing signed, nothing certified"},
	}
}
