// Package report writes what an archive package proves as one HTML page that
// can be filed: for a lawyer, a judge or an expert, in Italian or English, and
// for people who know nothing of S/MIME.
//
// # What it says
//
// The parties, the times with their zones, what became of the message for each
// recipient, each proof with its digest and its verdict in words, what still
// holds at the time of the examination and by which captured evidence, what
// does not, and how to repeat the check with OpenSSL alone, by commands that a
// test of this package runs.
//
// Everything is read again out of the bytes that were verified (see [Examine]).
// A claim that rests on a proof that does not verify is said to be no more than
// a claim.
//
// # The page
//
// [WriteHTML] writes one file that needs nothing else: no script, no image, no
// font, nothing from the network, and a Content-Security-Policy that forbids
// them. It is readable from 320 pixels of width on, in light and dark, and a
// browser prints it to paper or PDF as it is.
//
// # Hostile input
//
// Subjects, names, addresses and the names of files in a package come from
// strangers. They are escaped, controls and marks of direction are shown as
// code points, and no file name that a shell could read as anything but a name
// gets into a command.
package report
