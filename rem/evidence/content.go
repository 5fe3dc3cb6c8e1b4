package evidence

// Content is UserContentInfo (EN 319 522-3 §5.2.2): what the user sent.
type Content struct {
	// AppLayerIdentifier is the id that the sender's own program gave the
	// message; in REM its Message-ID with the brackets.
	AppLayerIdentifier string
	// ComposingParts is the number of parts, nil when absent.
	ComposingParts *int
	Parts          []Part
}

// Part is PartInfo.
type Part struct {
	Identifier, ContentType string
	// DigestMethod is the URI of the algorithm, Digest the value.
	DigestMethod string
	Digest       []byte
}

// Values of the one part that the baseline writes (EN 319 532-4 C.3.4 l).
const (
	PartOriginal      = "urn:oid:1.3.6.1.7"
	ContentTypeRFC822 = "message/rfc822"

	DigestSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	DigestSHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	DigestSHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
)

// OriginalMessage is the Content that the baseline writes: one message/rfc822
// with its digest, and the Message-ID that the sender's program had given it,
// brackets included.
func OriginalMessage(userAgentID, digestMethod string, digest []byte) *Content {
	one := 1
	return &Content{
		AppLayerIdentifier: userAgentID,
		ComposingParts:     &one,
		Parts:              []Part{{PartOriginal, ContentTypeRFC822, digestMethod, digest}},
	}
}
