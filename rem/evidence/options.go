package evidence

import "github.com/certmail/certmail/internal/xmltree"

// Options bound what is read; a zero field means its default, and a nil pointer
// all of them.
type Options struct {
	Bytes    int // of the document, 4 MiB
	Depth    int // of nested elements, 64
	Elements int // 65,536
	Items    int // recipients, delegates, reasons, policies, logs, extensions: of each 10,000
}

func (o *Options) limits() (xmltree.Limits, int) {
	lim := xmltree.Limits{Bytes: 4 << 20, Depth: 64, Elements: 1 << 16}
	most := 10_000
	if o != nil {
		if o.Bytes > 0 {
			lim.Bytes = o.Bytes
		}
		if o.Depth > 0 {
			lim.Depth = o.Depth
		}
		if o.Elements > 0 {
			lim.Elements = o.Elements
		}
		if o.Items > 0 {
			most = o.Items
		}
	}
	return lim, most
}
