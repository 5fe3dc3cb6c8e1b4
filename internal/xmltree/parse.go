package xmltree

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// Parse reads a document. What it refuses is a *Error that wraps one of the
// package's sentinels. The limits come first: nothing is allocated for what
// lies beyond them. data is kept and must not be changed afterwards.
func Parse(data []byte, lim *Limits) (*Document, error) {
	l := lim.orDefaults()
	if err := l.size(len(data)); err != nil {
		return nil, err
	}
	return parse(&Document{Source: data, src: string(data)}, l)
}

// ParseString is Parse of a source in a string, of which no copy is made.
func ParseString(text string, lim *Limits) (*Document, error) {
	l := lim.orDefaults()
	if err := l.size(len(text)); err != nil {
		return nil, err
	}
	return parse(&Document{src: text}, l)
}

func (l *Limits) size(n int) error {
	if n > l.Bytes {
		return &Error{Offset: l.Bytes, Err: ErrTooLarge, Detail: fmt.Sprintf("%d octets, the limit is %d", n, l.Bytes)}
	}
	return nil
}

func parse(d *Document, l Limits) (*Document, error) {
	d.ids = d.idRoom[:0]
	d.memory = memories.Get().(*memory)
	d.ns = d.memory.ns
	p := parsers.Get().(*parser)
	p.src, p.lim, p.doc = d.src, l, d
	err := p.encoding()
	if err == nil {
		err = p.document()
	}
	p.release()
	if err != nil {
		d.Release()
		return nil, err
	}
	return d, nil
}

// parsers are used again for the room that they have.
var parsers = sync.Pool{New: func() any { return new(parser) }}

// release gives the parser back, without anything of the document.
func (p *parser) release() {
	const most = 1 << 10 // of each list; what a hostile document made grow is not kept
	next := parser{scope: p.scope, attrs: p.attrs, ns: p.ns}
	if cap(next.scope)+cap(next.attrs)+cap(next.ns) > most {
		next = parser{}
	}
	clear(next.scope[:cap(next.scope)])
	clear(next.attrs[:cap(next.attrs)])
	clear(next.ns[:cap(next.ns)])
	next.scope, next.attrs, next.ns = next.scope[:0], next.attrs[:0], next.ns[:0]
	*p = next
	parsers.Put(p)
}

type parser struct {
	src  string
	pos  int
	lim  Limits
	doc  *Document
	cur  *Element // the innermost open element
	last *Element // the latest child of cur
	// depth of cur, and what was read so far.
	depth, elements, attributes int
	scope                       []Namespace // declarations in scope, the innermost last
	// What is read of one start tag, and the slabs it goes to.
	attrs    []Attr
	ns       []Namespace
	elemSlab []Element
	attrSlab []Attr
	slabs    int // of attributes, so far
	// plain: the present tag stands as canonical forms write it, so far.
	plain bool
}

func (p *parser) fail(at int, sentinel error, format string, args ...any) error {
	return errorAt(p.src, at, sentinel, fmt.Sprintf(format, args...))
}

