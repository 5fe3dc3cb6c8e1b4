package xmlsig

// Namespaces.
const (
	// DSNamespace is that of XML signatures, usually ds.
	DSNamespace = "http://www.w3.org/2000/09/xmldsig#"
	// XAdESNamespace is that of XAdES 1.3.2 (EN 319 132-1), usually xades.
	XAdESNamespace = "http://uri.etsi.org/01903/v1.3.2#"

	filter2Namespace = "http://www.w3.org/2002/06/xmldsig-filter2"
)

// Transforms and canonicalization methods.
const (
	TransformEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	TransformFilter2   = "http://www.w3.org/2002/06/xmldsig-filter2"

	ExclusiveC14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
	C14N10        = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	C14N11        = "http://www.w3.org/2006/12/xml-c14n11"
)

// Digest and signature methods (RFC 9231).
const (
	DigestSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	DigestSHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	DigestSHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
	digestSHA1   = "http://www.w3.org/2000/09/xmldsig#sha1"

	RSASHA256    = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	RSASHA384    = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
	RSASHA512    = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
	RSAPSSSHA256 = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
	RSAPSSSHA384 = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"
	RSAPSSSHA512 = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"
	ECDSASHA256  = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	ECDSASHA384  = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
	ECDSASHA512  = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
)

// typeSignedProperties is the Type of a Reference to XAdES properties (EN 319
// 132-1 §4.3.2).
const typeSignedProperties = "http://uri.etsi.org/01903#SignedProperties"

// derEncoding is what the Encoding of a time-stamp says if anything (EN 319 132-1
// §4.2: the default).
const derEncoding = "http://uri.etsi.org/01903/v1.2.2#DER"
