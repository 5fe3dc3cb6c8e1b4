// Package rem is the front door for registered electronic mail (REM, posta
// elettronica certificata europea; EN 319 532 on top of EN 319 522).
//
// # Reading
//
// Parse says what a message is (dispatch, payload, receipt or notification),
// finds its parts and reads its evidence without judging anything. A Verifier
// judges it and returns a Report: named checks, the time they were judged at and
// why that time, and only if everything held the certified view of the message.
//
//	m, err := rem.OpenFile("receipt.eml", nil)
//	fmt.Println(m.Kind, m.Evidence[0].Document.Event)
//
// The evidence (package rem/evidence) is the unit of truth. The REM-* fields of
// the outer header are signed by nobody: they are compared and never believed
// (EN 319 532-3 §6.2).
//
// # Following
//
// Report.Events says what the evidence means for each recipient, for a
// receipt.Ledger, which holds PEC and REM alike. A Transaction is everything
// about one MessageIdentifier, with its contradictions.
//
// # Writing
//
// Prepare normalises a submitted message (EN 319 532-4 C.4.5.1 c). WriteDispatch,
// WritePayload, WriteReceipt and WriteNotification write the four kinds of
// message around signed evidence, as streams. What evidence says, and signing
// it, is the business of rem/evidence.
//
// Nothing here opens a network connection or reads the clock unasked.
package rem
