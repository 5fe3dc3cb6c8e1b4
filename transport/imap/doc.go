// Package imap is a transport.Mailbox over IMAP4rev1 (RFC 3501, RFC 9051), for
// the mailboxes of certified-mail providers.
//
//	mailbox, err := imap.New(&imap.Options{
//		Host:        "imaps.pec.aruba.it",
//		Credentials: imap.Password("anna@pec.example", os.Getenv("PEC_PASSWORD")),
//	})
//
// It is made so that collecting proof cannot lose any:
//
//   - Messages are known by UIDVALIDITY and UID, never by \Seen. Reading uses
//     EXAMINE and BODY.PEEK, so that it changes nothing and also works in
//     mailboxes that one may only read. Only SetFlags, Move and Delete use
//     SELECT.
//   - A message's bytes are streamed as the server sends them. Their end is
//     reported only when the server has confirmed the command: a connection
//     that breaks gives an error, never a shorter message.
//   - Move and Delete use MOVE (RFC 6851) and UID EXPUNGE (RFC 4315). Without
//     them they fail with errors.ErrUnsupported: a plain EXPUNGE would remove
//     what others have marked.
//   - What is safe to repeat is repeated, once, when a connection turns out to
//     be dead. Append, Move and Delete are not: where the answer is missing,
//     their error wraps a *transport.Error whose Outcome is
//     transport.Uncertain. Any other error of theirs means that nothing was
//     done.
//   - There is always TLS, with the server's certificate verified, and a
//     password that was refused is not offered again (see Mailbox.Resume).
package imap
