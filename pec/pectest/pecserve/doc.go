// Package pecserve puts a network of certified-mail providers (package
// pectest) on real protocols: SMTP submission, SMTP between the providers and
// IMAP, on loopback.
//
//	n, err := pectest.NewNetwork(&pectest.NetworkOptions{Clock: time.Now})
//	servers, err := pecserve.Start(n, nil)
//	defer servers.Close()
//
// To point a mail client at it, take the Endpoint of the account's provider:
//
//   - Incoming mail: IMAP at Endpoint.IMAP, TLS from the start ("SSL/TLS").
//   - Outgoing mail: SMTP at Endpoint.Submission, TLS from the start, or at
//     Endpoint.StartTLS with STARTTLS; authentication by password.
//   - User: the whole address (Account.Address). Password: Account.Password.
//   - Let the client trust the authority in Servers.CA, a PEM file.
//   - Mail from outside the circuit goes to Endpoint.Exchange, without a login.
//
// With a clock of its own (NetworkOptions.Clock) the network lives: receipts
// come by themselves. With the simulated clock nothing moves until
// Network.Settle or Network.Advance is called, which wait for what is under
// way between the servers; the mailboxes then hold, byte for byte, what they
// hold in process. Only addresses that SMTP cannot carry, and message sizes
// at the very limit, are treated otherwise than in process.
package pecserve
