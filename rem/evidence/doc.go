// Package evidence reads, checks, writes, signs and verifies ERDS evidence: the
// signed XML documents with which the services of registered electronic
// delivery (ETSI EN 319 522), and of registered electronic mail among them
// (REM, EN 319 532), attest that a message was accepted, relayed, consigned, or
// that it was not.
//
// It knows nothing of mail. A REM message carries evidence in its parts; other
// bindings carry the same documents.
//
// # Reading
//
// [Parse] returns an [Evidence] whenever the document can be read at all. What
// is odd is a [Finding]; what is not known (events, reasons, extensions, ways of
// authentication) is kept as it was, octet for octet. A document type
// declaration is refused, and size, depth and number of everything are bounded.
//
// EN 319 522-3 has its global elements in a namespace and its local ones in
// none. Local elements in the namespace are read, with a finding; they are
// never written.
//
// # Rules
//
// The rules of the standards are tables: [Events], [Reasons], and the
// components of each event behind a [Profile]. [Evidence.Check] walks them and
// returns one [Deviation] for each rule that does not hold, with its component,
// its clause, what was found and what was wanted. A [Severity] says whether
// readers may accept it all the same. Four profiles are ready: [GenericERDS],
// [SMTP], [Baseline] (the REM baseline of EN 319 532-4 Annex C) and [PolicyIT]
// (AgID's REM-Policy-IT).
//
// # Writing and signing
//
// [Evidence.Marshal] refuses what its profile forbids. [Sign] adds the XAdES
// signature and asks for its time-stamp, and changes nothing else.
//
// # Verifying
//
// [Verify] answers three questions apart: is the document what was signed, does
// it conform, are its signers to be believed. Without a [trust.Store] nothing is
// believed; nothing is ever fetched.
package evidence
