package xmltree

// AppendCanonicalSlow is AppendCanonical that makes every tag and copies none.
func (d *Document) AppendCanonicalSlow(dst []byte, at *Element, c Canon) ([]byte, error) {
	out := canonical{Canon: c, src: d.src, buf: dst, slow: true}
	err := out.run(d, at)
	out.settle()
	return out.buf, err
}
