// Package archive keeps certified mail so that it can be shown years later,
// offline, when certificates have expired and providers are gone.
//
// # Receiving
//
// Capture takes what can never be had again once a message has come in: its
// digests, the certificates and revocation data that judge its signers now,
// when and from where it came, what the verification said, and, from a source
// of time-stamps, a token over the message. The result is an Item.
//
// # Packing
//
// A Transaction is a message with its receipts: one unit (vincolo
// archivistico). Write makes one package of it, a folder or a file that is
// there completely or not at all: plain, as a bag (BagIt, RFC 8493), as an
// ASiC-E container with a time-stamp (EN 319 162-1), or as a submission package
// (pacchetto di versamento) with an index (UNI SInCRO 2020) and metadata
// (Allegato 5 of the AgID guidelines). The same input gives the same bytes.
//
// # Reading again
//
// Open reads a package of whatever origin within limits, and Package.Verify
// says, at any later time, whether every byte is as it was, and for each proof
// what still holds, by which captured evidence, and what does not.
//
// # Mail
//
// Mbox, Maildir and folders of .eml files are read and written without
// changing a byte that matters.
//
// This is engineering and no preservation service (conservazione): nothing here
// claims conformance to rules that a service of preservation has to keep.
// Nothing opens a network connection or reads the clock unasked.
package archive
