// Package smtp submits certified mail to a provider's server (punto di
// accesso) by SMTP: a transport.Sender over TLS, with authentication (RFC 6109
// §5.3, §6).
//
//	sender, err := smtp.New(&smtp.Options{
//		Host: "smtps.alfa.example",
//		Credentials: func(context.Context) (user, secret string, err error) {
//			return "anna@alfa.example", os.Getenv("PEC_PASSWORD"), nil
//		},
//	})
//	defer sender.Close()
//	err = sender.Send(ctx, message)
//
// A message is submitted in one transaction, to all its recipients or to none,
// and never twice: Send does not try again. What is known afterwards is the
// transport.Outcome in its error:
//
//   - Accepted (a nil error) is a 2xx reply to the final dot and nothing else.
//   - Refused is a 5xx reply, a refused login, or a message that this package
//     does not submit: it cannot cross SMTP byte for byte, or the server says
//     that it takes no message of that size.
//   - Deferred is a 4xx reply, and everything that goes wrong before the final
//     dot is handed over completely: no connection, no TLS, a cancelled context.
//   - Uncertain is everything between the final dot and a reply that can be
//     understood.
//
// Nothing that is said before TLS counts as the server's word: a reply to the
// first lines of STARTTLS never refuses for good.
//
// A refused login suspends the Sender, because providers lock mailboxes that
// are tried too often: every Send fails at once, without the network, until
// Resume or SetCredentials.
//
// The bytes of a message arrive as they are. Every line must end in CRLF, the
// last one too; a bare LF, a lone CR or a NUL is refused rather than repaired,
// because servers disagree about them, and an attacker makes two messages out
// of one ("SMTP smuggling"). Lines of more than 998 bytes pass, though a server
// may break or refuse them: pec.Preflight finds them.
package smtp
