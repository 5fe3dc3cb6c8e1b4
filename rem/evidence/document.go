package evidence

import (
	"context"
	"sync/atomic"

	"github.com/certmail/certmail/internal/xmltree"
)

// Document is an evidence document that was read and can be judged once without
// being read again. Until then it keeps some three times its size in memory; Parse
// and Verify do not.
type Document struct {
	xml  string
	lim  xmltree.Limits
	most int
	// What Open made, for the first who asks: the value, and the tree for one at a
	// time, until it was judged.
	first atomic.Pointer[Evidence]
	tree  atomic.Pointer[xmltree.Document]
}

// Open reads a document for [Document.Evidence] and [Document.Verify]. Errors
// are those of [Parse]. The document is a copy: what becomes of xml later does not
// matter to it.
func Open(xml []byte, o *Options) (*Document, error) {
	lim, most := o.limits()
	tree, err := xmltree.Parse(xml, &lim)
	return open(tree, err, lim, most)
}

// OpenString is [Open] of a string, of which no copy is made.
func OpenString(xml string, o *Options) (*Document, error) {
	lim, most := o.limits()
	tree, err := xmltree.ParseString(xml, &lim)
	return open(tree, err, lim, most)
}

func open(tree *xmltree.Document, err error, lim xmltree.Limits, most int) (*Document, error) {
	if err != nil {
		return nil, err
	}
	tree.Source = nil // the caller's; Text is ours
	e, err := fromTree(tree, most)
	if err != nil {
		return nil, err
	}
	d := &Document{xml: tree.Text(), lim: lim, most: most}
	d.first.Store(e)
	d.tree.Store(tree)
	return d, nil
}

// Evidence is the value that the document has, a new one at each call. It
// proves nothing.
func (d *Document) Evidence() *Evidence {
	if e := d.first.Swap(nil); e != nil {
		return e
	}
	tree, err := d.take()
	if err == nil {
		defer d.tree.Store(tree)
		if e, err := fromTree(tree, d.most); err == nil {
			return e
		}
	}
	return &Evidence{Raw: d.xml} // not reached: it was read before
}

// take returns the tree for the caller alone, who may put it back.
func (d *Document) take() (*xmltree.Document, error) {
	if tree := d.tree.Swap(nil); tree != nil {
		return tree, nil
	}
	return xmltree.ParseString(d.xml, &d.lim)
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
	tree, err := d.take()
	if err != nil {
		return nil, nil, err
	}
	defer tree.Release() // nothing that is told refers to it
	e, err := fromTree(tree, d.most)
	if err != nil {
		return nil, nil, err
	}
	return e, verify(tree, e, o), nil
}
