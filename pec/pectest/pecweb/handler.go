package pecweb

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"time"

	"github.com/certmail/certmail/pec/pectest"
)

// Options are what a site may be told. The zero value and nil are good for a
// site on loopback.
type Options struct {
	// Host is the name or address that the site is bound to, by which it may be
	// called beside the loopback names. 0.0.0.0 and [::] stand for every
	// address, written as an address.
	Host string
	// AllowRemote lets Start listen on more than loopback.
	AllowRemote bool
	// Services are the servers of the network, for the reader to connect to.
	Services []Service
	// Advance moves the clock of a network that has one of its own. Without it
	// only the simulated clock has buttons.
	Advance func(time.Duration)
}

// Service is a server that mail programs connect to.
type Service struct {
	Provider, Name string
	Host           string
	Port           int
}

// Handler returns the site of a network, to be served at the root of a host.
// opt may be nil.
func Handler(n *pectest.Network, opt *Options) http.Handler {
	s := &site{net: n, token: rand.Text(), cross: http.NewCrossOriginProtection(), pages: templates()}
	if opt != nil {
		s.opt = *opt
	}
	s.mux = http.NewServeMux()
	get := func(path string, do func(r *http.Request) (*page, error)) { s.mux.HandleFunc("GET "+path, s.show(do)) }
	get("/{$}", s.overview)
	get("/mailbox", s.mailbox)
	get("/message", s.message)
	get("/journey", s.journey)
	get("/log", s.log)
	s.mux.HandleFunc("GET /download", s.download)
	s.mux.HandleFunc("GET /ca.pem", s.authority)
	s.mux.HandleFunc("GET /changes", s.changes)
	post := func(path string, do func(r *http.Request) (string, error)) { s.mux.HandleFunc("POST "+path, s.act(do)) }
	post("/send", s.send)
	post("/fault", s.addFault)
	post("/clear", s.clearFaults)
	post("/time", s.passTime)
	get("/", func(*http.Request) (*page, error) { return nil, errNothing })
	return s
}

// site is the handler.
type site struct {
	net   *pectest.Network
	opt   Options
	mux   *http.ServeMux
	pages *template.Template
	token string // of the forms
	cross *http.CrossOriginProtection
}
