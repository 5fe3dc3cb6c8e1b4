// Package tsp reads, verifies and obtains time-stamps (marche temporali):
// tokens and responses of RFC 3161 with RFC 5816.
//
// Parse reads a token, as it stands in the signature of a REM evidence (EN 319
// 132-1 §5.3) or in a .tst file; ParseResponse reads what an authority answers
// (.tsr), Read either. Verify tells apart what must not be confused:
//
//   - integrity: the token is over the data at hand, signed by the certificate
//     that it names in its signed attributes, and that certificate is one for
//     time-stamping, in force at the time stated. Certificates that somebody
//     added to the token take no part in it.
//   - trust: a path from that certificate to an authority of the caller's, at
//     the time stated. Without a trust.Store it stays unknown.
//   - qualification (marca temporale qualificata): what a function of the
//     caller's answers, for instance from the EU trusted lists. What a token
//     says of itself is only a claim.
//
// To obtain a token, ask a Source: HTTPSource speaks the protocol of RFC 3161
// §3.4, package tsptest has an authority for tests. Time, randomness and the
// network are the caller's.
package tsp
