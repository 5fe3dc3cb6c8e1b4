package envelope

import "io"

// Structure reads src as an entity and follows its multiparts to the leaves.
// A message/rfc822 part is a leaf: call Structure on its Raw reader to look
// inside. src may be any section of any message: ranges are relative to it.
func Structure(src *io.SectionReader, opt *Options) (*Part, []Finding, error) {
	o := opt.withDefaults()
	if src.Size() == 0 {
		return nil, nil, &Error{Where: "entity", Offset: 0, Err: ErrEmpty}
	}
	var found findings
	s, err := scan(src, 0, src.Size(), o, &found, false, nil)
	if err != nil {
		return nil, nil, err
	}
	return s.root, found.list, nil
}

// OpenOriginal opens the original that the message carries (postacert.eml) as
// a message of its own. Nothing that holds for the outer message holds for it:
// its signature, if it has one, is its author's.
//
// The original's bytes are those in the message: no copy is made unless the
// part is transfer-encoded, which RFC 2046 §5.2.1 forbids and readers meet.
// Close the result.
func (m *Message) OpenOriginal() (*Message, error) {
	if m.Original == nil {
		return nil, &Error{Where: "original", Offset: -1, Err: ErrNoPart}
	}
	switch m.Original.Encoding() {
	case "base64", "quoted-printable":
		r, err := m.Original.Content()
		if err != nil {
			return nil, err
		}
		return Read(r, &m.opt)
	}
	raw := m.Original.Raw()
	return Open(raw, raw.Size(), &m.opt)
}

// OriginalHeader reads just the header block of the embedded original.
func (m *Message) OriginalHeader() (*Header, error) {
	if m.Original == nil {
		return nil, &Error{Where: "original", Offset: -1, Err: ErrNoPart}
	}
	switch m.Original.Encoding() {
	case "base64", "quoted-printable":
		o, err := m.OpenOriginal()
		if err != nil {
			return nil, err
		}
		return o.Header, o.Close()
	}
	var block []byte
	if m.whole != nil {
		block = m.whole[m.Original.Body.Start:m.Original.Body.End]
		if end, _, ok := headerEnd(block); ok {
			block = block[:end]
		}
	} else {
		var err error
		if block, _, err = readHeaderBlock(m.Original.Raw(), m.opt.MaxHeader); err != nil {
			return nil, err
		}
	}
	if len(block) > m.opt.MaxHeader {
		return nil, errorf("original", m.Original.Body.Start, ErrTooLarge, "a header block of more than %d bytes", m.opt.MaxHeader)
	}
	h := parseHeader(block, nil, make([]headerField, 0, 12))
	return &h, nil
}

// ReadHeader reads just the header block of an entity, as an embedded message:
// nothing behind it is looked at.
func ReadHeader(src *io.SectionReader, opt *Options) (*Header, error) {
	o := opt.withDefaults()
	block, _, err := readHeaderBlock(src, o.MaxHeader)
	if err != nil {
		return nil, err
	}
	if len(block) > o.MaxHeader {
		return nil, errorf("header", 0, ErrTooLarge, "a header block of more than %d bytes", o.MaxHeader)
	}
	h := parseHeader(block, nil, nil)
	return &h, nil
}
