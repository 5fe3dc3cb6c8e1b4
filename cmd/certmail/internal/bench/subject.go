package bench

import (
	"crypto/rsa"
	"crypto/x509"
	"io"
)

// Trust is the throw-away provider that signs everything measured: an RSA-2048
// certificate directly under a self-signed RSA-2048 authority.
type Trust struct {
	CA          *x509.Certificate
	Certificate *x509.Certificate
	Key         *rsa.PrivateKey
}

// Subject is the library as it is measured. Verifying means all that a user
// gets: the message is parsed, classified, its certification data read, its
// signature checked and the signer's chain built up to Trust.CA; anything but a
// message that holds is an error. A nil function leaves its rows of the table
// without a figure.
type Subject struct {
	// Small returns a concise delivery receipt of about 7.5 KB, Medium a
	// complete one of about 208 KB: RSA with SHA-256, signed attributes, the
	// authority's certificate carried along, CRLF line ends.
	Small, Medium func() ([]byte, error)

	// VerifyWarm verifies a message in memory, keeping what it learns of chains
	// from call to call. It is called from several goroutines at a time.
	VerifyWarm func(msg []byte) error
	// VerifyCold does the same and keeps nothing, as if each were the first
	// message of its signer.
	VerifyCold func(msg []byte) error
	// Parse reads, classifies and parses the certification data, without
	// looking at the signature.
	Parse func(msg []byte) error
	// VerifyFile opens and verifies a message of any size.
	VerifyFile func(path string) error
	// Build writes the signed transport envelope of an original message.
	Build func(w io.Writer, original io.ReaderAt, size int64) error
	// REM makes a receipt of registered electronic mail ready.
	REM func() (*REM, error)
	// TrustedList makes a signed trusted list (TS 119 612) of at least n bytes
	// ready.
	TrustedList func(n int) (*TrustedList, error)
	// Ledger makes ready the events of n receipts, already verified, and
	// returns a function that brings them into a fresh ledger and asks it for
	// every status. It is called many times.
	Ledger func(n int) (func() error, error)
}

// REM is a receipt of registered electronic mail, which has three RSA-2048
// signatures: of the mail, of the evidence in it, and of the evidence's time-stamp.
type REM struct {
	// Message is the mail, Signed the part that its signature covers, Evidence
	// the document.
	Message, Signed, Evidence []byte
	// Verify verifies all of a message in memory, keeping what it learns of chains
	// from call to call; anything but a message that holds is an error.
	Verify func(msg []byte) error
}

// TrustedList is a trusted list, signed with XAdES.
type TrustedList struct {
	XML []byte
	// Verify parses a list and verifies its signature; anything but a list that
	// holds is an error.
	Verify func(xml []byte) error
}
