package xmltree

import "iter"

// Element is an element with its place in the source.
type Element struct {
	// Space is the namespace name, empty for none. Local is the name without
	// prefix, Prefix what stood before the colon.
	Space, Local, Prefix string
	// Attrs in the order of the source, without namespace declarations.
	Attrs []Attr
	// Parent is nil at the root.
	Parent *Element
	// Start and End are offsets into the source: the element with its tags.
	Start, End int

	doc         *Document
	first, next *Element // children are chained
	// ns and nsEnd enclose its declarations among those of the document.
	ns, nsEnd int32
	// inner and innerEnd enclose the content: what stands between the tags.
	inner, innerEnd int32
	// rough: the element's own character data is not the source as it stands,
	// or not its canonical form (references, CR, ">", CDATA, comments, PIs).
	rough bool
	// remarks: comments or processing instructions are among the content.
	remarks bool
	// plain: the start tag stands in the source as canonical forms write it, but
	// for namespaces; plainEnd: so does the end tag.
	plain, plainEnd bool
}

// Attr is an attribute; Value is normalised (XML 1.0 §3.3.3).
type Attr struct {
	Space, Local, Prefix, Value string
}

// Namespace is a declaration; Prefix is empty for the default namespace, and
// URI is empty where that is taken back.
type Namespace struct {
	Prefix, URI string
}

// Is tells whether the element has that name.
func (e *Element) Is(space, local string) bool { return e.Local == local && e.Space == space }

// Elements returns the child elements in order.
func (e *Element) Elements() iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		for c := e.first; c != nil; c = c.next {
			if !yield(c) {
				return
			}
		}
	}
}

// FirstChild and NextSibling walk the child elements without a closure; nil at
// the end.
func (e *Element) FirstChild() *Element { return e.first }

// NextSibling returns the element that follows below the same parent.
func (e *Element) NextSibling() *Element { return e.next }

// First returns the first child element of that name, nil if there is none.
func (e *Element) First(space, local string) *Element {
	for c := e.first; c != nil; c = c.next {
		if c.Local == local && c.Space == space {
			return c
		}
	}
	return nil
}

// All returns the child elements of that name.
func (e *Element) All(space, local string) iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		for c := e.first; c != nil; c = c.next {
			if c.Local == local && c.Space == space && !yield(c) {
				return
			}
		}
	}
}

// Descendants returns the element itself and every element below it, in
// document order.
func (e *Element) Descendants() iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		for at := e; at != nil; at = at.after(e) {
			if !yield(at) {
				return
			}
		}
	}
}

// after returns what follows in document order within top.
func (e *Element) after(top *Element) *Element {
	if e.first != nil {
		return e.first
	}
	for e != top {
		if e.next != nil {
			return e.next
		}
		e = e.Parent
	}
	return nil
}

// Attr returns the value of the attribute of that name; an attribute without
// prefix has no namespace.
func (e *Element) Attr(space, local string) (string, bool) {
	for i := range e.Attrs {
		if a := &e.Attrs[i]; a.Local == local && a.Space == space {
			return a.Value, true
		}
	}
	return "", false
}

// Resolve returns the namespace name that the prefix stands for here; the empty
// prefix asks for the default namespace, which is empty when there is none.
func (e *Element) Resolve(prefix string) (uri string, ok bool) {
	if prefix == "xml" {
		return XMLNamespace, true
	}
	for at := e; at != nil; at = at.Parent {
		if at.ns == at.nsEnd {
			continue
		}
		for _, n := range at.Namespaces() {
			if n.Prefix == prefix {
				return n.URI, true
			}
		}
	}
	return "", prefix == ""
}

// Namespaces returns the declarations of the element itself, in source order.
func (e *Element) Namespaces() []Namespace { return e.doc.ns[e.ns:e.nsEnd:e.nsEnd] }

// Bytes returns the element as it stands in the source, tags included: a part
// of Document.Source, or a copy where there is none.
func (e *Element) Bytes() []byte {
	if e.doc.Source == nil {
		return []byte(e.doc.src[e.Start:e.End])
	}
	return e.doc.Source[e.Start:e.End:e.End]
}

// Inner returns the offsets of the content: from behind the start tag to before
// the end tag. Both are equal to End for an empty-element tag.
func (e *Element) Inner() (start, end int) { return int(e.inner), int(e.innerEnd) }

// Remarks tells whether comments or processing instructions stand among the
// element's own content (not inside its children).
func (e *Element) Remarks() bool { return e.remarks }

// Document returns the document the element belongs to.
func (e *Element) Document() *Document { return e.doc }
