package receipt

import (
	"cmp"
	"slices"
	"strings"
)

// copies are the submissions of one Message-ID and sender, in a fixed order.
type copies []Sent

// sentBy returns the submissions of a sender.
func (t *thread) sentBy(sender string) copies {
	if len(t.sents) == 1 {
		return t.sents
	}
	var own copies
	for _, s := range t.sents {
		if SameAddress(s.Sender, sender) {
			own = append(own, s)
		}
	}
	slices.SortFunc(own, func(a, b Sent) int {
		return cmp.Or(a.Time.Compare(b.Time), slices.Compare(a.SHA256[:], b.SHA256[:]), strings.Compare(a.Subject, b.Subject),
			strings.Compare(a.Sender, b.Sender), slices.CompareFunc(a.Recipients, b.Recipients, compareSentRecipients),
			slices.Compare(a.Body[:], b.Body[:]), strings.Compare(a.Name, b.Name))
	})
	return own
}

// merged makes one submission of several.
func (c copies) merged() *Sent {
	if len(c) == 1 {
		return &c[0]
	}
	s := c[0]
	s.Recipients = nil
	var seen addressSet
	for _, one := range c {
		if s.Time.IsZero() {
			s.Time = one.Time
		}
		if s.Subject == "" {
			s.Subject = one.Subject
		}
		s.Uncertain = s.Uncertain && one.Uncertain
		for _, r := range one.Recipients {
			if _, isNew := seen.add(r.Address); isNew {
				s.Recipients = append(s.Recipients, r)
			}
		}
	}
	return &s
}

// compare says how the original inside a proof compares with what was
// submitted.
func (c copies) compare(body Digest) ContentMatch {
	found := ContentNotCompared
	for i := range c {
		switch {
		case c[i].Body.IsZero():
		case c[i].Body == body:
			return ContentSame
		default:
			found = ContentDiffers
		}
	}
	return found
}

// twice reports whether more than one message was submitted, and why we say so.
// Several contents are certain where the digests of what the copies say differ.
// Where they are the same, the copies are of one message: mailboxes change line
// ends and add fields.
func (c copies) twice() (contents bool, why string) {
	var known, unknown *Sent // the first of which we know what it says, and the first other
	for i := range c {
		s := &c[i]
		switch {
		case s.Body.IsZero():
			if unknown == nil && !s.SHA256.IsZero() {
				unknown = s
			}
		case known == nil:
			known = s
		case s.Body != known.Body:
			return true, whyTwice + known.called() + s.called()
		case s.Subject != known.Subject && why == "":
			why = "the sent copies under this Message-ID have different subjects" + known.called() + s.called()
		}
	}
	for i := range c {
		if s := &c[i]; unknown != nil && !s.SHA256.IsZero() && s.SHA256 != unknown.SHA256 {
			why = whyTwice
		}
	}
	return false, why
}

const whyTwice = "different contents were submitted under this Message-ID"

// called names a copy behind a sentence.
func (s *Sent) called() string {
	if s.Name == "" {
		return ""
	}
	return "; " + s.Name
}

// differing returns the first copy that says something else than a proof that
// none of them agrees with.
func (c copies) differing() *Sent {
	for i := range c {
		if !c[i].Body.IsZero() {
			return &c[i]
		}
	}
	return nil
}

func compareSentRecipients(a, b SentRecipient) int {
	c := strings.Compare(a.Address, b.Address)
	if c == 0 && a.Copy != b.Copy {
		c = 1
		if b.Copy {
			c = -1
		}
	}
	return c
}
