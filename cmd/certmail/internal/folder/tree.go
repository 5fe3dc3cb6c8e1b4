package folder

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const maxDepth = 64

// tree is one folder being walked. Its files are opened below an os.Root, so
// that nothing put in its way while it runs can lead out of the folder.
type tree struct {
	name  string
	root  *os.Root
	visit func(Message) error
	found bool
}

func walkFolder(name string, visit func(Message) error) error {
	root, err := os.OpenRoot(name)
	if err != nil {
		return &OpenError{Path: name, Err: err}
	}
	defer root.Close()
	t := &tree{name: name, root: root}
	t.visit = func(m Message) error {
		t.found = true
		return visit(m)
	}
	if err := t.walk(".", insideMaildir(name), 0); err != nil || t.found {
		return err
	}
	return visit(Message{Name: name, Err: ErrNoMessages})
}

// walk visits what is in the folder rel. all says that every file in it is a
// message: it is the cur or new of a Maildir.
func (t *tree) walk(rel string, all bool, depth int) error {
	if depth > maxDepth {
		return t.trouble(rel, ErrTooDeep)
	}
	entries, err := fs.ReadDir(t.root.FS(), rel) // sorted
	if err != nil {
		return t.trouble(rel, err)
	}
	maildir := isMaildir(entries)
	for _, e := range entries {
		name := path.Join(rel, e.Name())
		hidden := strings.HasPrefix(e.Name(), ".")
		switch {
		case e.IsDir():
			if maildir && e.Name() == "tmp" || hidden && !t.isMaildir(name) {
				continue // a message half delivered; a folder that is none of ours
			}
			err = t.walk(name, maildir && (e.Name() == "cur" || e.Name() == "new"), depth+1)
		case hidden:
			continue
		case e.Type()&fs.ModeSymlink != 0:
			if !all && !namedMessage(e.Name()) {
				continue
			}
			err = t.trouble(name, ErrSymlink)
		case e.Type().IsRegular():
			err = t.file(name, all || namedMessage(e.Name()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// file visits a file that is a message by its place or name, or else is one
// only if it is an mbox.
func (t *tree) file(rel string, message bool) error {
	f, err := t.root.Open(rel)
	if err != nil {
		return t.trouble(rel, err)
	}
	if message {
		return walkFile(join(t.name, rel), f, beginsMbox, t.visit)
	}
	head := make([]byte, 1024)
	n, _ := f.ReadAt(head, 0)
	if !looksLikeMbox(head[:n]) {
		return f.Close()
	}
	return walkFile(join(t.name, rel), f, beginsMbox, t.visit)
}

func (t *tree) trouble(rel string, err error) error {
	return t.visit(Message{Name: join(t.name, rel), Err: err})
}

func (t *tree) isMaildir(rel string) bool {
	entries, err := fs.ReadDir(t.root.FS(), rel)
	return err == nil && isMaildir(entries)
}

func isMaildir(entries []fs.DirEntry) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name && e.IsDir() })
	}
	return has("cur") && (has("new") || has("tmp"))
}

// insideMaildir reports whether the path itself is the cur or new of a Maildir.
func insideMaildir(name string) bool {
	abs, err := filepath.Abs(name)
	if err != nil || filepath.Base(abs) != "cur" && filepath.Base(abs) != "new" {
		return false
	}
	entries, err := os.ReadDir(filepath.Dir(abs))
	return err == nil && isMaildir(entries)
}

// namedMessage reports whether a file's name says that it is a message: .eml, or
// the flags of a Maildir (":2," and, on systems without colons, ";2," or "!2,").
func namedMessage(name string) bool {
	return strings.EqualFold(path.Ext(name), ".eml") ||
		strings.Contains(name, ":2,") || strings.Contains(name, ";2,") || strings.Contains(name, "!2,")
}
