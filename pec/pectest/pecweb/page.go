package pecweb

import (
	"bytes"
	"crypto/rand"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/certmail/certmail/pec/pectest"
)

//go:embed page
var files embed.FS

// templates are the pages; that they can be read is tested.
func templates() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"plain": plain, "named": named, "link": link, "kind": kindName, "count": count, "bytes": number, "stamp": stamp, "event": eventName,
		"list": func(all []string) string { return plain(strings.Join(all, ", ")) },
		"add":  func(a, b int) int { return a + b },
	}).ParseFS(files, "page/*.tmpl"))
}

// page is what a template gets.
type page struct {
	// Set by the handler of the page.
	name   string // of the template
	status int
	Title  string
	Crumbs []crumb
	Body   any
	Alert  string // what went wrong with a form
	Done   string // what a form did

	// Set by write.
	Nonce  string
	Style  template.CSS
	Script template.JS
	Token  string
	Here   string // path and query of the page
	Now    time.Time
	// Simulated clocks stand still; Movable ones have buttons.
	Simulated, Movable bool
}

// crumb is a step on the way to a page.
type crumb struct{ Name, URL string }

// problem is an error with a page of its own.
type problem struct {
	status      int
	title, text string
}

func (p *problem) Error() string { return p.text }

// errNothing is a page that is not there.
var errNothing = &problem{http.StatusNotFound, "Not found", "There is nothing here. Perhaps the mailbox, message or journey was there in an earlier run of the network."}

// show answers with a page.
func (s *site) show(do func(r *http.Request) (*page, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := do(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.write(w, r, p)
	}
}

// fail answers with a page that says what is wrong.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	var refused *refusal
	if errors.As(err, &refused) { // the form again, with what was in it
		p := s.overviewWith(r.PostForm)
		p.status, p.Alert = http.StatusUnprocessableEntity, refused.text
		s.write(w, r, p)
		return
	}
	var wrong *problem
	if !errors.As(err, &wrong) {
		wrong = &problem{http.StatusInternalServerError, "Something went wrong", err.Error()}
	}
	s.write(w, r, &page{name: "problem", status: wrong.status, Title: wrong.title, Body: wrong.text})
}

func (s *site) write(w http.ResponseWriter, r *http.Request, p *page) {
	style, _ := files.ReadFile("page/style.css")
	script, _ := files.ReadFile("page/live.js")
	p.Nonce, p.Token, p.Style, p.Script = rand.Text(), s.token, template.CSS(style), template.JS(script)
	p.Now, p.Simulated = pectest.LegalTime(s.net.Now()), s.net.Simulated()
	p.Movable = p.Simulated || s.opt.Advance != nil
	p.Here = "/"
	if r.Method == http.MethodGet && p.status == 0 {
		p.Here = r.URL.Path
		if r.URL.RawQuery != "" {
			p.Here += "?" + r.URL.Query().Encode()
		}
	}
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, p.name, p); err != nil {
		http.Error(w, "The page cannot be written: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; connect-src 'self'; style-src 'nonce-"+
		p.Nonce+"'; script-src 'nonce-"+p.Nonce+"'")
	if p.status != 0 {
		w.WriteHeader(p.status)
	}
	_, _ = b.WriteTo(w)
}

// link is the address of a page, with names and values of its query.
func link(path string, query ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			q.Set(query[i], query[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
