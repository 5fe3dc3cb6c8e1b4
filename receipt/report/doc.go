// Package report writes what a receipt ledger knows as one HTML page that a
// person without technical knowledge can read: a traffic light (semaforo) per
// message, and for each recipient the timeline of the proofs with links to the
// files, so that everything the page says can be checked.
//
// # The page
//
// [WriteHTML] writes one file that needs nothing else: no script, no image, no
// font, nothing from the network, and a Content-Security-Policy that forbids
// them. It works with the keyboard, from 320 pixels of width on, in light and
// dark, and on paper, where all details are printed. A light is a colour, a
// shape and a word.
//
// # What it says
//
// The page repeats what providers certify and judges nothing by itself: "the
// provider P certifies that the message was delivered to the mailbox of A". It
// never says that a message is trustworthy. What rests on proofs that were not
// verified is grey, and said to be so.
//
// # Hostile input
//
// Subjects, addresses, file names and the words of providers come from
// strangers. They are escaped for where they stand; control characters and
// those that change the direction of text are shown as their code point, after
// the sign ␦, and each such text is kept from changing the order of its
// surroundings.
package report
