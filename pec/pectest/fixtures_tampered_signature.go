package pectest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
)

// forgedDataFixtures are messages with certification data that cannot count,
// under a good signature.
func forgedDataFixtures() []fixture {
	const k, fails = pec.KindAcceptance, "certification-data"
	const root = "<postacert "
	entities := "<!DOCTYPE postacert [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>\n" + root
	return []fixture{
		{file: "s10-two-daticert", kind: k, write: goodAcceptance, bend: []bend{signed(again(1))}, fails: fails, note: "S10: two daticert.xml: none is taken"},
		{file: "s10-two-daticert-other-case", kind: k, write: goodAcceptance, bend: []bend{signed(add("Content-Type: application/xml; name=\"DATICERT.XML\"\r\n\r\n<postacert/>\r\n"))}, fails: fails, note: "S10: a second one in another case"},
		{file: "no-daticert", kind: k, write: goodAcceptance, bend: []bend{signed(without(1))}, fails: fails, note: "a receipt without certification data"},
		{file: "daticert-not-xml", kind: k, write: goodAcceptance, bend: []bend{signed(xml(func(doc string) (string, error) { return doc[:len(doc)/2], nil }))}, fails: fails, note: "certification data cut in the middle"},
		{file: "daticert-empty", kind: k, write: goodAcceptance, bend: []bend{signed(xml(func(string) (string, error) { return "", nil }))}, fails: fails, note: "empty certification data"},
		{file: "daticert-other-root", kind: k, write: goodAcceptance, bend: []bend{signed(xml(func(doc string) (string, error) { return strings.ReplaceAll(doc, "postacert ", "certificazione "), nil }))}, fails: fails, note: "D37: an invented root element"},
		{file: "no-identifier", kind: k, write: goodAcceptance, bend: []bend{signed(xml(withoutElement("identificativo")))}, fails: fails, note: "no identificativo: the data belong to no message"},
		{file: "no-sender", kind: k, write: goodAcceptance, bend: []bend{signed(xml(withoutElement("mittente")))}, fails: fails, note: "no mittente"},
		{file: "s31-entities", kind: k, write: goodAcceptance, bend: []bend{signed(data(root, entities), data("<oggetto>Contratto n. 7", "<oggetto>&c;"))}, fails: fails, note: "S31: a DOCTYPE with entities is refused, not processed"},
		{file: "s31-external-entity", kind: k, write: goodAcceptance, bend: []bend{signed(data(root, "<!DOCTYPE postacert [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n"+root), data("<oggetto>Contratto n. 7", "<oggetto>&x;"))}, fails: fails, note: "S31: an external entity is never fetched"},
		{file: "s31-deep", kind: k, write: goodAcceptance, bend: []bend{signed(data("<oggetto>Contratto n. 7", "<oggetto>"+strings.Repeat("<a>", 5000)+strings.Repeat("</a>", 5000)))}, fails: fails, note: "S31: elements nested 5000 deep"},
		{file: "impossible-date", kind: k, write: goodAcceptance, bend: []bend{signed(data("<giorno>03/03/2026", "<giorno>31/02/2026"))}, open: fails, note: "a date that does not exist: the time cannot be judged"},
		{file: "no-date", kind: k, write: goodAcceptance, bend: []bend{signed(xml(func(doc string) (string, error) {
			i, j := strings.Index(doc, "        <data "), strings.Index(doc, "</data>\n")
			return doc[:i] + doc[j+len("</data>\n"):], nil
		}))}, open: fails, note: "no data element: the time cannot be judged"},
		{file: "unknown-type", kind: k, write: goodAcceptance, bend: []bend{signed(data(`tipo="accettazione"`, `tipo="mancata-consegna"`))}, fails: "headers", note: "D37: a tipo of no rule, which is not what the header says"},
		{file: "other-type", kind: k, write: goodAcceptance, bend: []bend{signed(data(`tipo="accettazione"`, `tipo="avvenuta-consegna"`))}, fails: "headers", note: "S11: signed as it is, header and certification data disagree"},
		{file: "original-of-another", kind: pec.KindTransport, write: busta, bend: []bend{signed(signedText("\r\nMessage-ID: <pec1.", "\r\nMessage-ID: <pec2."))}, fails: "original", note: "the original's Message-ID is not identificativo"},
		{file: "original-reference", kind: pec.KindTransport, write: busta, bend: []bend{signed(signedText("\r\nX-Riferimento-Message-ID: <", "\r\nX-Riferimento-Message-ID: <altro."))}, fails: "original", note: "the original's X-Riferimento-Message-ID is not msgid"},
		{file: "s21-same-identifier-a", story: "same-identifier", kind: pec.KindTransport, write: busta, note: "S21: one identifier, two contents: each is good by itself, the conflict shows where both are kept"},
		{file: "s21-same-identifier-b", story: "same-identifier", kind: pec.KindTransport, write: busta, bend: []bend{signed(signedText("Il contratto in allegato.", "Il contratto non allegato."))}, note: "S21: the other content"},
	}
}

