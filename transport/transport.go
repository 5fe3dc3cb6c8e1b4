// Package transport says what sending and collecting mail means to the rest
// of this module: two small interfaces, Sender and Mailbox, with messages as
// bytes. Any program can bring its own; package pectest has some in process.
package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Message is what is submitted: exact bytes and their SMTP envelope.
type Message struct {
	// From is the reverse path (MAIL FROM), To are the forward paths (RCPT
	// TO), all in one transaction: a provider of certified mail accepts or
	// refuses a message as a whole.
	From string
	To   []string
	// Source holds the message, Size bytes of it. It is only read.
	Source io.ReaderAt
	Size   int64
}

// Reader returns a reader over the message, from its beginning.
func (m *Message) Reader() *io.SectionReader { return io.NewSectionReader(m.Source, 0, m.Size) }

// Sender submits messages to one account's provider. It is safe for concurrent
// use.
type Sender interface {
	// Send submits a message, once: it never tries again by itself. A nil
	// error means that the server took it. Every other error wraps an *Error,
	// whose Outcome says what is known.
	Send(ctx context.Context, m *Message) error
}

// Outcome is what is known of a submission that was not accepted.
type Outcome int

// The outcomes.
const (
	// Refused: the server will never take it (5xx), or it was never offered.
	Refused Outcome = iota + 1
	// Deferred: not now; trying again later may help (4xx, no connection).
	Deferred
	// Uncertain: the connection ended after the message was handed over and
	// before the answer. It must not be sent again: the provider's receipts
	// will tell.
	Uncertain
)

func (o Outcome) String() string {
	switch o {
	case Refused:
		return "refused"
	case Deferred:
		return "deferred"
	case Uncertain:
		return "uncertain"
	}
	return "outcome " + strconv.Itoa(int(o))
}

// ErrLogin says that user or password were refused: ask the owner, do not try
// again. It is wrapped by an Error with the outcome Refused.
var ErrLogin = errors.New("login refused")

// Error says why a submission was not accepted.
type Error struct {
	Outcome Outcome
	// Code, Status and Text are the server's reply (RFC 5321 §4.2, RFC 3463);
	// zero when there was none.
	Code   int
	Status string
	Text   string
	// Err is the cause where there was no reply.
	Err error
}

func (e *Error) Error() string {
	text := "transport: " + e.Outcome.String()
	if e.Code != 0 {
		text += ": " + strings.Join(strings.Fields(strconv.Itoa(e.Code)+" "+e.Status+" "+e.Text), " ")
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ID names a message in a folder. It is valid as long as the folder's cursors
// are.
type ID string

// Cursor is a place in a folder: everything up to it was listed. The empty
// Cursor is the beginning. Keep it as it is; only the mailbox that gave it can
// read it.
type Cursor string

// ErrCursor says that a cursor or an ID is no longer valid, because the folder
// was renumbered (IMAP: another UIDVALIDITY): list from the beginning, and
// know messages by their digest.
var ErrCursor = errors.New("cursor is no longer valid")

// ErrNotFound says that there is no such folder or message.
var ErrNotFound = errors.New("not found")

// Item is a message in a folder, before its content is fetched.
type Item struct {
	ID ID
	// Size in bytes, Time when it came there (never zero), Flags as IMAP's.
	Size  int64
	Time  time.Time
	Flags []string
}

// Mailbox collects messages. Reading changes nothing in the mailbox, flags
// included; several clients may read one. It is safe for concurrent use; Append
// files a message as a whole or not at all.
//
// A folder or message that is not there is ErrNotFound, also where its name is
// none that the mailbox could have given (ErrCursor does for an ID, too). A
// cursor that it cannot have given is an error. With a context that has ended a method does nothing and returns
// the context's error.
type Mailbox interface {
	// List returns up to limit messages behind a cursor, oldest first, and the
	// cursor behind the last of them; with nothing new the same cursor.
	List(ctx context.Context, folder string, since Cursor, limit int) ([]Item, Cursor, error)
	// Fetch streams a message's bytes. Close the reader.
	Fetch(ctx context.Context, folder string, id ID) (io.ReadCloser, error)
	// Append files a message of size bytes, with the time when it came, which is
	// the present when at is zero. Fewer bytes than that are an error.
	Append(ctx context.Context, folder string, flags []string, at time.Time, message io.Reader, size int64) (ID, error)
	// SetFlags replaces the flags of a message.
	SetFlags(ctx context.Context, folder string, id ID, flags []string) error
	// Move moves a message to another folder, Delete removes it for good.
	Move(ctx context.Context, folder string, id ID, to string) error
	Delete(ctx context.Context, folder string, id ID) error
	// Wait returns when there may be something behind the cursor, or with the
	// context's error.
	Wait(ctx context.Context, folder string, since Cursor) error
}

// FormatID and ParseID write and read what identifies a message where folders
// are numbered as in IMAP.
func FormatID(validity, uid uint32) ID { return ID(fmt.Sprintf("%d.%d", validity, uid)) }

// ParseID reads what FormatID wrote.
func ParseID(id ID) (validity, uid uint32, err error) {
	v, u, ok := strings.Cut(string(id), ".")
	a, err1 := strconv.ParseUint(v, 10, 32)
	b, err2 := strconv.ParseUint(u, 10, 32)
	if !ok || err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("transport: id %q: %w", id, ErrNotFound)
	}
	return uint32(a), uint32(b), nil
}
