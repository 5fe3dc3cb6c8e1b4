// Package csi reads, verifies, compares, builds and signs Capability and
// Security Information documents (CSI; EN 319 532-4 Annex C.2.3.4), by which
// the providers of registered e-mail (REM) tell each other what they can do and
// with which TLS certificate their mail exchanger answers.
//
// The way of a sending provider to a receiving one (EN 319 532-4 §C.2.3.3.3):
// the MX host of the recipient's domain is the smtp supply point of a service
// in a trusted list (FindByMX); the other supply point of the service leads to
// its CSI document, which Parse reads and Document.Verify judges; Compare says
// whether the two providers fit together (equivalence), and Document.MatchTLS
// whether the server that answered is the one meant.
//
// Nothing is fetched silently and nothing is cached behind the caller's back:
// Cache works on copies that only its Refresh renews. Integrity (the XML
// signature), trust (who signed) and fitness are separate checks.
package csi