// forgedSignatureFixtures are messages whose signature is not one.
func forgedSignatureFixtures() []fixture {
	const k, fails = pec.KindAcceptance, "signature"
	return []fixture{
		{file: "signature-bit", kind: k, write: goodAcceptance, bend: []bend{signerInfo(func(_ *scene, si [][]byte) ([][]byte, error) {
			si[siSignature][len(si[siSignature])-1] ^= 1
			return si, nil
		})}, fails: fails, note: "a bit of the signature value"},
		{file: "signature-attribute-bit", kind: k, write: goodAcceptance, bend: []bend{signerInfo(func(_ *scene, si [][]byte) ([][]byte, error) {
			si[siAttributes][len(si[siAttributes])-1] ^= 1
			return si, nil
		})}, fails: fails, note: "a bit of the signed attributes"},
		{file: "signature-of-another", kind: k, write: goodAcceptance, bend: []bend{func(s *scene, m []byte) ([]byte, error) {
			other, err := busta(s)
			if err != nil {
				return nil, err
			}
			der, err := p7sOf(other)
			if err != nil {
				return nil, err
			}
			return withP7S(m, der)
		}}, fails: fails, note: "the signature of another message of the same provider"},
		{file: "signature-empty", kind: k, write: goodAcceptance, bend: []bend{p7sText(func(string) string { return "" })}, fails: fails, note: "an empty signature part"},
		{file: "signature-not-base64", kind: k, write: goodAcceptance, bend: []bend{p7sText(func(string) string { return "firmato" })}, fails: fails, note: "a signature part that holds none"},
		{file: "signature-missing-certificate", kind: k, write: goodAcceptance, bend: []bend{cms(func(_ *scene, sd [][]byte) ([][]byte, error) {
			return slices.Delete(sd, sdCertificates, sdCertificates+1), nil
		})}, open: fails, note: "the signer's certificate is not carried along: nothing can be verified"},
		{file: "signature-other-certificate", kind: k, write: goodAcceptance, bend: []bend{cms(func(s *scene, sd [][]byte) ([][]byte, error) {
			sd[sdCertificates] = join(tagContext0, s.beta.Signer.Certificate.Raw)
			return sd, nil
		})}, open: fails, note: "only the certificate of another provider"},
		{file: "s15-econtent", kind: k, write: goodAcceptance, bend: []bend{econtent("")}, fails: fails, note: "S15: a detached signature with content of its own"},
		{file: "s15-econtent-empty", kind: k, write: goodAcceptance, bend: []bend{econtent("empty")}, fails: fails, note: "S15: the same, empty"},
		{file: "s17-zero-signers", kind: k, write: goodAcceptance, bend: []bend{cms(func(_ *scene, sd [][]byte) ([][]byte, error) {
			sd[sdSigners] = join(tagSet)
			return sd, nil
		})}, fails: fails, note: "S17: no signers"},
		{file: "s18-two-signers", kind: k, write: goodAcceptance, bend: []bend{cms(func(_ *scene, sd [][]byte) ([][]byte, error) {
			infos, err := split(sd[sdSigners])
			if err != nil || len(infos) != 1 {
				return nil, fmt.Errorf("signerInfos: %d members: %w", len(infos), err)
			}
			sd[sdSigners] = join(tagSet, infos[0], infos[0])
			return sd, nil
		})}, fails: fails, note: "S18: two signers"},
		{file: "no-signed-attributes", kind: k, write: goodAcceptance, bend: []bend{cms(withoutAttributes)}, fails: fails, note: "no signed attributes"},
		{file: "no-content-type", kind: k, write: goodAcceptance, bend: []bend{signerInfo(withoutAttribute("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"))}, fails: fails, note: "no contentType among the signed attributes"},
		{file: "no-message-digest", kind: k, write: goodAcceptance, bend: []bend{signerInfo(withoutAttribute(messageDigest))}, fails: fails, note: "no messageDigest among the signed attributes"},
		{file: "unsupported-digest", kind: k, write: goodAcceptance, bend: []bend{signerInfo(func(_ *scene, si [][]byte) ([][]byte, error) {
			si[siDigest] = []byte("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x08") // SHA3-256
			return si, nil
		})}, open: fails, note: "a digest algorithm that certified mail does not have: it cannot be judged"},
	}
}

