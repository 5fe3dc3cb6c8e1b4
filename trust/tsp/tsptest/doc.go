// Package tsptest is a time-stamping authority (autorità di marcatura
// temporale) for tests, in process and behind HTTP: what net/http/httptest is
// to web programs.
//
// An Authority lives by the clock that it is given, and everything else
// follows from its seed: the same seed, time and request give the same bytes,
// in whatever order and from however many goroutines it is asked. Its tokens
// verify with OpenSSL. A Fault makes it do what an authority must not, or what
// an attacker would put in its place.
//
// Its keys protect nothing.
package tsptest
