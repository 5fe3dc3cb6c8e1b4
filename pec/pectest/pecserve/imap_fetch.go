package pecserve

import (
	"bufio"
	"bytes"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-message/textproto"

	"github.com/certmail/certmail/pec/pectest"
)

func (s *session) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.selected
	indices := v.chosen(set)
	see := !v.readOnly && reads(options)
	if see {
		if err := v.see(indices); err != nil {
			return s.no(err)
		}
	}
	_, all, err := v.folder.List()
	if err != nil {
		return s.no(err)
	}
	now := byUID(all)
	for _, i := range indices {
		m, k := now[v.known[i].uid], &v.known[i]
		if m == nil {
			continue // gone, and the client will hear of it (RFC 2180 §4.1)
		}
		with := *options
		if see && !slices.Equal(k.flags, m.Flags) {
			with.Flags = true
		}
		if with.Flags {
			k.flags = m.Flags
		}
		if err := write(w.CreateMessage(uint32(i+1)), m, &with); err != nil {
			return err
		}
	}
	return nil
}

// reads tells whether FETCH marks messages as read.
func reads(options *imap.FetchOptions) bool {
	return slices.ContainsFunc(options.BodySection, func(b *imap.FetchItemBodySection) bool { return !b.Peek }) ||
		slices.ContainsFunc(options.BinarySection, func(b *imap.FetchItemBinarySection) bool { return !b.Peek })
}

// see marks messages as read, those that are not already.
func (v *selected) see(indices []int) error {
	_, all, err := v.folder.List()
	if err != nil {
		return err
	}
	now := byUID(all)
	var unseen []uint32
	for _, uid := range v.uids(indices) {
		if m := now[uid]; m != nil && !hasFlag(m.Flags, imap.FlagSeen) {
			unseen = append(unseen, uid)
		}
	}
	if len(unseen) == 0 {
		return nil
	}
	return v.folder.ChangeFlags(unseen, func(old []string) []string { return append(old, string(imap.FlagSeen)) })
}

// write writes the response about one message.
func write(w *imapserver.FetchResponseWriter, m *pectest.Stored, options *imap.FetchOptions) (err error) {
	defer func() {
		if closeErr := w.Close(); err == nil {
			err = closeErr
		}
	}()
	if options.UID {
		w.WriteUID(imap.UID(m.UID))
	}
	if options.Flags {
		w.WriteFlags(imapFlags(m.Flags))
	}
	if options.InternalDate {
		w.WriteInternalDate(m.Time)
	}
	if options.RFC822Size {
		w.WriteRFC822Size(int64(len(m.Data)))
	}
	if options.Envelope {
		// What of a broken header could be read is better than nothing.
		header, _ := textproto.ReadHeader(bufio.NewReader(bytes.NewReader(m.Data)))
		w.WriteEnvelope(imapserver.ExtractEnvelope(header))
	}
	if options.BodyStructure != nil {
		w.WriteBodyStructure(writable(imapserver.ExtractBodyStructure(bytes.NewReader(m.Data))))
	}
	for _, b := range options.BodySection {
		section := bodySection(m.Data, b)
		out := w.WriteBodySection(b, int64(len(section)))
		if err := writeAll(out, section); err != nil {
			return err
		}
	}
	for _, b := range options.BinarySection {
		section := part(imapserver.ExtractBinarySection(bytes.NewReader(m.Data), &imap.FetchItemBinarySection{Part: b.Part}), b.Partial)
		if err := writeAll(w.WriteBinarySection(b, int64(len(section))), section); err != nil {
			return err
		}
	}
	for _, b := range options.BinarySectionSize {
		w.WriteBinarySectionSize(b, imapserver.ExtractBinarySectionSize(bytes.NewReader(m.Data), b))
	}
	return nil
}

func writeAll(w interface {
	Write([]byte) (int, error)
	Close() error
}, data []byte) error {
	_, err := w.Write(data)
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	return err
}

// bodySection returns BODY[…]. The whole message, its header and its text are
// the bytes in the mailbox as they are: the library would parse and write them
// again. What lies in a part it extracts.
func bodySection(data []byte, b *imap.FetchItemBodySection) []byte {
	if len(b.Part) > 0 {
		whole := *b
		whole.Partial = nil
		return part(imapserver.ExtractBodySection(bytes.NewReader(data), &whole), b.Partial)
	}
	header, text := split(data)
	switch b.Specifier {
	case imap.PartSpecifierNone:
		return part(data, b.Partial)
	case imap.PartSpecifierText:
		return part(text, b.Partial)
	}
	switch {
	case len(b.HeaderFields) > 0:
		header = fields(header, func(name string) bool { return contains(b.HeaderFields, name) })
	case len(b.HeaderFieldsNot) > 0:
		header = fields(header, func(name string) bool { return !contains(b.HeaderFieldsNot, name) })
	}
	return part(header, b.Partial)
}

// part cuts out a partial section.
func part(data []byte, p *imap.SectionPartial) []byte {
	if p == nil {
		return data
	}
	from := min(p.Offset, int64(len(data)))
	return data[from : from+min(p.Size, int64(len(data))-from)]
}

// split separates the header, with the empty line that ends it, and the text.
func split(data []byte) (header, text []byte) {
	rest := data
	for len(rest) > 0 {
		line := rest[:len(rest)-len(after(rest))]
		rest = after(rest)
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
	}
	return data[:len(data)-len(rest)], rest
}

// after returns what follows the first line.
func after(data []byte) []byte {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return data[i+1:]
	}
	return nil
}

// fields keeps some fields of a header, and the empty line.
func fields(header []byte, keep func(name string) bool) (out []byte) {
	keeping := false
	for len(header) > 0 {
		line := header[:len(header)-len(after(header))]
		header = after(header)
		switch {
		case len(bytes.TrimRight(line, "\r\n")) == 0:
			keeping = true
		case line[0] != ' ' && line[0] != '\t':
			name, _, _ := bytes.Cut(line, []byte(":"))
			keeping = keep(string(bytes.TrimSpace(name)))
		}
		if keeping {
			out = append(out, line...)
		}
	}
	return out
}

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// writable gives multiparts without a part an empty one, as the grammar wants
// it (RFC 3501 §9, body-type-mpart): the library panics.
func writable(b imap.BodyStructure) imap.BodyStructure {
	switch b := b.(type) {
	case *imap.BodyStructureMultiPart:
		if len(b.Children) == 0 {
			b.Children = append(b.Children, &imap.BodyStructureSinglePart{
				Type: "text", Subtype: "plain", Text: &imap.BodyStructureText{}, Extended: &imap.BodyStructureSinglePartExt{},
			})
		}
		for _, child := range b.Children {
			writable(child)
		}
	case *imap.BodyStructureSinglePart:
		if b.MessageRFC822 != nil {
			writable(b.MessageRFC822.BodyStructure)
		}
	}
	return b
}