// encoding checks that all of it is UTF-8 and skips a byte order mark.
func (p *parser) encoding() error {
	s := p.src
	if len(s) >= 2 {
		switch s[:2] {
		case "\xfe\xff", "\xff\xfe", "<\x00", "\x00<":
			return p.fail(0, ErrEncoding, "this looks like UTF-16")
		}
	}
	if !utf8.ValidString(s) {
		at := 0
		for at < len(s) {
			r, size := utf8.DecodeRuneInString(s[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		return p.fail(at, ErrEncoding, "octet %#02x starts no character", s[at])
	}
	if strings.IndexByte(s, "\uFEFF"[0]) < 0 {
		return nil
	}
	for _, not := range [2]string{"\uFFFE", "\uFFFF"} {
		if at := strings.Index(s, not); at >= 0 {
			return p.fail(at, ErrMalformed, "U+%04X is no XML character", []rune(not)[0])
		}
	}
	if strings.HasPrefix(s, "\uFEFF") {
		p.pos = len("\uFEFF")
	}
	return nil
}

func (p *parser) document() error {
	if err := p.declaration(); err != nil {
		return err
	}
	if err := p.misc(&p.doc.prolog); err != nil {
		return err
	}
	if p.pos >= len(p.src) {
		return p.fail(p.pos, ErrMalformed, "there is no element")
	}
	if err := p.startTag(); err != nil {
		return err
	}
	for p.cur != nil {
		if err := p.content(); err != nil {
			return err
		}
	}
	if err := p.misc(&p.doc.epilog); err != nil {
		return err
	}
	if p.pos < len(p.src) {
		return p.fail(p.pos, ErrMalformed, "content after the root element")
	}
	return nil
}

// misc reads white space, comments and processing instructions outside the root.
func (p *parser) misc(list *[]misc) error {
	for {
		p.spaces()
		rest := p.src[p.pos:]
		start := p.pos
		switch {
		case rest == "":
			return nil
		case strings.HasPrefix(rest, "<!--"):
			if err := p.comment(); err != nil {
				return err
			}
		case strings.HasPrefix(rest, "<?"):
			if err := p.instruction(); err != nil {
				return err
			}
		case strings.HasPrefix(rest, "<!"):
			if strings.HasPrefix(rest, "<!DOCTYPE") {
				return p.fail(p.pos, ErrDoctype, "remove it")
			}
			return p.fail(p.pos, ErrMalformed, "a declaration outside a document type")
		case rest[0] != '<':
			return p.fail(p.pos, ErrMalformed, "character data outside the root element")
		default:
			return nil
		}
		if len(*list) == maxMisc {
			return p.fail(start, ErrTooMany, "more than %d comments and processing instructions outside the root", maxMisc)
		}
		*list = append(*list, misc{start, p.pos})
	}
}

// content reads character data up to the next piece of markup, and that.
func (p *parser) content() error {
	e, src, i := p.cur, p.src, p.pos
	for {
		i = plainText(src, i)
		if i >= len(src) {
			return p.fail(p.cur.Start, ErrMalformed, "element %s is not closed", quoted(qualified(e.Prefix, e.Local)))
		}
		switch c := src[i]; c {
		case '<':
			p.pos = i
			return p.markup()
		case '&':
			_, end, err := p.reference(i)
			if err != nil {
				return err
			}
			e.rough = true
			i = end
		case '>':
			if i >= 2 && src[i-1] == ']' && src[i-2] == ']' && i-2 >= p.pos {
				return p.fail(i-2, ErrMalformed, "%q in character data", "]]>")
			}
			e.rough = true
			i++
		case '\r':
			e.rough = true
			i++
		default:
			return p.fail(i, ErrMalformed, "octet %#02x is no XML character", c)
		}
	}
}

// markup reads what starts with "<" inside an element.
func (p *parser) markup() error {
	rest := p.src[p.pos:]
	if len(rest) < 2 {
		return p.fail(p.pos, ErrMalformed, "%q at the end of the document", "<")
	}
	switch rest[1] {
	case '/':
		return p.endTag()
	case '?':
		p.cur.rough, p.cur.remarks = true, true
		return p.instruction()
	case '!':
		switch {
		case strings.HasPrefix(rest, "<!--"):
			p.cur.rough, p.cur.remarks = true, true
			return p.comment()
		case strings.HasPrefix(rest, "<![CDATA["):
			p.cur.rough = true
			return p.cdata()
		case strings.HasPrefix(rest, "<!DOCTYPE"):
			return p.fail(p.pos, ErrDoctype, "inside an element")
		}
		return p.fail(p.pos, ErrMalformed, "a declaration inside an element")
	}
	return p.startTag()
}

func (p *parser) endTag() error {
	e, at := p.cur, p.pos
	i := at + len("</")
	name := qname{e.Prefix, e.Local}
	if !name.prefixes(p.src[i:]) {
		return p.fail(at, ErrMalformed, "end tag of %s expected", quoted(qualified(e.Prefix, e.Local)))
	}
	p.pos = i + name.len()
	e.plainEnd = !p.spaces()
	if p.pos >= len(p.src) || p.src[p.pos] != '>' {
		return p.fail(at, ErrMalformed, "end tag of %s expected", quoted(qualified(e.Prefix, e.Local)))
	}
	p.pos++
	e.innerEnd = int32(at)
	p.close()
	return nil
}

// close ends the innermost element at the present place.
func (p *parser) close() {
	e := p.cur
	e.End = p.pos
	p.scope = p.scope[:len(p.scope)-int(e.nsEnd-e.ns)]
	p.cur = e.Parent
	p.last = e
	p.depth--
}

// reference reads a character or predefined entity reference at i.
func (p *parser) reference(i int) (r rune, end int, err error) {
	r, size := resolve(p.src[i:])
	if size == 0 {
		return 0, 0, p.fail(i, ErrMalformed, "%s is no reference to a character or a predefined entity", quoted(firstLine(p.src[i:])))
	}
	return r, i + size, nil
}

func (p *parser) spaces() bool {
	start := p.pos
	for p.pos < len(p.src) && octets[p.src[p.pos]]&space != 0 {
		p.pos++
	}
	return p.pos > start
}

// qname is a name in two parts, not joined.
type qname struct{ prefix, local string }

func (q qname) len() int {
	if q.prefix == "" {
		return len(q.local)
	}
	return len(q.prefix) + 1 + len(q.local)
}

func (q qname) prefixes(s string) bool {
	if q.prefix != "" {
		if len(s) <= len(q.prefix) || s[:len(q.prefix)] != q.prefix || s[len(q.prefix)] != ':' {
			return false
		}
		s = s[len(q.prefix)+1:]
	}
	return strings.HasPrefix(s, q.local)
}

func qualified(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

func firstLine(s string) string {
	if i := strings.IndexAny(s, "\r\n;"); i >= 0 {
		return s[:i+1]
	}
	return s
}
