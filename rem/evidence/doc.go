// Package evidence reads, checks, writes, signs and verifies ERDS evidence: the
// signed XML documents with which the services of registered electronic
// delivery (ETSI EN 319 522), and of registered electronic mail among them
// (REM, EN 319 532), attest that a message was accepted, relayed, consigned, or
// that it was not.
//
// It knows nothing of mail. A REM message carries evidence in its parts; other
// bindings carry the same documents.
package evidence
