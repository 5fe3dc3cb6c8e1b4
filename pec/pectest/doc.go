// Package pectest makes certified mail for tests: throw-away authorities and
// providers (gestori) whose messages look, sign and verify like real ones.
//
//	ca := pectest.NewAuthority(1)
//	alfa := ca.Provider("Gestore Alfa S.p.A.", "gestore-a.example", "pec.alfa.example")
//
// Everything follows from the authority's seed: the same seed and the same
// calls give the same bytes. Nothing made here is worth protecting, and no
// domain but the reserved ones (.example, .test, .invalid, localhost) is taken.
package pectest
