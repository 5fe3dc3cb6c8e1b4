// Package remtest makes registered electronic mail (REM, ETSI EN 319 532) for
// tests: what net/http/httptest is to web programs, and package pectest to
// posta elettronica certificata.
//
// # A network
//
// A Network is a domain of providers (REMSP) in this process, with mailboxes,
// certificates, a time-stamping authority, trusted lists, capabilities (CSI) and
// a clock:
//
//	n, err := remtest.NewNetwork(nil) // alfa.example, beta.example, gamma.example
//	anna, err := n.Account("anna@alfa.example")
//	_, err = anna.Send(ctx, &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Contratto"})
//	n.Settle()                // all mail that is under way arrives
//	n.Advance(25 * time.Hour) // takes milliseconds; the time limits pass
//	anna.Messages()           // SubmissionAcceptance and ContentConsignment
//
// Each message goes from the sender's provider (S-REMS), perhaps by an
// intermediate one (I-REMS), to the recipient's (R-REMS). Every step is attested
// by evidence, signed (XAdES-B-T) and sent in a signed message (CAdES-B-B) as
// the REM baseline, REM-Policy-IT or, for Store & Notify, EN 319 522 have it.
// Providers judge what they receive by the very verifier that a program uses,
// and before relaying they look for each other in trusted list and capabilities.
//
// Faults make go wrong what can, down to single signatures; Journeys, Facts,
// Outcomes and Log tell what happened.
//
// # Scenarios
//
// A Scenario is a test as a table: who sends what, what goes wrong, what is
// attested, and what lies in each mailbox at the end. Scenarios returns
// ready-made ones; where the name begins with an id, it is that of the scenario
// checklist of this module (ETSI's scenarios S1 to S7, AgID's flows, Store &
// Notify, the extended model):
//
//	T-BB    one provider for all             T-IN   ordinary mail comes in
//	T-SR    submission refused               T-OUT  mail goes out to ordinary mailboxes
//	T-4C    two providers and more           T-SN   Store & Notify by the sender's provider
//	T-EXT   by an intermediate provider      T-SF-SN  … by the recipient's
//	T-NEG   providers that nobody may trust
//
// # Single messages
//
// Fixtures makes a corpus of single messages, good, odd and tampered with, and
// says what a verifier must find.
//
// Everything follows from the seed: the same seed and the same calls give the
// same bytes. Nothing made here is worth protecting, and no domain but the
// reserved ones (.example, .test, .invalid, localhost) is taken.
package remtest
