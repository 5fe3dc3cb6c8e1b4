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
// Keep does so for a mailbox of any size, night after night.
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
// What an item is, a receipt or ordinary mail, is for its bytes to say. The notes
// in a package are compared with them and believed in nothing: a note that
// disagrees is found (ProofRecord), and the item is judged by its bytes.
//
// A time-stamp is as good as its authority's key. One that was made before the key
// was lost counts only if something shows that it was: the time-stamp of another
// authority over the package, made in time. To renew, open a package and Write its
// transaction again as ASiC-E: the new time-stamp covers every file, the old
// tokens too. A certificate that has merely run out takes nothing away.
//
// # SHA-1
//
// Providers signed with SHA-1 until the end of 2024 at least, so packages pec and
// rem accept it and say that it is weak, at any time. Over the years that is not
// enough: once forgeries can be made, a signature proves something only for what
// is known to be older. Package.Verify therefore takes a signature with SHA-1 for
// what it was at the earliest time at which the message is proved to have existed:
// that of a time-stamp over it or over its package, or that of its reception where
// the caller believes the record (VerifyOptions.BelieveRecord), or else now.
// Before VerifyOptions.SHA1Until, the end of 2030 unless given, it counts, with a
// warning while there is no time-stamp (WhyWeakStill); later the item is
// indeterminate (WhyWeak), neither valid nor wrong. A time-stamp made in time
// saves it for good (WhyWeakStamped), so have one made when messages come in:
// CaptureOptions.Source.
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
