package htmlpage

import (
	_ "embed"
	"fmt"
	"html/template"
	"io/fs"
)

// palette has the colours of every page, light and dark.
//
//go:embed palette.css
var palette []byte

// Load reads the templates page/*.tmpl of a page, with the shapes among them, and
// its style sheet: the palette, and page/style.css behind it. funcs may be nil.
func Load(files fs.FS, funcs template.FuncMap) (*template.Template, []byte, error) {
	templates, err := template.New("").Funcs(funcs).ParseFS(files, "page/*.tmpl")
	if err == nil {
		_, err = templates.New("shapes.tmpl").Parse(shapes)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("page: %w", err)
	}
	own, err := fs.ReadFile(files, "page/style.css")
	if err != nil {
		return nil, nil, fmt.Errorf("page: %w", err)
	}
	return templates, append(palette[:len(palette):len(palette)], own...), nil
}
