package archive

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// folderTree lists the files of a folder. Links and everything that is neither
// a file nor a folder are refused.
func folderTree(root *os.Root, lim Limits) (*tree, error) {
	t := newTree(lim)
	folders := 0
	err := fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrPackage, err)
		case d.IsDir():
			if folders++; folders > lim.Entries {
				return fmt.Errorf("%w: more than %d folders", ErrLimit, lim.Entries)
			}
			if p != "." {
				return checkPath(p, lim.Depth)
			}
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("%w: %s is no regular file (%s)", ErrPackage, p, d.Type())
		}
		info, err := d.Info()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrPackage, err)
		}
		open := func() (*os.File, error) {
			// What became a link since is refused, too.
			now, err := root.Lstat(p)
			if err != nil {
				return nil, err
			}
			f, err := root.Open(p)
			if err != nil {
				return nil, err
			}
			is, err := f.Stat()
			if err != nil || !now.Mode().IsRegular() || !os.SameFile(now, is) {
				f.Close()
				return nil, fmt.Errorf("%w: %s is no regular file any more", ErrPackage, p)
			}
			return f, nil
		}
		return t.add(&file{path: p, size: info.Size(),
			open: func() (io.ReadCloser, error) { return open() },
			at: func() (io.ReaderAt, func() error, error) {
				f, err := open()
				if err != nil {
					return nil, nil, err
				}
				return f, f.Close, nil
			}})
	})
	return t, err
}
