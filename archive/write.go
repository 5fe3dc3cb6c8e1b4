package archive

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// Write makes the package of a transaction under a name: a file, or a folder
// (see Format.File), readable by the owner only. It is written under a temporary
// name beside it, made durable and renamed: there is never a part of a package
// under the final name. A name that is taken is an fs.ErrExist, and what is
// there stays as it is; a package under its final name is complete, so the next
// run after a crash may pass over it.
//
// Memory does not grow with the size of messages. The items of t are put in
// order, given names where they have none, and related.
func Write(ctx context.Context, name string, t *Transaction, o *Options) error {
	opt, files, err := plan(ctx, t, o)
	if err != nil {
		return err
	}
	name = filepath.Clean(name)
	p, err := newPlace(name, opt.TempAge)
	if err != nil {
		return err
	}
	if opt.Format.File() {
		err = p.file(zipOf(ctx, files, t, &opt))
	} else {
		err = p.folder(func(root *os.Root) error { return writeFolder(ctx, root, files) })
	}
	return writeError(name, err)
}

func writeError(name string, err error) error {
	if err != nil {
		return fmt.Errorf("archive: write %s: %w", filepath.Base(name), err)
	}
	return nil
}

// begin writes a package that is one file under a temporary name.
func begin(ctx context.Context, name string, t *Transaction, o *Options) (*partFile, error) {
	opt, files, err := plan(ctx, t, o)
	if err != nil {
		return nil, err
	}
	p, err := newPlace(filepath.Clean(name), opt.TempAge)
	if err != nil {
		return nil, err
	}
	f, err := p.begin(zipOf(ctx, files, t, &opt))
	return f, writeError(name, err)
}

func zipOf(ctx context.Context, files []*entry, t *Transaction, o *Options) func(io.Writer) error {
	return func(w io.Writer) error { return writeZip(ctx, w, files, topOf(t, o)) }
}

// WriteTo writes a package of a format that is one file, as a stream. What was
// written before an error is no package.
func WriteTo(ctx context.Context, w io.Writer, t *Transaction, o *Options) error {
	opt, files, err := plan(ctx, t, o)
	if err != nil {
		return err
	}
	if !opt.Format.File() {
		return fmt.Errorf("%w: %s is a folder, no stream", ErrFormat, opt.Format)
	}
	if err := zipOf(ctx, files, t, &opt)(w); err != nil {
		return fmt.Errorf("archive: write: %w", err)
	}
	return nil
}

func plan(ctx context.Context, t *Transaction, o *Options) (Options, []*entry, error) {
	opt := o.withDefaults(t)
	if !opt.Format.known() {
		return opt, nil, fmt.Errorf("%w: %q is none of %q", ErrFormat, opt.Format, Formats())
	}
	payload, rest, err := layout(ctx, t, &opt)
	if err != nil {
		return opt, nil, err
	}
	if opt.Format.submission() {
		more, err := submission(t, slices.Concat(payload, rest), &opt)
		if err != nil {
			return opt, nil, err
		}
		rest = append(rest, more...)
	}
	files, err := complete(ctx, payload, rest, t, &opt)
	return opt, files, err
}

func topOf(t *Transaction, o *Options) string {
	if o.Format.top() {
		return PackageName(t) + "/"
	}
	return ""
}

// maxBuffer is how much of a file is in memory at a time.
const maxBuffer = 256 << 10

func writeZip(ctx context.Context, w io.Writer, files []*entry, top string) error {
	size := int64(1024) // of headers and directory, about
	for _, e := range files {
		size += e.size + 256
	}
	b := bufio.NewWriterSize(w, int(min(size, maxBuffer)))
	z := &zipWriter{w: b}
	for _, e := range files {
		if err := e.copyTo(ctx, func(r io.Reader) error { return z.add(top+e.path, e.size, e.crc, r) }); err != nil {
			return err
		}
	}
	if err := z.close(); err != nil {
		return err
	}
	return b.Flush()
}

func writeFolder(ctx context.Context, root *os.Root, files []*entry) error {
	folders := map[string]bool{}
	for _, e := range files {
		if dir := path.Dir(e.path); dir != "." && !folders[dir] {
			if err := root.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			for ; dir != "."; dir = path.Dir(dir) {
				folders[dir] = true
			}
		}
		err := e.copyTo(ctx, func(r io.Reader) error {
			f, err := root.OpenFile(e.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return err
			}
			return fill(f, r, e.size)
		})
		if err != nil {
			return err
		}
	}
	for dir := range folders {
		if err := syncFolder(root, dir); err != nil {
			return err
		}
	}
	return syncFolder(root, ".")
}

// fill writes a file, makes it durable and closes it.
func fill(f *os.File, r io.Reader, size int64) error {
	n, err := io.Copy(f, r)
	if err == nil && n != size {
		err = fmt.Errorf("%w: %d bytes, want %d", ErrChanged, n, size)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// copyTo gives the bytes of a file to write, and makes sure that those of a
// message are the ones that were captured.
func (e *entry) copyTo(ctx context.Context, write func(io.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.item == nil {
		return write(e.open())
	}
	h := sha256.New()
	if err := write(io.TeeReader(&cancelled{ctx, e.open()}, h)); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != e.sha256 {
		return fmt.Errorf("%w: %s", ErrChanged, e.path)
	}
	return nil
}

// cancelled is a reader that ends with its context.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelled) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
