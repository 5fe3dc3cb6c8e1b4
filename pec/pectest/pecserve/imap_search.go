package pecserve

import (
	"bytes"
	"io"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-message/charset"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec/pectest"
)

func (s *session) Search(kind imapserver.NumKind, criteria *imap.SearchCriteria, _ *imap.SearchOptions) (*imap.SearchData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.selected
	_, all, err := v.folder.List()
	if err != nil {
		return nil, s.no(err)
	}
	now := byUID(all)
	var data imap.SearchData
	var seqs imap.SeqSet
	var uids imap.UIDSet
	for i, k := range v.known {
		m := now[k.uid]
		if m == nil {
			continue
		}
		c := candidate{Stored: m, seq: uint32(i + 1), lastSeq: uint32(len(v.known)), lastUID: v.known[len(v.known)-1].uid}
		if !c.matches(criteria) {
			continue
		}
		n := c.seq
		if kind == imapserver.NumKindUID {
			n = k.uid
			uids.AddNum(imap.UID(n))
		} else {
			seqs.AddNum(n)
		}
		if data.Count == 0 {
			data.Min = n
		}
		data.Max = n // known is in the order of both numbers
		data.Count++
	}
	data.All = seqs
	if kind == imapserver.NumKindUID {
		data.All = uids
	}
	return &data, nil
}

// candidate is a message that a search looks at.
type candidate struct {
	*pectest.Stored
	seq, lastSeq, lastUID uint32
	message               *envelope.Message // when it was needed
}

func (c *candidate) matches(s *imap.SearchCriteria) bool {
	for _, set := range s.SeqNum {
		if !in(set, c.seq, c.UID, c.lastSeq, c.lastUID) {
			return false
		}
	}
	for _, set := range s.UID {
		if !in(set, c.seq, c.UID, c.lastSeq, c.lastUID) {
			return false
		}
	}
	for _, f := range s.Flag {
		if !hasFlag(c.Flags, f) {
			return false
		}
	}
	for _, f := range s.NotFlag {
		if hasFlag(c.Flags, f) {
			return false
		}
	}
	size := int64(len(c.Data))
	if s.Larger != 0 && size <= s.Larger || s.Smaller != 0 && size >= s.Smaller || !between(c.Time, s.Since, s.Before) {
		return false
	}
	return c.readsLike(s) &&
		!slices.ContainsFunc(s.Not, func(not imap.SearchCriteria) bool { return c.matches(&not) }) &&
		!slices.ContainsFunc(s.Or, func(or [2]imap.SearchCriteria) bool { return !c.matches(&or[0]) && !c.matches(&or[1]) })
}

// readsLike looks into the message, as far as it must.
func (c *candidate) readsLike(s *imap.SearchCriteria) bool {
	if len(s.Header)+len(s.Text)+len(s.Body) == 0 && s.SentSince.IsZero() && s.SentBefore.IsZero() {
		return true
	}
	if c.message == nil {
		m, err := envelope.OpenBytes(c.Data, nil)
		if err != nil {
			return false
		}
		c.message = m
	}
	h := c.message.Header
	for _, f := range s.Header {
		if !slices.ContainsFunc(h.Values(f.Key), func(v string) bool { return holds(envelope.DecodeText(v), f.Value) }) {
			return false
		}
	}
	if !s.SentSince.IsZero() || !s.SentBefore.IsZero() {
		sent, err := mail.ParseDate(h.Get("Date"))
		if err != nil || !between(sent, s.SentSince, s.SentBefore) {
			return false
		}
	}
	for _, text := range s.Body {
		if !inText(c.message.Root, text, 0) {
			return false
		}
	}
	for _, text := range s.Text {
		if !inHeader(h, text) && !inText(c.message.Root, text, 0) {
			return false
		}
	}
	return true
}

// between compares days, whatever their zone (RFC 3501 §6.4.4).
func between(t, since, before time.Time) bool {
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return (since.IsZero() || !day.Before(since)) && (before.IsZero() || day.Before(before))
}

// holds tells whether a text holds another, whatever the case.
func holds(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

func inHeader(h *envelope.Header, text string) bool {
	for name, value := range h.All() {
		if holds(name+": "+envelope.DecodeText(value), text) {
			return true
		}
	}
	return false
}

// inText looks for a text in the decoded text parts, and those of embedded
// messages.
func inText(root *envelope.Part, text string, depth int) bool {
	return !root.Walk(func(p *envelope.Part) bool {
		if len(p.Parts) > 0 {
			return true
		}
		embedded := p.Type.Value == "message/rfc822"
		if !embedded && !strings.HasPrefix(p.Type.Value, "text/") {
			return true
		}
		content, err := p.Bytes(1 << 28)
		switch {
		case err != nil:
			return true
		case embedded:
			inner, err := envelope.OpenBytes(content, nil)
			return err != nil || depth > 5 || !inHeader(inner.Header, text) && !inText(inner.Root, text, depth+1)
		}
		if name := p.Type.Param("charset"); name != "" {
			if r, err := charset.Reader(name, bytes.NewReader(content)); err == nil {
				if decoded, err := io.ReadAll(r); err == nil {
					content = decoded
				}
			}
		}
		return !holds(string(content), text)
	})
}
