package evidence

import (
	"strconv"
	"strings"
	"time"
)

// times: submission is not after the event (EN 319 532-4 C.4.5).
func (c *checker) times() {
	c.time("G05", &c.e.Time)
	if c.e.Submitted != nil {
		c.time("M03", c.e.Submitted)
		c.order("G05", "the event", c.e.Time.UTC, "submission", c.e.Submitted.UTC)
	}
	if a := c.e.Sender.Assurance; a != nil && a.Authentication != nil && a.Authentication.Time.Valid() && c.e.Submitted != nil {
		if a.Authentication.Time.UTC.Sub(c.e.Submitted.UTC) > c.p.skew() && c.e.Submitted.Valid() {
			c.add(Remark, "I10", "EN 319 532-4 C.3.4", "authentication at "+a.Authentication.Time.String(), "before submission at "+c.e.Submitted.String())
		}
	}
}

func (c *checker) time(component string, t *Time) {
	const clause = "EN 319 532-4 C.3.4 (UTC)"
	switch {
	case t.IsZero(): // counted
	case !t.Valid(): // a finding
	case t.Lexical != "" && !t.canonical():
		c.add(c.strict(Tolerated), component, clause, t.Lexical, "UTC with Z")
	}
}

// order reports that what comes later is earlier, beyond the skew.
func (c *checker) order(component, later string, t time.Time, earlier string, u time.Time) {
	if t.IsZero() || u.IsZero() {
		return
	}
	if early := u.Sub(t); early > c.p.skew() {
		c.add(Violation, component, "EN 319 532-4 C.4.5", later+" "+early.String()+" before "+earlier, "not before it")
	}
}

func (c *checker) message() {
	c.id("G01", c.e.ID)
	c.id("M01", c.e.MessageID)
	x := c.e.Content
	if x == nil {
		return
	}
	const clause = "EN 319 532-4 C.3.4 l"
	if c.p.baseline {
		if len(x.Parts) != 1 && (len(x.Parts) > 0 || !c.negative) {
			c.add(Violation, "M02", clause, strconv.Itoa(len(x.Parts))+" parts", "one")
		}
		if x.AppLayerIdentifier == "" {
			c.add(Remark, "M02", clause, "no AppLayerIdentifier", "the Message-ID of the sender's program")
		}
		if x.ComposingParts == nil {
			c.add(Tolerated, "M02", clause, "no ComposingParts", "1")
		}
	}
	if n := x.ComposingParts; n != nil && *n != len(x.Parts) {
		c.add(c.strict(Violation), "M02", clause, "ComposingParts "+strconv.Itoa(*n), strconv.Itoa(len(x.Parts))+", the number of parts")
	}
	for i := range x.Parts {
		c.part(&x.Parts[i], clause)
	}
}

func (c *checker) part(p *Part, clause string) {
	if c.p.baseline {
		if p.Identifier != PartOriginal || p.ContentType != ContentTypeRFC822 {
			c.add(Violation, "M02", clause, clip(p.Identifier)+" "+clip(p.ContentType), PartOriginal+" "+ContentTypeRFC822)
		}
		if p.DigestMethod == "" || len(p.Digest) == 0 {
			c.add(c.absent(), "M02", clause, "no digest", "one")
			return
		}
	} else if p.DigestMethod == "" && len(p.Digest) == 0 {
		return
	}
	size := digestSize(p.DigestMethod)
	switch {
	case size == 0:
		c.add(c.strict(Violation), "M02", clause, "digest "+clip(p.DigestMethod), "SHA-256, SHA-384 or SHA-512")
	case len(p.Digest) != size:
		c.add(Violation, "M02", clause, "a digest of "+strconv.Itoa(len(p.Digest))+" octets", strconv.Itoa(size))
	}
}

func digestSize(method string) int {
	switch method {
	case DigestSHA256:
		return 32
	case DigestSHA384:
		return 48
	case DigestSHA512:
		return 64
	}
	return 0
}

// id: an RFC 5322 §3.6.4 id without brackets.
func (c *checker) id(component, id string) {
	if !c.p.baseline || id == "" {
		return
	}
	left, right, found := strings.Cut(id, "@")
	if !found || left == "" || right == "" || strings.ContainsAny(id, "<> \t\r\n") || strings.Contains(right, "@") {
		c.add(Tolerated, component, "EN 319 532-4 C.3.4", clip(id), "an RFC 5322 §3.6.4 id without brackets")
	}
}

// isAddress: something@something, and nothing that cannot be in an address.
func isAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && !strings.ContainsAny(s, " \t\r\n<>,")
}
