package archive

import (
	"archive/zip"
	"fmt"
	"io"
	"slices"
	"strings"
)

// zipTree lists the files of a zip file. The directory is read within a budget
// that follows from the limit of entries, whatever it says of itself.
func zipTree(src io.ReaderAt, size int64, lim Limits) (*tree, error) {
	b := &budget{r: src, left: int64(lim.Entries)*512 + 1<<20}
	z, err := zip.NewReader(b, size)
	if b.left < 0 {
		return nil, fmt.Errorf("%w: a directory of more than %d files", ErrLimit, lim.Entries)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: directory of the zip file: %w", ErrPackage, err)
	}
	b.unlimited = true
	t := newTree(lim)
	type span struct{ from, to int64 }
	var spans []span
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 {
			if err := checkPath(strings.TrimSuffix(f.Name, "/"), lim.Depth); err != nil {
				return nil, err
			}
			continue
		}
		switch {
		case f.Flags&1 != 0:
			return nil, fmt.Errorf("%w: %s is encrypted", ErrPackage, f.Name)
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return nil, fmt.Errorf("%w: %s is packed by method %d", ErrPackage, f.Name, f.Method)
		case !f.Mode().IsRegular():
			return nil, fmt.Errorf("%w: %s is no regular file (%s)", ErrPackage, f.Name, f.Mode().Type())
		case f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64:
			return nil, fmt.Errorf("%w: %s is stored, and has two sizes", ErrPackage, f.Name)
		case int64(f.UncompressedSize64) > 1<<20 && int64(f.UncompressedSize64)/lim.Ratio > int64(f.CompressedSize64):
			return nil, fmt.Errorf("%w: %s unpacks to more than %d times its size", ErrLimit, f.Name, lim.Ratio)
		}
		offset, err := f.DataOffset()
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrPackage, f.Name, err)
		}
		end := offset + int64(f.CompressedSize64)
		if end < offset || end > size {
			return nil, fmt.Errorf("%w: %s reaches beyond the end", ErrPackage, f.Name)
		}
		spans = append(spans, span{offset, end})
		entry := &file{path: f.Name, size: int64(f.UncompressedSize64), open: f.Open}
		if f.Method == zip.Store {
			entry.at = func() (io.ReaderAt, func() error, error) {
				return io.NewSectionReader(src, offset, end-offset), func() error { return nil }, nil
			}
		}
		if err := t.add(entry); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return int(min(max(a.from-b.from, -1), 1)) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return nil, fmt.Errorf("%w: files overlap in the zip file", ErrPackage)
		}
	}
	if m := t.files[mimetypeName]; m != nil {
		// EN 319 162-1 §A.1: first, stored, no extra field.
		first := z.File[0]
		if first.Name != mimetypeName || first.Method != zip.Store || len(first.Extra) != 0 {
			return nil, fmt.Errorf("%w: mimetype must come first, stored and without extra field", ErrPackage)
		}
	}
	return t, nil
}

// budget bounds how much is read.
type budget struct {
	r         io.ReaderAt
	left      int64
	unlimited bool
}

func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if !b.unlimited {
		if b.left -= int64(len(p)); b.left < 0 {
			return 0, fmt.Errorf("%w: directory of the zip file", ErrLimit)
		}
	}
	return b.r.ReadAt(p, off)
}

// canonicalZip compares a zip file with the one that the same files make here,
// byte for byte, and names the first place where they differ.
func canonicalZip(src io.ReaderAt, size int64, t *tree, top string) (where string, err error) {
	c := &comparer{src: src, size: size}
	z := &zipWriter{w: c}
	at := "the beginning"
	for _, p := range t.order {
		f := t.files[p]
		if f.at == nil {
			return p + " (compressed)", nil
		}
		// Sizes, checksum and name as the bytes have them, not as the file says.
		crc, err := crcOf(f)
		if err != nil {
			return "", err
		}
		r, closing, err := f.at()
		if err != nil {
			return "", err
		}
		err = z.add(top+p, f.size, crc, io.NewSectionReader(r, 0, f.size))
		_ = closing()
		at = p
		if c.differs {
			return fmt.Sprintf("%s (byte %d of the zip file)", at, c.at), nil
		}
		if err != nil {
			return "", err
		}
	}
	if err := z.close(); err != nil && !c.differs {
		return "", err
	}
	if c.differs || c.at != size {
		return fmt.Sprintf("the directory of the zip file (byte %d)", c.at), nil
	}
	return "", nil
}

// comparer is a writer that compares.
type comparer struct {
	src      io.ReaderAt
	at, size int64
	buf      []byte
	differs  bool
}

func (c *comparer) Write(b []byte) (int, error) {
	if len(c.buf) < len(b) {
		c.buf = make([]byte, max(len(b), 32<<10))
	}
	have := c.buf[:len(b)]
	n, _ := c.src.ReadAt(have, c.at)
	for i := range b {
		if i >= n || have[i] != b[i] {
			c.at += int64(i)
			c.differs = true
			return i, fmt.Errorf("%w: differs", ErrPackage)
		}
	}
	c.at += int64(len(b))
	return len(b), nil
}
