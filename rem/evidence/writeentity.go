package evidence

func (w *writer) entity(name string, e *Entity) {
	w.open(name)
	w.identity(e.Attributes)
	if len(e.Certificates) > 0 {
		w.open("tns:CertificateDetails")
		for i := range e.Certificates {
			w.certificate(&e.Certificates[i])
		}
		w.close("tns:CertificateDetails")
	}
	if e.Other != nil {
		w.any("Any", true, e.Other, "")
	}
	w.close(name)
}

func (w *writer) identity(list []Attribute) {
	if len(list) == 0 {
		return
	}
	var whole []*Any
	for i := range list {
		if list[i].Verbatim != nil {
			whole = append(whole, list[i].Verbatim)
		}
	}
	prefix := w.wrap("Identity", true, nil, whole...)
	for i := range list {
		if v := list[i].Verbatim; v != nil {
			w.verbatim(v, "Attribute")
			continue
		}
		w.attribute(&list[i])
	}
	w.close(prefix + "Identity")
}

func (w *writer) attribute(a *Attribute) {
	w.start("saml:Attribute")
	if a.FriendlyName != "" {
		w.attr("FriendlyName", a.FriendlyName)
	}
	w.attr("Name", a.Name)
	if a.NameFormat != "" {
		w.attr("NameFormat", a.NameFormat)
	}
	w.body()
	for _, v := range a.Values {
		w.start("saml:AttributeValue")
		if v.Type != (QName{}) {
			w.typed(v.Type)
		}
		w.value("saml:AttributeValue", v.Text)
	}
	w.close("saml:Attribute")
}

// typed writes xsi:type with a prefix that the root declares, or with one of
// its own.
func (w *writer) typed(t QName) {
	prefix := ""
	if t.Space != "" {
		prefix = "t:"
		for _, ns := range rootNamespaces {
			if ns.URI == t.Space {
				prefix = ns.Prefix + ":"
			}
		}
		if prefix == "t:" {
			w.attr("xmlns:t", t.Space)
		}
	}
	w.attr("xsi:type", prefix+t.Local)
}

func (w *writer) certificate(c *Certificate) {
	switch {
	case c.Signature != nil:
		w.open("tns:CertIDAndSignature")
		if c.ID != nil {
			w.certificateID(c.ID)
		}
		w.open("tns:CertSignatureDetails")
		w.method("ds:SignatureMethod", c.Signature.Method)
		w.octets("ds:SignatureValue", c.Signature.Value)
		w.close("tns:CertSignatureDetails")
		w.close("tns:CertIDAndSignature")
	case c.ID != nil:
		w.certificateID(c.ID)
	default:
		w.base64("X509Certificate", c.X509)
	}
}

func (w *writer) certificateID(id *CertificateID) {
	w.start("CertID")
	if id.URI != "" {
		w.attr("URI", id.URI)
	}
	w.body()
	w.open("CertDigest")
	w.method("ds:DigestMethod", id.DigestMethod)
	w.octets("ds:DigestValue", id.Digest)
	w.close("CertDigest")
	w.octets("IssuerSerialV2", id.IssuerSerial)
	w.close("CertID")
}
