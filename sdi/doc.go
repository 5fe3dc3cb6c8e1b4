// Package sdi recognises Italian electronic invoices (fattura elettronica,
// FatturaPA) and the notifications of the exchange system of the tax agency
// (Sistema di Interscambio, SDI) inside certified mail, and links them: invoice,
// notification, PEC transaction.
//
// It reads what is needed to recognise and to link, and is no invoice library:
// amounts, lines and rules of the invoice are for others.
//
// Recognise looks at one file, Inspect at a message with the verdict on it, Link
// at everything that was collected. Content decides, a file's name is a hint.
// Nothing here makes a message more credible than its verification made it: a
// notification that did not come in a verified transport envelope (busta di
// trasporto) from an SDI address is shown, and counts for nothing.
//
// Two levels are kept apart. The delivery receipt of PEC (avvenuta consegna) says
// that a message reached the mailbox of SDI; the ricevuta di consegna (RC) says
// that SDI gave the invoice to the customer.
//
// All input is hostile until proved otherwise: sizes, layers, counts and depths
// are bounded by Options, archives are never unpacked, document type
// declarations are refused. No file is opened, nothing is fetched, and who is to
// be believed is said by the caller (Trust).
package sdi
