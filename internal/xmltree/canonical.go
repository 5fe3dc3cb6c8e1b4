package xmltree

import (
	"io"
	"strings"
	"sync"
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
	out := canonicals.Get().(*canonical)
	defer out.release()
	if cap(out.own) == 0 {
		out.own = make([]byte, 0, chunk+512)
	}
	out.Canon, out.src, out.w, out.buf = c, d.src, w, out.own
	if err := out.run(d, at); err != nil {
		return err
	}
	out.flush()
	return out.err
}

// AppendCanonical appends the same to dst.
func (d *Document) AppendCanonical(dst []byte, at *Element, c Canon) ([]byte, error) {
	out := canonicals.Get().(*canonical)
	defer out.release()
	out.Canon, out.src, out.buf = c, d.src, dst
	err := out.run(d, at)
	out.settle()
	return out.buf, err
}

// chunk is about how much is written at once.
const chunk = 8 << 10

// canonicals are used again for the room that they have.
var canonicals = sync.Pool{New: func() any { return new(canonical) }}

// release gives it back, without anything of the document.
func (c *canonical) release() {
	const most = 1 << 10 // of all lists; what a hostile document made grow is not kept
	next := canonical{own: c.own[:0], rendered: c.rendered, counts: c.counts[:0], ns: c.ns, attrs: c.attrs}
	if cap(next.rendered)+cap(next.counts)+cap(next.ns)+cap(next.attrs) > most || cap(next.own) > 2*chunk {
		next = canonical{}
	}
	clear(next.rendered[:cap(next.rendered)])
	clear(next.ns[:cap(next.ns)])
	clear(next.attrs[:cap(next.attrs)])
	next.rendered, next.ns, next.attrs = next.rendered[:0], next.ns[:0], next.attrs[:0]
	*c = next
	canonicals.Put(c)
}

// canonical writes one canonical form.
type canonical struct {
	Canon
	src string
	buf []byte
	w   io.Writer // nil: all stays in buf
	err error     // of w
	own []byte    // room for buf
	// from and to enclose what is to be written next as it stands in the source.
	from, to int
	// slow: copy nothing that could be made. For tests: it must not matter.
	slow bool
	// rendered are the declarations that the open elements of the output carry,
	// counts how many each of them.
	rendered []Namespace
	counts   []int
	// Of one start tag.
	ns    []Namespace
	attrs []*Attr
}

// verbatim writes a stretch of the source, later if what follows it may have to be
// written too.
func (c *canonical) verbatim(from, to int) {
	if from != c.to {
		c.settle()
		c.from = from
	}
	c.to = to
}

// settle writes what verbatim left for later. It comes before any other writing.
func (c *canonical) settle() {
	s := c.src[c.from:c.to]
	c.from = c.to
	for c.w != nil && len(c.buf)+len(s) > cap(c.buf) {
		n := cap(c.buf) - len(c.buf)
		c.buf = append(c.buf, s[:n]...)
		s = s[n:]
		c.flush()
	}
	c.buf = append(c.buf, s...)
}

func (c *canonical) flush() {
	if c.from < c.to {
		c.settle()
	}
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
			c.settle()
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
			c.settle()
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
	e, from, child := top, int(top.inner), top.first
	for {
		if child != nil {
			c.text(e, from, child.Start)
			if c.Without != nil && c.Without(child) {
				from, child = child.End, child.next
				continue
			}
			c.open(child)
			e, from, child = child, int(child.inner), child.first
			continue
		}
		c.text(e, from, int(e.innerEnd))
		c.close(e)
		if e == top || c.err != nil {
			return c.err
		}
		e, from, child = e.Parent, e.End, e.next
	}
}

func (c *canonical) close(e *Element) {
	if e.plainEnd && !c.slow {
		c.verbatim(int(e.innerEnd), e.End)
	} else {
		c.settle()
		c.buf = append(c.buf, '<', '/')
		c.name(e.Prefix, e.Local)
		c.buf = append(c.buf, '>')
	}
	last := len(c.counts) - 1
	c.rendered = c.rendered[:len(c.rendered)-c.counts[last]]
	c.counts = c.counts[:last]
	if c.w != nil && len(c.buf) >= chunk {
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
		c.verbatim(from, to)
		return
	}
	c.settle()
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
		if c.w != nil && len(c.buf) >= chunk {
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
