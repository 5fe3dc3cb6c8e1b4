package pecweb

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// policy is that of everything but the pages, which may do a little more.
const policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP refuses what does not call the site by its name: a foreign name
// that resolves to this machine is how a foreign page would get in (DNS
// rebinding).
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy+"; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if !s.answersTo(r.Host) {
		http.Error(w, "This site does not answer to that name.", http.StatusMisdirectedRequest)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// answersTo tells whether a Host header names this site.
func (s *site) answersTo(host string) bool {
	name := hostName(host)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	bound := hostName(s.opt.Host)
	if ip, err := netip.ParseAddr(name); err == nil {
		every, err := netip.ParseAddr(bound)
		// An address is no name, so nobody else can make it point here.
		if ip.Unmap().IsLoopback() || err == nil && (every.IsUnspecified() || every.Unmap() == ip.Unmap()) {
			return true
		}
	}
	return bound != "" && name == bound
}

// hostName is a host in lower case, without port, brackets and final dot.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// maxForm is how many bytes a form may have.
const maxForm = 1 << 20

// act answers a form that changes something, which must come from a page of
// this site: do returns where to go on.
func (s *site) act(do func(r *http.Request) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.cross.Check(r); err != nil {
			s.fail(w, r, &problem{http.StatusForbidden, "Refused", "The form came from another site."})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, &problem{http.StatusBadRequest, "Refused", "The form cannot be read: " + err.Error()})
			return
		}
		if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("token")), []byte(s.token)) != 1 {
			s.fail(w, r, &problem{http.StatusForbidden, "Refused", "The form is of an earlier run of this site. Go back, load the page again and send it once more."})
			return
		}
		next, err := do(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
	}
}
