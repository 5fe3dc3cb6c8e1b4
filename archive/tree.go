package archive

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// tree is the files of a package, however they are kept.
type tree struct {
	files map[string]*file
	order []string // as they are stored, or sorted
	total int64
	fold  map[string]string
	lim   Limits
}

// file is one of them.
type file struct {
	path string
	size int64
	open func() (io.ReadCloser, error)
	// at gives direct access where the bytes stand as they are; nil where they
	// are compressed.
	at func() (io.ReaderAt, func() error, error)
}

func newTree(lim Limits) *tree {
	return &tree{files: map[string]*file{}, fold: map[string]string{}, lim: lim}
}

// add takes in a file after its name and size were found acceptable.
func (t *tree) add(f *file) error {
	if err := checkPath(f.path, t.lim.Depth); err != nil {
		return err
	}
	folded := fold(f.path)
	if other, ok := t.fold[folded]; ok {
		return fmt.Errorf("%w: %q and %q are one name in some file systems", ErrPackage, other, f.path)
	}
	if dir, name := path.Split(folded); name == "fetch.txt" && strings.Count(dir, "/") <= 1 {
		return fmt.Errorf("%w: %s wants files to be fetched from elsewhere", ErrPackage, f.path)
	}
	t.fold[folded] = f.path
	t.total += f.size
	switch {
	case len(t.files) >= t.lim.Entries:
		return fmt.Errorf("%w: more than %d files", ErrLimit, t.lim.Entries)
	case f.size < 0 || f.size > t.lim.EntrySize:
		return fmt.Errorf("%w: %s has %d bytes, at most %d are read", ErrLimit, f.path, f.size, t.lim.EntrySize)
	case t.total < 0 || t.total > t.lim.Size:
		return fmt.Errorf("%w: more than %d bytes in all", ErrLimit, t.lim.Size)
	}
	t.files[f.path] = f
	t.order = append(t.order, f.path)
	return nil
}

// fold maps names to one that are one in some file system.
func fold(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return strings.ToLower(s)
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}

// checkPath refuses names that lead out of the package, or that mean something
// else in another system.
func checkPath(p string, depth int) error {
	bad := func(why string) error { return fmt.Errorf("%w: name %q: %s", ErrPackage, p, why) }
	switch {
	case p == "":
		return bad("empty")
	case len(p) > 1024:
		return fmt.Errorf("%w: a name of %d bytes", ErrLimit, len(p))
	case !utf8.ValidString(p):
		return bad("not UTF-8")
	case p[0] == '/':
		return bad("absolute")
	case strings.ContainsAny(p, "\\:"):
		return bad("holds \\ or :")
	case strings.IndexFunc(p, unicode.IsControl) >= 0:
		return bad("holds a control character")
	case strings.Count(p, "/") > depth:
		return fmt.Errorf("%w: %q is deeper than %d folders", ErrLimit, p, depth)
	}
	for elem := range strings.SplitSeq(p, "/") {
		switch {
		case elem == "" || elem == "." || elem == "..":
			return bad("an element is empty, . or ..")
		case strings.HasSuffix(elem, ".") || strings.HasSuffix(elem, " "):
			return bad("an element ends in a dot or blank")
		}
	}
	return nil
}

// strip takes the one folder away that everything is in, if so.
func (t *tree) strip() string {
	if len(t.order) == 0 {
		return ""
	}
	top, _, ok := strings.Cut(t.order[0], "/")
	if !ok || slices.ContainsFunc(t.order, func(p string) bool { return !strings.HasPrefix(p, top+"/") }) {
		return ""
	}
	files := make(map[string]*file, len(t.files))
	for i, p := range t.order {
		f := t.files[p]
		f.path = p[len(top)+1:]
		files[f.path], t.order[i] = f, f.path
	}
	t.files = files
	return top + "/"
}

// small reads a whole file.
func (t *tree) small(path string) ([]byte, error) {
	f := t.files[path]
	if f == nil {
		return nil, fmt.Errorf("%w: %s is missing", ErrPackage, path)
	}
	if f.size > t.lim.Small {
		return nil, fmt.Errorf("%w: %s has %d bytes, at most %d are read into memory", ErrLimit, path, f.size, t.lim.Small)
	}
	r, err := f.open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrPackage, path, err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, f.size+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrPackage, path, err)
	}
	if int64(len(b)) != f.size {
		return nil, fmt.Errorf("%w: %s has %d bytes, want %d", ErrPackage, path, len(b), f.size)
	}
	return b, nil
}
