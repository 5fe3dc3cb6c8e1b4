// Package pec is the front door for Italian certified mail (posta elettronica
// certificata, PEC; DPR 68/2005, decree of 2 November 2005, RFC 6109).
//
// Parse says what a message is and gives access to its content without
// judging it. A Verifier judges it and returns a Report: a list of named
// checks, the time they were judged at and why that time, and only if
// everything held the certified view of the message. Compose writes a message
// to be submitted, and checks it against the rules of submission first.
//
//	m, err := pec.OpenFile("receipt.eml", nil)
//	fmt.Println(m.Kind, m.Sender(), m.Subject())
//
// A Client is all of that together, with a memory: it sends each message once,
// collects the receipts, verifies them, and says what became of each recipient.
// ClientOptions says what it is made of (a store, an outbox, a mailbox, a
// verifier); the example of Client has all the parts in a few lines.
//
//	_, err = client.Send(ctx, "invoice-7", draft)
//	go client.Run(ctx, time.Minute, nil)
//	m, err := client.StatusOf(ctx, "invoice-7")
//
// Nothing here opens a network connection or reads the clock unasked: a Client
// does by the Sender and the Mailbox that it is given.
package pec
