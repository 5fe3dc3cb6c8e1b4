// Package daticert reads, checks and writes daticert.xml, the certification
// data (dati di certificazione) that every receipt, notice and transport
// envelope of Italian certified mail (posta elettronica certificata, PEC)
// carries: RFC 6109 §4.4, technical annex of DM 2-11-2005.
//
// # Reading
//
// [Parse] returns a [Data] whenever the document can be read at all. What is
// odd (elements missing, out of order, undeclared; values that the DTD does not
// know; impossible dates) does not stop it: the values are kept as read and each
// oddity is a [Finding]. An error, always a [*Error], means that nothing
// certain can be said: the bytes are not well-formed XML, the root is not
// postacert, or a limit of [Options] is passed.
//
// A parsed document proves nothing by itself. Only the signature of the message
// that carries it does.
//
// # Hostile input
//
// A message is in its sender's hands until its signature is checked. No DTD is
// ever processed and no entity is expanded but the five of XML and character
// references; a document type declaration with an internal subset is
// refused, and one that only names an external DTD is ignored with a finding
// and never fetched. Size, depth, number of elements and number of recipients are
// bounded.
//
// # Character sets
//
// The declared character set comes first, then the byte order mark, then UTF-8,
// then windows-1252 as a guess that a finding reports. UTF-8, US-ASCII, UTF-16
// (with a byte order mark or a recognisable first character), ISO-8859-1,
// ISO-8859-15 and windows-1252 are read as declared. Whatever the document's
// character set, the values are UTF-8 and [Data.Raw] holds the bytes as received.
//
// # Two readers, one result
//
// Providers write the same small shape, and a scanner made for that shape reads
// it in about a microsecond. Whatever it does not surely understand goes to a
// general reader over encoding/xml. The two give equal results: that is
// tested by fuzzing, and nobody using this package needs to know which one ran.
package daticert
