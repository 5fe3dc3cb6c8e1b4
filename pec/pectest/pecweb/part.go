package pecweb

import (
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/certmail/certmail/envelope"
)

// partView is a row of the table of parts.
type partView struct {
	Number               string // 1.2 is the second part of the first
	Depth                int
	Type, Name, Encoding string
	Entity, Body         envelope.Range
	Multipart            bool
	URL                  string
}

// partsOf lists an entity and all below it.
func partsOf(root *envelope.Part, at []string, inside bool) []partView {
	var all []partView
	eachPart(root, "0", func(number string, p *envelope.Part) bool {
		v := partView{
			Number: number, Type: p.Type.Value, Name: p.Name(), Encoding: p.Encoding(), Entity: p.Entity, Body: p.Body, Multipart: len(p.Parts) > 0,
		}
		if number != "0" {
			v.Depth = 1 + strings.Count(number, ".")
		}
		query := append(append([]string(nil), at...), "part", number)
		if inside {
			query = append(query, "inside", "1")
		}
		v.URL = link("/download", query...)
		all = append(all, v)
		return len(all) < maxRows
	})
	return all
}

// eachPart visits an entity as "0" and the parts below it as "1", "1.1" and
// so on, until visit returns false.
func eachPart(p *envelope.Part, number string, visit func(number string, p *envelope.Part) bool) bool {
	if !visit(number, p) {
		return false
	}
	for i, child := range p.Parts {
		below := strconv.Itoa(i + 1)
		if number != "0" {
			below = number + "." + below
		}
		if !eachPart(child, below, visit) {
			return false
		}
	}
	return true
}

// download hands out a message, or one of its parts decoded, as a file that
// no browser opens by itself.
func (s *site) download(w http.ResponseWriter, r *http.Request) {
	_, _, stored, err := s.stored(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	q := r.URL.Query()
	if !q.Has("part") {
		attach(w, "message-"+strconv.Itoa(int(stored.UID))+".eml")
		_, _ = w.Write(stored.Data)
		return
	}
	m, err := envelope.OpenBytes(stored.Data, nil)
	if err != nil {
		s.fail(w, r, errNothing)
		return
	}
	if q.Has("inside") {
		original, err := m.OpenOriginal()
		if err != nil {
			s.fail(w, r, errNothing)
			return
		}
		defer original.Close()
		m = original
	}
	var part *envelope.Part
	eachPart(m.Root, "0", func(number string, p *envelope.Part) bool {
		if number == q.Get("part") {
			part = p
		}
		return part == nil
	})
	if part == nil {
		s.fail(w, r, errNothing)
		return
	}
	content, name := io.Reader(part.WholeEntity()), ""
	if len(part.Parts) == 0 {
		if content, err = part.Content(); err != nil {
			s.fail(w, r, &problem{http.StatusUnprocessableEntity, "Cannot be decoded", "This part cannot be decoded: " + err.Error()})
			return
		}
		name = safeName(part.Name())
	}
	if name == "" {
		name = "part-" + q.Get("part") + extension(part)
	}
	attach(w, name)
	_, _ = io.Copy(w, content)
}

func attach(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

// extension is that of the few types whose parts often have no name.
func extension(p *envelope.Part) string {
	switch p.Type.Value {
	case "text/plain":
		return ".txt"
	case "application/xml":
		return ".xml"
	case "message/rfc822":
		return ".eml"
	}
	if len(p.Parts) > 0 {
		return ".mime"
	}
	return ".bin"
}

// safeName keeps of a file name what is safe on every system, or nothing.
func safeName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, name)
	name = strings.Trim(name, "._-")
	if ext := path.Ext(name); len(name) > 100 && len(ext) < 20 {
		name = name[:100-len(ext)] + ext
	}
	return name[:min(len(name), 100)]
}

// authority hands out the certificate that clients must trust.
func (s *site) authority(w http.ResponseWriter, _ *http.Request) {
	attach(w, "ca.pem")
	_, _ = w.Write(s.net.Authority().PEM())
}
