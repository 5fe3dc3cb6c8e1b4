// Package pectest makes certified mail for tests: what net/http/httptest is to
// web programs. There are three ways to use it.
//
// # A network
//
// A Network is a circuit of certified-mail providers (gestori di posta
// elettronica certificata) in this process, with mailboxes, certificates, a
// provider directory and a clock:
//
//	n, err := pectest.NewNetwork(nil) // alfa.example and beta.example
//	anna, err := n.Account("anna@alfa.example")
//	_, err = anna.Send(ctx, &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Contratto"})
//	n.Settle()                // all mail that is under way arrives
//	n.Advance(25 * time.Hour) // takes milliseconds; the time-out notices come
//	anna.Messages()           // acceptance and delivery receipt
//
// Each message passes the three points of the rules (access, incoming,
// delivery); every receipt, notice and envelope is issued and signed as
// providers do. Faults make go wrong what can; Quirks are the habits of real
// providers; Journeys, Outcomes and Log tell what happened. Package pecserve
// puts a network on SMTP and IMAP, package pecweb shows it in a browser.
//
// # Scenarios
//
// A Scenario is a test as a table: who sends what, what goes wrong, what lies
// in each mailbox at the end. Scenarios returns ready-made ones that reach
// every branch of the rules:
//
//	B1  submission without a valid login: refused | wrong password
//	B2  a formal check fails: non-accettazione | formal error
//	B3  far over the size limit: refused in the SMTP dialogue | far too large
//	B4  virus at the access point: non-accettazione, the message is kept | virus at the access point
//	B5  all checks pass: accettazione and busta di trasporto | delivered; cut behind the final dot
//	B6  recipient outside the circuit: the envelope goes as ordinary mail | to ordinary mail
//	B7  a correct envelope comes in: presa in carico | delivered
//	B8  a correct receipt comes in: passed on untouched | delivered; receipts out of order and twice
//	B9  signed by a provider, but no correct form: busta di anomalia | provider-signed, wrong form
//	B10 ordinary mail: refused, or busta di anomalia | ordinary mail as anomaly; ordinary mail refused
//	B11 virus in a correct envelope: rilevazione virus, the envelope is kept | virus between providers
//	B12 the sender's provider hears of it: mancata consegna per virus | virus between providers
//	B13 virus in ordinary mail: discarded | virus in ordinary mail
//	B14 put into the mailbox: avvenuta consegna | delivered; delivered to two, one in copy, brief receipt; forged delivery receipt
//	B15 cannot be delivered: mancata consegna | unknown mailbox; mailbox full
//	B16 an anomaly or receipt cannot be delivered: nothing | anomaly to a full mailbox
//	B17 nothing heard in 12 hours: first notice | late, then delivered; never heard of again
//	B18 not delivered in 24 hours: second notice | never heard of again
//	B19 the other provider refuses for good: mancata consegna by the sender's | refused by the other provider
//	B20 one provider for both: all messages all the same | same provider
//
// # Single messages
//
// An Authority and its Providers make single messages, and Fixtures a whole
// corpus of them:
//
//	ca := pectest.NewAuthority(1)
//	alfa := ca.Provider("Gestore Alfa S.p.A.", "gestore-a.example", "pec.alfa.example")
//
// Everything follows from the seed: the same seed and the same calls give the
// same bytes. Nothing made here is worth protecting, and no domain but the
// reserved ones (.example, .test, .invalid, localhost) is taken.
package pectest
