// Package envelope reads and writes the signed wrapper of certified mail: a
// MIME message whose top is multipart/signed (S/MIME, RFC 8551; RFC 6109 §2.1).
//
// Open scans a message once, into a model of exact byte ranges. What is
// verified, shown and extracted are those bytes; nothing signed is ever
// written again, and memory does not grow with the message. Write and
// WriteTransport produce such messages as a stream.
//
// VerifySignature answers whether the bytes are those that a key signed. Whose
// key it is, and what that proves, is for packages trust and pec.
package envelope