// withoutAttributes removes the signed attributes altogether.
func withoutAttributes(_ *scene, sd [][]byte) ([][]byte, error) {
	infos, err := split(sd[sdSigners])
	if err != nil || len(infos) != 1 {
		return nil, fmt.Errorf("signerInfos: %d members: %w", len(infos), err)
	}
	si, err := split(infos[0])
	if err != nil || len(si) != siSignature+1 {
		return nil, fmt.Errorf("SignerInfo: %d members: %w", len(si), err)
	}
	sd[sdSigners] = join(tagSet, join(tagSequence, slices.Delete(si, siAttributes, siAttributes+1)...))
	return sd, nil
}

// econtent puts the signed part, or nothing, into the signature.
func econtent(what string) bend {
	return func(s *scene, m []byte) ([]byte, error) {
		e, err := openSigned(m)
		if err != nil {
			return nil, err
		}
		content := m[e.Signed.Entity.Start:e.Signed.Entity.End]
		if what == "empty" {
			content = nil
		}
		return cms(func(_ *scene, sd [][]byte) ([][]byte, error) {
			kind, err := split(sd[sdContent])
			if err != nil || len(kind) != 1 {
				return nil, fmt.Errorf("encapContentInfo: %d members: %w", len(kind), err)
			}
			sd[sdContent] = join(tagSequence, kind[0], join(tagContext0, join(tagOctets, content)))
			return sd, nil
		})(s, m)
	}
}

