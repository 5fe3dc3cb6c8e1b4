package xmltree

import (
	"io"
	"strings"
)

// Canon says which canonical form is wanted. The zero value is Canonical XML
// 1.0 without comments.
type Canon struct {
	// Exclusive XML Canonicalization 1.0 instead of Canonical XML 1.0.
	Exclusive bool
	// Comments are kept.
	Comments bool
	// Inclusive is the PrefixList of an exclusive form: prefixes that are
	// treated as Canonical XML treats them, "#default" for the default one.
	Inclusive []string
	// Version11 is Canonical XML 1.1 instead of 1.0; they differ in what an
	// inner element inherits of xml:id and xml:base.
	Version11 bool
	// Without leaves out each element for which it is true, with all inside.
	// The element asked for is not asked about, except the root of a document.
	Without func(*Element) bool
}

// WriteCanonical writes the canonical form of the element, or of the whole
// document, comments and processing instructions around the root included, when
// at is nil. It writes in pieces, so w may well be a hash. Errors are those of w,
// ErrRelativeNamespace and ErrInheritedBase.
func (d *Document) WriteCanonical(w io.Writer, at *Element, c Canon) error {
	const chunk = 4 << 10
	size := d.Root.End - d.Root.Start
	if at != nil {
		size = at.End - at.Start
	}
	out := canonical{Canon: c, src: d.src, w: w, chunk: chunk, buf: make([]byte, 0, min(size+size/8, chunk)+512)}
	if err := out.run(d, at); err != nil {
		return err
	}
	out.flush()
	return out.err
}

// AppendCanonical appends the same to dst.
func (d *Document) AppendCanonical(dst []byte, at *Element, c Canon) ([]byte, error) {
	out := canonical{Canon: c, src: d.src, buf: dst}
	err := out.run(d, at)
	return out.buf, err
}

// canonical writes one canonical form.
type canonical struct {
	Canon
	src   string
	buf   []byte
	w     io.Writer // nil: all stays in buf
	chunk int
	err   error // of w
	// rendered are the declarations that the open elements of the output carry,
	// counts how many each of them.
	rendered []Namespace
	counts   []int
	// Of one start tag.
	ns    []Namespace
	attrs []*Attr
}

func (c *canonical) flush() {
	if c.err == nil && len(c.buf) > 0 {
		_, c.err = c.w.Write(c.buf)
	}
	c.buf = c.buf[:0]
}

func (c *canonical) run(d *Document, at *Element) error {
	if d.relative != nil {
		return d.relative
	}
	if at != nil {
		return c.element(at)
	}
	for _, m := range d.prolog {
		if c.wants(m) {
			c.remark(d.src[m.start:m.end])
			c.buf = append(c.buf, '\n')
		}
	}
	if c.Without == nil || !c.Without(d.Root) {
		if err := c.element(d.Root); err != nil {
			return err
		}
	}
	for _, m := range d.epilog {
		if c.wants(m) {
			c.buf = append(c.buf, '\n')
			c.remark(d.src[m.start:m.end])
		}
	}
	return nil
}

// wants tells whether the comment or processing instruction is written.
func (c *canonical) wants(m misc) bool { return c.Comments || c.src[m.start+1] == '?' }

// element writes an element and what is in it; walking, not recursing.
func (c *canonical) element(top *Element) error {
	if err := c.apex(top); err != nil {
		return err
	}
	e, from, child := top, top.inner, top.first
	for {
		if child != nil {
			c.text(e, from, child.Start)
			if c.Without != nil && c.Without(child) {
				from, child = child.End, child.next
				continue
			}
			c.open(child)
			e, from, child = child, child.inner, child.first
			continue
		}
		c.text(e, from, e.innerEnd)
		c.close(e)
		if e == top || c.err != nil {
			return c.err
		}
		e, from, child = e.Parent, e.End, e.next
	}
}

func (c *canonical) close(e *Element) {
	c.buf = append(c.buf, '<', '/')
	c.name(e.Prefix, e.Local)
	c.buf = append(c.buf, '>')
	last := len(c.counts) - 1
	c.rendered = c.rendered[:len(c.rendered)-c.counts[last]]
	c.counts = c.counts[:last]
	if c.w != nil && len(c.buf) >= c.chunk {
		c.flush()
	}
}

func (c *canonical) name(prefix, local string) {
	if prefix != "" {
		c.buf = append(c.buf, prefix...)
		c.buf = append(c.buf, ':')
	}
	c.buf = append(c.buf, local...)
}

// text writes a stretch of content that has no elements in it.
func (c *canonical) text(e *Element, from, to int) {
	s := c.src[from:to]
	if s == "" {
		return
	}
	if !e.rough {
		if c.w != nil && len(c.buf)+len(s) > cap(c.buf) {
			c.flush()
		}
		c.buf = append(c.buf, s...)
		return
	}
	for p := (pieces{s: s}); p.next(); {
		switch p.kind {
		case pieceText:
			if p.r >= 0 {
				c.buf = appendTextRune(c.buf, p.r)
			} else {
				c.buf = appendCharacters(c.buf, p.text)
			}
		case pieceCDATA:
			c.buf = appendCharacters(c.buf, p.text)
		case pieceComment:
			if c.Comments {
				c.comment(p.text)
			}
		case pieceInstruction:
			c.instruction(p.text)
		}
		if c.w != nil && len(c.buf) >= c.chunk {
			c.flush()
		}
	}
}

// remark writes a comment or processing instruction given with its delimiters.
func (c *canonical) remark(s string) {
	if s[1] == '?' {
		c.instruction(s[len("<?") : len(s)-len("?>")])
	} else {
		c.comment(s[len("<!--") : len(s)-len("-->")])
	}
}

func (c *canonical) comment(inside string) {
	c.buf = append(c.buf, "<!--"...)
	c.buf = appendLineEnds(c.buf, inside)
	c.buf = append(c.buf, "-->"...)
}

func (c *canonical) instruction(inside string) {
	target := inside[:ncName(inside)]
	data := strings.TrimLeft(inside[len(target):], " \t\r\n")
	c.buf = append(c.buf, "<?"...)
	c.buf = append(c.buf, target...)
	if data != "" {
		c.buf = append(c.buf, ' ')
		c.buf = appendLineEnds(c.buf, data)
	}
	c.buf = append(c.buf, "?>"...)
}
