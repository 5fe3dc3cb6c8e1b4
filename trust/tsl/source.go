package tsl

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"path"
)

// Source gives the bytes of a list by the URL under which it is published. It
// is the only way by which Load gets at anything: what it caches, how it
// reaches the network and whether it does are the caller's.
type Source interface {
	Fetch(ctx context.Context, url string) ([]byte, error)
}

// Files is a Source over bytes at hand, by URL.
type Files map[string][]byte

// Fetch implements Source.
func (f Files) Fetch(_ context.Context, url string) ([]byte, error) {
	data, ok := f[url]
	if !ok {
		return nil, fmt.Errorf("%w: %s: not among the files given", ErrFetch, url)
	}
	return data, nil
}

// Folder is a Source over copies in a folder: the file's name is the last
// element of the URL's path, "TSL-IT.xml" for
// "https://eidas.agid.gov.it/TL/TSL-IT.xml".
type Folder struct{ FS fs.FS }

// Fetch implements Source.
func (f Folder) Fetch(_ context.Context, from string) ([]byte, error) {
	u, err := url.Parse(from)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	name := path.Base(path.Clean("/" + u.Path))
	if name == "/" || !fs.ValidPath(name) {
		return nil, fmt.Errorf("%w: %s: no file name in it", ErrFetch, from)
	}
	data, err := fs.ReadFile(f.FS, name)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFetch, from, err)
	}
	return data, nil
}