// forgedSignerFixtures are good signatures of those who may not sign.
func forgedSignerFixtures() []fixture {
	const k, chain, address = pec.KindAcceptance, "signer-chain", "signer-address"
	under := func(ca func(*cast) *testpki.Authority, change func(*x509.Certificate)) []habit {
		return []habit{certified(ca, change)}
	}
	profile := func(change func(*x509.Certificate)) []habit { return under(trusted, change) }
	return []fixture{
		{file: "s02-foreign-ca", habits: under(func(c *cast) *testpki.Authority { return c.foreign }, nil), kind: k, write: goodAcceptance, open: chain, note: "S2: another authority: no path to an anchor"},
		{file: "s02-impostor-ca", habits: under(func(c *cast) *testpki.Authority { return c.impostor }, nil), kind: k, write: goodAcceptance, open: chain, note: "S2: an authority of the right name with another key"},
		{file: "s02-self-signed", habits: []habit{selfSigned}, kind: k, write: goodAcceptance, open: chain, note: "S2: a certificate that its holder issued himself"},
		{file: "missing-intermediate", habits: []habit{certified(func(c *cast) *testpki.Authority { return c.issuing }, nil), chainless}, kind: k, write: goodAcceptance, open: chain, note: "the intermediate authority is not carried along: no path"},
		{file: "s22-expired", habits: profile(func(t *x509.Certificate) { t.NotAfter = year(2025) }), kind: k, write: goodAcceptance, fails: chain, note: "S22: the certificate had expired at the time of the event"},
		{file: "s22-not-yet-valid", habits: profile(func(t *x509.Certificate) { t.NotBefore = year(2027) }), kind: k, write: goodAcceptance, fails: chain, note: "S22: the certificate was not valid yet at the time of the event"},
		{file: "s22-expired-same-day", habits: profile(func(t *x509.Certificate) { t.NotAfter = firstDay.Add(-time.Hour) }), kind: k, write: goodAcceptance, fails: chain, note: "S22: expired an hour before"},
		{file: "s24-authentication", habits: profile(func(t *x509.Certificate) { t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), kind: k, write: goodAcceptance, fails: chain, note: "S24: the provider's authentication certificate"},
		{file: "s24-web-server", habits: profile(func(t *x509.Certificate) { t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), kind: k, write: goodAcceptance, fails: chain, note: "S24: the provider's web server certificate"},
		{file: "key-usage", habits: profile(func(t *x509.Certificate) { t.KeyUsage = x509.KeyUsageKeyEncipherment }), kind: k, write: goodAcceptance, fails: chain, note: "a certificate without digitalSignature"},
		{file: "ca-certificate", habits: profile(func(t *x509.Certificate) { t.IsCA, t.BasicConstraintsValid = true, true }), kind: k, write: goodAcceptance, fails: chain, note: "an authority's own certificate"},
		{file: "critical-extension", habits: profile(func(t *x509.Certificate) {
			t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Critical: true, Value: []byte{5, 0}}}
		}), kind: k, write: goodAcceptance, fails: chain, note: "a critical extension that nobody knows"},
		{file: "san-other-address", habits: profile(func(t *x509.Certificate) { t.EmailAddresses = []string{"posta-certificata@gestore-c.example"} }), kind: k, write: goodAcceptance, fails: address, note: "the certificate is for another address than From"},
		{file: "san-other-mailbox", habits: profile(func(t *x509.Certificate) { t.EmailAddresses = []string{"direttore@gestore-a.example"} }), kind: k, write: goodAcceptance, fails: address, note: "another mailbox of the same domain"},
		{file: "san-none", habits: profile(func(t *x509.Certificate) { t.EmailAddresses = nil }), kind: k, write: goodAcceptance, fails: address, note: "a certificate without an address"},
		{file: "san-in-subject-only", habits: profile(emailInSubject), kind: k, write: goodAcceptance, fails: address, note: "the address stands in the subject name and not in subjectAltName, where the rules want it"},
		{file: "wrong-name-for-domain", habits: under(func(c *cast) *testpki.Authority { return c.constrained }, nil), kind: k, write: goodAcceptance, fails: chain, note: "the issuing authority may not certify addresses of this domain (name constraints)"},
	}
}

// chainless carries no authority along.
func chainless(_ *cast, p *Provider) { p.Signer.Chain = nil }

// selfSigned issues the provider's certificate with the provider's own key.
func selfSigned(c *cast, p *Provider) {
	p.use(c, &testpki.Authority{Key: p.Signer.Key, Certificate: p.Signer.Certificate}, p.Signer.Key, nil)
	p.Signer.Chain = nil
}

// emailInSubject moves the address from subjectAltName to the subject name.
func emailInSubject(t *x509.Certificate) {
	t.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: t.EmailAddresses[0]}}
	t.EmailAddresses = nil
}
