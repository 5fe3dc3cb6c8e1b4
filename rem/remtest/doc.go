// Package remtest makes registered electronic mail (REM, ETSI EN 319 532) for
// tests: what net/http/httptest is to web programs, and package pectest to
// certified mail of the Italian kind.
package remtest
