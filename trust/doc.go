// Package trust says who may sign certified mail, and how far that can be
// believed at a given time.
//
// A Store holds what the caller trusts: the keys of issuing authorities (the
// ready-made AgIDCA1, under which every PEC provider has signed since 2017),
// certificates given as anchors, fingerprints of single certificates, a
// provider directory (indice dei gestori, IGPEC), revocation lists. Nothing
// is built in silently, the system's root pool is never consulted, and
// nothing is fetched from the network: what is not given is reported as not
// judged.
//
// Store.Evaluate judges one signer certificate at the time of the certified
// event and again at the present, and answers with named checks
// (signer-chain, signer-address, provider-directory, revocation), each
// passed, failed, unknown or skipped with its reason. Judge turns checks into
// a verdict. A Query has a Purpose: mail, or time-stamps (package tsp), whose
// signers follow other rules. Integrity of the signature is the business of
// the packages that read messages and tokens.
package trust
