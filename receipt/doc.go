// Package receipt turns the receipts and notices of certified mail (ricevute e
// avvisi di posta elettronica certificata, PEC) into what became of each
// recipient of each message.
//
// # Reading
//
// [FromData] gives the typed view of a certification file (daticert.xml): one
// of [Acceptance], [NonAcceptance], [TakeCharge], [Delivery], [NonDelivery],
// [TimeoutNotice] and [VirusDetection]. Why something failed is a [Reason],
// decided by one table of codes and provider habits.
//
// # Events and the ledger
//
// [Events] turns a receipt into [Event] values, small facts with the digest of
// their proof and how far it was verified. A [Ledger] takes them, and what was
// submitted ([Sent]), in any order and any number of times; [Ledger.Snapshot]
// says what became of each recipient, and why. The result is a function of the
// set of events alone.
//
// A delivery receipt that carries the message is compared with the copy of the
// sender, by [BodyDigest]: another content is a contradiction, never a
// delivery.
//
// # Writing
//
// [Build] makes the receipts and notices of the rules, from the table of
// messages that the whole module shares; [NewBrief] makes the original that a
// brief delivery receipt carries and [VerifyBrief] compares one with the
// message that was sent.
//
// Nothing here checks a signature. A receipt proves something only after the
// message that carried it was verified, and its events say so in their
// [Proof].
package receipt
