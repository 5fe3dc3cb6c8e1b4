// Package house reads the module's own sources, so that its tests can hold the
// rules of the house: which package may know which, how long a file may grow,
// what must not be committed. It parses and never builds, so it is fast and
// works offline.
package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Module is the module's import path.
const Module = "github.com/certmail/certmail"

// Tree is the module's source tree.
type Tree struct {
	Root     string
	Packages []*Package // by path
	Texts    []string   // every other text file that people read or run, by path relative to the root
}

// Package is one folder of Go files.
type Package struct {
	Path  string // relative to the root, slash-separated; "." is the root
	Name  string
	Files []*File // by name
}

// File is one Go file.
type File struct {
	Path    string // relative to the root, slash-separated
	Test    bool   // named *_test.go
	Imports []string
	Doc     string   // text of the package comment
	Funcs   []string // top-level functions without a receiver
	Lines   []string
}

// Public reports whether programs outside the module can import the package.
func (p *Package) Public() bool { return p.Name != "main" && !p.Internal() }

// Internal reports whether the package is below an internal folder.
func (p *Package) Internal() bool { return slices.Contains(strings.Split(p.Path, "/"), "internal") }

// Source reports whether the package has a file that is not a test.
func (p *Package) Source() bool {
	return slices.ContainsFunc(p.Files, func(f *File) bool { return !f.Test })
}

// Load parses the tree below root. Folders named testdata and those that begin
// with "." or "_" are left out, as the go command does, except .ci.
func Load(root string) (*Tree, error) {
	t := &Tree{Root: root}
	byPath := map[string]*Package{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && rel != ".ci" && (d.Name() == "testdata" || strings.ContainsAny(d.Name()[:1], "._")) {
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case strings.HasSuffix(rel, ".go"):
			f, pkg, err := readFile(root, rel)
			if err != nil {
				return err
			}
			dir := path.Dir(rel)
			p := byPath[dir]
			if p == nil {
				p = &Package{Path: dir}
				byPath[dir] = p
				t.Packages = append(t.Packages, p)
			}
			if p.Name == "" || !f.Test {
				p.Name = strings.TrimSuffix(pkg, "_test")
			}
			p.Files = append(p.Files, f)
		case isText(rel):
			t.Texts = append(t.Texts, rel)
		}
		return nil
	})
	return t, err
}

func isText(rel string) bool {
	switch path.Ext(rel) {
	case ".md", ".c", ".h", ".html", ".css", ".js", ".sh", ".mod", ".tmpl", ".txt":
		return true
	}
	return path.Dir(rel) == ".ci"
}

func readFile(root, rel string) (f *File, pkg string, err error) {
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(rel)))
	if err != nil {
		return nil, "", err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), rel, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, "", err
	}
	f = &File{Path: rel, Test: strings.HasSuffix(rel, "_test.go"), Lines: lines(data)}
	if parsed.Doc != nil {
		f.Doc = parsed.Doc.Text()
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, "", fmt.Errorf("%s: import %s: %w", rel, spec.Path.Value, err)
		}
		f.Imports = append(f.Imports, imported)
	}
	for _, decl := range parsed.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
			f.Funcs = append(f.Funcs, fn.Name.Name)
		}
	}
	return f, parsed.Name.Name, nil
}

func lines(data []byte) []string {
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// DirectRequirements lists the modules that go.mod requires directly.
func DirectRequirements(root string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	var modules []string
	block := false
	for _, line := range lines(data) {
		code, comment, _ := strings.Cut(line, "//")
		fields := strings.Fields(code)
		switch {
		case len(fields) == 0:
			continue
		case fields[0] == "require" && len(fields) == 2 && fields[1] == "(":
			block = true
			continue
		case fields[0] == ")":
			block = false
			continue
		case fields[0] == "require":
			fields = fields[1:]
		case !block:
			continue
		}
		if len(fields) == 2 && strings.TrimSpace(comment) != "indirect" {
			modules = append(modules, fields[0])
		}
	}
	return modules, nil
}
