package rem

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// checkOriginal compares the digest of the embedded original with that in the
// evidence (EN 319 532-4 D.4.3). The error is the source's.
func (r *Report) checkOriginal() (trust.Check, error) {
	m := r.message
	c := trust.Check{Name: trust.CheckOriginalDigest}
	if m.Original == nil {
		c.Status, c.Detail = trust.Skipped, "none embedded"
		if m.originals > 1 || m.Kind == KindDispatch || m.Kind == KindPayload {
			c.Status, c.Detail = trust.Failed, "a "+string(m.Kind)+" must carry the original, one and no more (EN 319 532-2 table 1)"
		}
		return c, nil
	}
	d := &originalDigests{m: m}
	stated := 0
	for i := range m.Evidence {
		doc := r.documents[i]
		if doc == nil {
			continue
		}
		p := originalPart(doc)
		if p == nil {
			c.Status, c.Detail = trust.Failed, "evidence "+m.Evidence[i].label(i)+" does not state the digest of the original"
			return c, nil
		}
		stated++
		if detail, err := d.compare(p.DigestMethod, p.Digest); err != nil || detail != "" {
			return d.failed(c, detail, err)
		}
	}
	if stated == 0 {
		return r.checkPayload(c, d)
	}
	c.Status, c.Detail = trust.Passed, "the original has the digest that the evidence states"
	if d.stored {
		r.find("line-endings-changed", "the message is stored with bare LF line ends; the digest of its original is that of the form with CR LF")
	}
	return c, nil
}

// checkPayload compares an original without evidence with the header, which
// nobody signs: what can be said is that the two agree.
func (r *Report) checkPayload(c trust.Check, d *originalDigests) (trust.Check, error) {
	h := r.message.Envelope.Header
	value, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(h.Get(headerDigestValue)), ""))
	if err != nil || len(value) == 0 {
		c.Status, c.Detail = trust.Unknown, "neither evidence nor "+headerDigestValue+" states the digest of the original"
		return c, nil
	}
	if detail, err := d.compare(h.Get(headerDigestAlgorithm), value); err != nil || detail != "" {
		return d.failed(c, detail, err)
	}
	c.Status, c.Detail = trust.Passed, "the original, which the signature covers, has the digest of "+headerDigestValue
	return c, nil
}

// originalDigests are the digests of one original.
type originalDigests struct {
	m      *Message
	stored bool // it fits with CR LF line ends only
}

// compare says why the original does not have a digest; "" when it has.
func (d *originalDigests) compare(method string, want []byte) (detail string, err error) {
	hash := hashOf(method)
	if hash == 0 {
		return "the digest algorithm " + excerpt(method) + " is not accepted, want SHA-256 or longer", nil
	}
	for _, canonical := range [...]bool{false, true} {
		got, err := d.m.OriginalDigest(hash, canonical)
		if err != nil {
			return "", err
		}
		if bytes.Equal(got, want) {
			d.stored = d.stored || canonical
			return "", nil
		}
		if canonical {
			return fmt.Sprintf("the original has the digest %s, the evidence states %s",
				base64.StdEncoding.EncodeToString(got), base64.StdEncoding.EncodeToString(want)), nil
		}
	}
	return "", nil
}

// failed is the check of an original that has another digest, or cannot be
// read.
func (d *originalDigests) failed(c trust.Check, detail string, err error) (trust.Check, error) {
	if errors.Is(err, envelope.ErrSource) {
		return c, err
	}
	if err != nil {
		detail = err.Error()
	}
	c.Status, c.Detail = trust.Failed, detail
	return c, nil
}

// hashOf reads the URI of a digest algorithm; 0 for one that is not accepted.
func hashOf(uri string) crypto.Hash {
	switch uri {
	case evidence.DigestSHA256:
		return crypto.SHA256
	case evidence.DigestSHA384:
		return crypto.SHA384
	case evidence.DigestSHA512:
		return crypto.SHA512
	}
	return 0
}
