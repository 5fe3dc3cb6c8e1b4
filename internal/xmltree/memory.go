package xmltree

import "sync"

// memory is what a tree of the usual size lies in.
type memory struct {
	elements []Element
	attrs    []Attr
	ns       []Namespace
}

var memories = sync.Pool{New: func() any { return new(memory) }}

// Release gives the memory of the tree back for another document, and may be left
// out. Neither the document nor any of its elements must be used afterwards;
// what was taken out of them, strings and ranges of Source, stays.
func (d *Document) Release() {
	m := d.memory
	if m == nil {
		return
	}
	ns := d.ns
	*d = Document{Source: d.Source}
	m.release(ns)
}

func (m *memory) release(ns []Namespace) {
	const elements, attributes, namespaces = 256, 256, 64 // what is kept
	if m.ns = ns[:0]; cap(ns) > namespaces {
		m.ns = nil
	}
	if len(m.elements) > elements {
		m.elements = nil
	}
	if len(m.attrs) > attributes {
		m.attrs = nil
	}
	clear(m.elements)
	clear(m.attrs)
	clear(m.ns[:cap(m.ns)])
	memories.Put(m)
}
