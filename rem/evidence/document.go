package evidence

import (
	"context"
	"sync/atomic"

	"github.com/certmail/certmail/internal/xmltree"
)

// Document is an evidence document that was read and can be judged without
// being read again. It keeps some four times its size in memory; Parse and
// Verify do not.
type Document struct {
	tree  *xmltree.Document
	most  int
	first atomic.Pointer[Evidence] // the value of Open, for the first who asks
}

// Open reads a document for [Document.Evidence] and [Document.Verify]. Errors
// are those of [Parse], and xml must not be changed afterwards.
func Open(xml []byte, o *Options) (*Document, error) {
	lim, most := o.limits()
	tree, err := xmltree.Parse(xml, &lim)
	if err != nil {
		return nil, err
	}
	e, err := fromTree(tree, most)
	if err != nil {
		return nil, err
	}
	d := &Document{tree: tree, most: most}
	d.first.Store(e)
	return d, nil
}

// Evidence is the value that the document has, a new one at each call. It
// proves nothing.
func (d *Document) Evidence() *Evidence {
	if e := d.first.Swap(nil); e != nil {
		return e
	}
	e, err := fromTree(d.tree, d.most)
	if err != nil { // it was read before
		return &Evidence{Raw: d.tree.Source}
	}
	return e
}

// Verify is [Verify] of the document. VerifyOptions.Options does not count: the
// document was read under those of Open.
func (d *Document) Verify(ctx context.Context, o *VerifyOptions) (*Evidence, *Report, error) {
	if o == nil {
		o = &VerifyOptions{}
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	e, err := fromTree(d.tree, d.most)
	if err != nil {
		return nil, nil, err
	}
	return e, verify(d.tree, e, o), nil
}
