// Package tsl reads, verifies and asks EU trusted lists (ETSI TS 119 612; for
// Italy, the elenco di fiducia published by AgID).
//
// A trusted list says which trust services a member state supervises: for each
// its type, the certificates by which it is known, its status and since when,
// with the whole history. Parse reads one list, List.Verify judges its XML
// signature against the certificates that the list of lists gives for it, and
// Load walks from the list of lists (LOTL) to the national ones through a
// Source of the caller's. What was verified becomes a Set, and Set.Judge
// answers the question that a REM receipt raises: was this certificate a
// (qualified) service of that kind at that time, and who says so.
//
// Nothing is fetched that the caller's Source does not fetch, nothing is
// cached behind the caller's back (List.Digest and List.NextUpdate are what a
// cache needs), no certificate is built in, and the present is an argument.
//
// A list says who somebody is, not whether a signature holds or a certificate
// is in force: those are checks of their own, see package trust.
package tsl
