// Package cms reads, verifies and writes CMS SignedData (RFC 5652), the
// signature of S/MIME messages (smime.p7s, busta di firma) and of signed files
// (.p7m).
//
// The signature is judged over a digest that the caller has already computed:
// a message of 100 MB is hashed while it streams by, and only the small
// SignedData is held in memory.
//
// The input is hostile until proved otherwise. Size, nesting and counts are
// capped before anything is read, what recurses at all does so to a fixed depth,
// certificates stay raw octets until one is needed, and each check of a
// signer is reported on its own: a message altered in transit shows a digest
// that differs under a signature that still holds, which is another story
// than a forged signature.
//
// What is a matter of policy is not decided here: SHA-1, RSA-1024 keys, the
// certificate's chain, its dates and its address are the caller's to judge.
package cms
