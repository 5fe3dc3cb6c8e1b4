package xmlsig

import (
	"crypto"
	"math/big"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
)

// properties are the signed ones that count (EN 319 132-1 §5.2).
type properties struct {
	// signed tells that a reference covers them.
	signed bool
	time   time.Time
	// certificates named as the signer's: that of SigningCertificateV2, that of
	// SigningCertificate, or both, which must agree.
	certificates []certID
}

// certID names a certificate.
type certID struct {
	hash   crypto.Hash
	digest []byte
	serial *big.Int // of SigningCertificate, nil without
	// Of SigningCertificateV2: DER IssuerSerial, nil without.
	issuerSerial []byte
}

// readProperties reads the signed properties, provided they are signed.
func (v *verifier) readProperties() *Error {
	s := v.parts
	switch {
	case s.signed == nil && !v.p.PlainXMLDSig:
		return fail(ErrProperties, "Object", "no SignedProperties")
	case s.qualifying == nil:
		return nil
	case !v.properties.signed:
		v.result.remark("properties-not-signed", "no reference covers the SignedProperties, they are not looked at")
		return nil
	}
	own, _ := s.at.Attr("", "Id")
	if target, _ := s.qualifying.Attr("", "Target"); own == "" || target != "#"+own {
		return fail(ErrProperties, "QualifyingProperties", "their target is %q, the signature %q", target, own)
	}
	c := children{s.signed.FirstChild()}
	signature := c.take(XAdESNamespace, "SignedSignatureProperties")
	data := c.take(XAdESNamespace, "SignedDataObjectProperties")
	if err := c.only(s.signed); err != nil {
		return err
	}
	if signature != nil {
		if err := v.readSignatureProperties(signature); err != nil {
			return err
		}
	}
	return v.readDataObjectProperties(data)
}

func (v *verifier) readSignatureProperties(e *xmltree.Element) *Error {
	at, err := single(e, "SigningTime")
	if err != nil {
		return err
	}
	if at == nil {
		v.result.remark("signing-time-missing", "no SigningTime")
	} else if when, ok := dateTime(at.Text()); ok && at.FirstChild() == nil {
		v.properties.time = when
	} else {
		v.result.remark("signing-time-unreadable", "SigningTime is no date and time with a time zone")
	}
	for _, version := range [2]string{"SigningCertificate", "SigningCertificateV2"} {
		e, err := single(e, version)
		if err != nil {
			return err
		}
		if e == nil {
			continue
		}
		cert := e.First(XAdESNamespace, "Cert")
		if cert == nil {
			return fail(ErrProperties, version, "no Cert")
		}
		id, err := v.readCertID(cert, version)
		if err != nil {
			return err
		}
		v.properties.certificates = append(v.properties.certificates, id)
	}
	return nil
}

// single returns the only child of that name, nil if there is none.
func single(e *xmltree.Element, local string) (*xmltree.Element, *Error) {
	var found *xmltree.Element
	for c := range e.All(XAdESNamespace, local) {
		if found != nil {
			return nil, fail(ErrProperties, local, "there are two")
		}
		found = c
	}
	return found, nil
}

// readCertID reads a CertIDType or CertIDTypeV2 (EN 319 132-1 §5.2.2).
func (v *verifier) readCertID(cert *xmltree.Element, part string) (certID, *Error) {
	var id certID
	c := children{cert.FirstChild()}
	digest := c.take(XAdESNamespace, "CertDigest")
	old := c.take(XAdESNamespace, "IssuerSerial")
	serial := c.take(XAdESNamespace, "IssuerSerialV2")
	if err := c.only(cert); err != nil {
		return id, err
	}
	if digest == nil || old != nil && serial != nil {
		return id, fail(ErrProperties, part, "CertDigest and one IssuerSerial expected")
	}
	d := children{digest.FirstChild()}
	method := d.take(DSNamespace, "DigestMethod")
	value := d.take(DSNamespace, "DigestValue")
	if err := d.only(digest); err != nil {
		return id, err
	}
	if method == nil || value == nil {
		return id, fail(ErrProperties, part, "DigestMethod and DigestValue expected")
	}
	uri, err := algorithm(method, part)
	if err != nil {
		return id, err
	}
	switch id.hash = hashOf(uri); {
	case id.hash != 0 && allows(v.p.Digests, uri):
	case uri == digestSHA1 && v.p.SHA1CertDigest:
		id.hash = crypto.SHA1
		v.result.remark("signing-certificate-sha1", "the signing certificate is named by a SHA-1 digest")
	default:
		return id, fail(ErrAlgorithm, part, "digest %q", uri)
	}
	if id.digest, err = v.room.decoded(value, maxDigest); err != nil {
		return id, err
	}
	if old != nil {
		return id, id.readIssuerSerial(old, part)
	}
	if serial != nil {
		id.issuerSerial, err = v.room.decoded(serial, maxCertificateSize)
	}
	return id, err
}

// readIssuerSerial reads the text form (XMLDSig §4.5.4.1).
func (id *certID) readIssuerSerial(e *xmltree.Element, part string) *Error {
	name, number := e.First(DSNamespace, "X509IssuerName"), e.First(DSNamespace, "X509SerialNumber")
	if name == nil || number == nil {
		return fail(ErrProperties, part, "X509IssuerName and X509SerialNumber expected")
	}
	text := strings.Trim(number.Text(), " \t\r\n")
	if len(text) > 100 {
		return fail(ErrProperties, part, "a serial number of %d digits", len(text))
	}
	var ok bool
	if id.serial, ok = new(big.Int).SetString(text, 10); !ok {
		return fail(ErrProperties, part, "the serial number %q is no number", text)
	}
	return nil
}

// readDataObjectProperties sees that what is said about data objects is said of
// the document (EN 319 132-1 §5.2.4).
func (v *verifier) readDataObjectProperties(e *xmltree.Element) *Error {
	named := false
	if e != nil {
		for format := range e.All(XAdESNamespace, "DataObjectFormat") {
			of, _ := format.Attr("", "ObjectReference")
			if v.document.id == "" || of != "#"+v.document.id {
				return fail(ErrProperties, "DataObjectFormat", "of %q, which is not the reference to the document", of)
			}
			named = true
		}
	}
	if !named && !v.p.PlainXMLDSig {
		v.result.remark("data-object-format-missing", "no DataObjectFormat for the document")
	}
	return nil
}

// dateTime reads an xsd:dateTime with time zone.
func dateTime(s string) (time.Time, bool) {
	s = strings.Trim(s, " \t\r\n")
	if strings.Contains(s, ",") { // time.Parse takes it for a decimal point
		return time.Time{}, false
	}
	t, err := time.Parse("2006-01-02T15:04:05Z07:00", s)
	return t.UTC(), err == nil
}
