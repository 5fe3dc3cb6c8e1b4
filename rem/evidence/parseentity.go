package evidence

import (
	"strings"

	"github.com/certmail/certmail/internal/xmltree"
)

var (
	entitySlots = [...]slot{
		{NamespaceERDS, "Identity", true, false},
		{NamespaceERDS, "CertificateDetails", false, false},
		{NamespaceERDS, "Any", false, false},
	}
	identitySlots    = [...]slot{{NamespaceSAML, "Attribute", true, true}}
	certificateSlots = [...]slot{
		{"", "X509Certificate", false, true},
		{"", "CertID", false, true},
		{NamespaceERDS, "CertIDAndSignature", false, true},
	}
	certIDSlots            = [...]slot{{"", "CertDigest", true, false}, {"", "IssuerSerialV2", false, false}}
	digestSlots            = [...]slot{{NamespaceDS, "DigestMethod", true, false}, {NamespaceDS, "DigestValue", true, false}}
	certIDAndSignatureSlot = [...]slot{{"", "CertID", true, false}, {NamespaceERDS, "CertSignatureDetails", true, false}}
	certSignatureSlots     = [...]slot{{NamespaceDS, "SignatureMethod", true, false}, {NamespaceDS, "SignatureValue", true, false}}
)

func (r *reader) entity(e *Entity, el *xmltree.Element) {
	k := cursor{slots: entitySlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		switch r.place(c, &k) {
		case 0:
			e.Attributes = r.identity(c)
		case 1:
			e.Certificates = r.certificates(c)
		case 2:
			e.Other = r.any(c)
		}
	}
	r.done(el.Local, &k)
}

// identity reads tns:Identity. When one attribute holds more than the fields
// can, all of them are kept verbatim, because they share their namespaces.
func (r *reader) identity(el *xmltree.Element) (list []Attribute) {
	k := cursor{slots: identitySlots[:]}
	plain := true
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		if r.place(c, &k) < 0 {
			continue
		}
		if r.full(len(list), "attributes") {
			return list
		}
		list = appended(list, Attribute{}, &r.shelf.attributes, 1)
		plain = r.attribute(&list[len(list)-1], c) && plain
	}
	r.done(el.Local, &k)
	if !plain {
		i := 0
		for c := range el.All(NamespaceSAML, "Attribute") {
			list[i].Verbatim = r.verbatim(c)
			i++
		}
	}
	return list
}

// attribute reads a saml:Attribute and says whether the fields hold all of it.
func (r *reader) attribute(a *Attribute, el *xmltree.Element) (plain bool) {
	plain = !redefines(el)
	for i := range el.Attrs {
		x := &el.Attrs[i]
		switch {
		case x.Space != "":
			plain = false
		case x.Local == "Name":
			a.Name = trim(x.Value)
		case x.Local == "NameFormat":
			a.NameFormat = trim(x.Value)
		case x.Local == "FriendlyName":
			a.FriendlyName = trim(x.Value)
		default:
			plain = false
		}
	}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		if !c.Is(NamespaceSAML, "AttributeValue") {
			plain = false
			continue
		}
		if r.full(len(a.Values), "attribute values") {
			return plain
		}
		var v AttributeValue
		if c.FirstChild() != nil || redefines(c) {
			plain = false
		}
		if c.FirstChild() == nil {
			v.Text = trim(c.Text())
		}
		for i := range c.Attrs {
			x := &c.Attrs[i]
			if x.Space != NamespaceXSI || x.Local != "type" {
				plain = false
				continue
			}
			var ok bool
			if v.Type, ok = qname(c, trim(x.Value)); !ok {
				r.find(FindingPrefix, clip(x.Value))
				plain = false
			}
		}
		a.Values = appended(a.Values, v, &r.shelf.texts, 1)
	}
	return plain
}

// redefines says that an element has a default namespace of its own, which
// changes what names without prefix mean inside it.
func redefines(el *xmltree.Element) bool {
	for _, ns := range el.Namespaces() {
		if ns.Prefix == "" {
			return true
		}
	}
	return false
}

// qname resolves a name in a value, such as that of xsi:type.
func qname(at *xmltree.Element, value string) (QName, bool) {
	prefix, local, found := strings.Cut(value, ":")
	if !found {
		prefix, local = "", value
	}
	space, ok := at.Resolve(prefix)
	if !ok || !ncName(local) {
		return QName{Local: value}, false
	}
	return QName{space, local}, true
}

func (r *reader) certificates(el *xmltree.Element) (list []Certificate) {
	k := cursor{slots: certificateSlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		k.at = 0 // a choice that repeats: any order
		i := r.place(c, &k)
		if i < 0 {
			continue
		}
		if r.full(len(list), "certificates") {
			break
		}
		var one Certificate
		switch i {
		case 0:
			one.X509 = r.base64(c)
		case 1:
			one.ID = r.certificateID(c)
		case 2:
			one.Signature = new(CertificateSignature)
			in := cursor{slots: certIDAndSignatureSlot[:]}
			for d := c.FirstChild(); d != nil; d = d.NextSibling() {
				switch r.place(d, &in) {
				case 0:
					one.ID = r.certificateID(d)
				case 1:
					one.Signature.Method, one.Signature.Value = r.pair(d, certSignatureSlots[:])
				}
			}
			r.done(c.Local, &in)
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		r.find(FindingMissing, "a form of CertificateDetails")
	} else if len(list) > 3 {
		r.find(FindingRepeated, "CertificateDetails with more than three")
	}
	return list
}

func (r *reader) certificateID(el *xmltree.Element) *CertificateID {
	out := new(CertificateID)
	uri, _ := el.Attr("", "URI")
	out.URI = trim(uri)
	k := cursor{slots: certIDSlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		switch r.place(c, &k) {
		case 0:
			out.DigestMethod, out.Digest = r.pair(c, digestSlots[:])
		case 1:
			out.IssuerSerial = r.base64(c)
		}
	}
	r.done(el.Local, &k)
	return out
}

// pair reads a method and a value.
func (r *reader) pair(el *xmltree.Element, slots []slot) (method string, value []byte) {
	k := cursor{slots: slots}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		switch r.place(c, &k) {
		case 0:
			method = algorithm(c)
		case 1:
			value = r.base64(c)
		}
	}
	r.done(el.Local, &k)
	return method, value
}
