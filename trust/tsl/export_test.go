package tsl

import (
	"io"

	"github.com/certmail/certmail/internal/xmltree"
)

// WriteSigned writes what a signature over the list covers.
func WriteSigned(w io.Writer, l *List) error {
	return l.doc.WriteCanonical(w, l.doc.Root, xmltree.Canon{Exclusive: true, Without: func(e *xmltree.Element) bool { return e.Is(nsDS, "Signature") }})
}
