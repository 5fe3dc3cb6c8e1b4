package pec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// ClientOptions describes a Client. Account, Store, Blobs and Verifier are
// required; an Outbox to send, a Mailbox to collect.
type ClientOptions struct {
	// Account is the mailbox: its address, and the limits that drafts are held
	// against.
	Account Account
	// Store and Blobs keep everything.
	Store store.Store
	Blobs store.Blobs
	// Outbox sends; it must work on the same Store and have a Sender for
	// Account.Address.
	Outbox *outbox.Outbox
	// Mailbox is where receipts and mail come in. Folders are those collected,
	// INBOX unless set.
	Mailbox transport.Mailbox
	Folders []string
	// Verifier judges what comes in, once: what it says then is what counts, also
	// when it would know better later. Give it all that is believed before the
	// first Collect; StatusAnew judges again. Where the mailbox is of REM alone,
	// make one of a store without material, which believes nobody.
	Verifier *Verifier
	// Others judge what is no PEC, each message by the first that knows it: a
	// *rem.Verifier takes the receipts of European REM into the same ledger.
	Others []receipt.Reader
	// Received is called for every message that was collected, before it is
	// taken in: an error stops the folder there, and the message comes again.
	// It may be called more than once for a message, and must not keep the
	// Incoming. Routing and filing by the caller's rules belong here.
	Received func(context.Context, *Incoming) error
	// Warned is told, when a draft was queued under its key, of what does not
	// stand in the way and should be looked at: more recipients, or a greater
	// size × recipients, than every provider must take (Submission.Findings).
	Warned func(key string, findings []Finding)
	// Options bounds the reading of messages.
	Options *Options
	// Now is the clock, Random feeds Message-IDs; time.Now and crypto/rand
	// unless set.
	Now    func() time.Time
	Random io.Reader
	// Poll is how often Watch looks for events that other processes took in; 5
	// seconds unless set.
	Poll time.Duration
	// PageSize is how many messages are fetched between two moves of the
	// cursor; 50 unless set.
	PageSize int
}

// Incoming is a message on its way from the mailbox into the store.
type Incoming struct {
	Folder string
	ID     transport.ID
	// SHA256 names its Blob.
	SHA256 receipt.Digest
	// Message and Report are nil when it could not be read; Err says why.
	Message *Message
	Report  *Report
	Err     error
	// Other is what one of ClientOptions.Others found; Report is nil then.
	Other *receipt.Reading
}

// Client is a certified mailbox with a memory: it sends each message once,
// collects what comes back, and knows what became of every recipient, also
// after a crash. It is safe for concurrent use, and several may share a store.
type Client struct {
	opt ClientOptions
}

// ErrClient says that a client cannot be made as described, or lacks what a
// call needs.
var ErrClient = errors.New("client options")

// NewClient makes a client. It does nothing by itself.
func NewClient(opt ClientOptions) (*Client, error) {
	switch {
	case opt.Account.Address == "":
		return nil, fmt.Errorf("pec: %w: no account", ErrClient)
	case opt.Store == nil || opt.Blobs == nil:
		return nil, fmt.Errorf("pec: %w: Store and Blobs are required", ErrClient)
	case opt.Verifier == nil:
		return nil, fmt.Errorf("pec: %w: without a Verifier no receipt proves anything", ErrClient)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if len(opt.Folders) == 0 {
		opt.Folders = []string{"INBOX"}
	}
	if opt.Poll <= 0 {
		opt.Poll = 5 * time.Second
	}
	if opt.PageSize <= 0 {
		opt.PageSize = 50
	}
	return &Client{opt}, nil
}

// Send composes a draft and gives it to the outbox under the caller's key: an
// invoice's number, say. The same key never sends twice: when it was used
// before, the submission of that time is returned and the draft is not looked
// at: compare its Sent with what you meant where a key might be used for two
// things. Send returns when the message is durable, not when it was sent. The
// errors about the draft are a DraftError or what Violations lists, and nothing
// is queued then.
func (c *Client) Send(ctx context.Context, key string, d *Draft) (store.Submission, error) {
	if c.opt.Outbox == nil {
		return store.Submission{}, fmt.Errorf("pec: send: %w: no Outbox", ErrClient)
	}
	address := c.opt.Account.Address
	before, err := c.opt.Store.Submission(ctx, address, key)
	if !errors.Is(err, store.ErrNotFound) {
		return before, err
	}
	out, err := c.compose(d)
	if err != nil {
		return store.Submission{}, err
	}
	defer out.Close()
	s, _, err := c.opt.Outbox.Submit(ctx, c.letter(key, out))
	if errors.Is(err, outbox.ErrKeyReused) {
		return s, nil // somebody else was faster, with the same key
	}
	if err == nil && c.opt.Warned != nil && len(out.Findings) > 0 {
		c.opt.Warned(key, out.Findings)
	}
	return s, err
}

// compose makes the message of a draft.
func (c *Client) compose(d *Draft) (*Outgoing, error) {
	draft := *d
	if draft.From.Address == "" {
		draft.From.Address = c.opt.Account.Address
	}
	account := c.opt.Account
	return Compose(&draft, &ComposeOptions{Account: &account, Now: c.opt.Now, Random: c.opt.Random})
}

// letter is a composed message for the outbox.
func (c *Client) letter(key string, out *Outgoing) outbox.Message {
	return outbox.Message{Account: c.opt.Account.Address, Key: key, Sent: out.Sent(time.Time{}), Body: out.Source()}
}

// Watch goes through the account's events behind a place in the order they
// were taken in, and waits for more until the context ends. Keep the Seq of
// the last event that was dealt with, and watching goes on there after a
// restart. The iteration ends after the first error.
func (c *Client) Watch(ctx context.Context, after int64) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for {
			page, err := c.opt.Store.Events(ctx, c.opt.Account.Address, after, 100)
			if err != nil {
				yield(store.Recorded{}, fmt.Errorf("pec: watch: %w", err))
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
				after = e.Seq
			}
			if len(page) > 0 {
				continue
			}
			timer := time.NewTimer(c.opt.Poll)
			select {
			case <-ctx.Done():
				timer.Stop()
				yield(store.Recorded{}, ctx.Err())
				return
			case <-timer.C:
			}
		}
	}
}

// Status says what became of one of the account's messages, by all that was
// collected so far. One that the provider's server refused in the dialogue, for
// which there is no notice (avviso di non accettazione), is StatusRejected
// without a proof. store.ErrNotFound when it was never submitted here.
func (c *Client) Status(ctx context.Context, messageID string) (receipt.Message, error) {
	s, err := c.opt.Store.ByMessageID(ctx, c.opt.Account.Address, messageID)
	if err != nil {
		return receipt.Message{}, fmt.Errorf("pec: status of %s: %w", messageID, err)
	}
	return c.status(ctx, &s)
}

// StatusOf is Status by the caller's key.
func (c *Client) StatusOf(ctx context.Context, key string) (receipt.Message, error) {
	s, err := c.opt.Store.Submission(ctx, c.opt.Account.Address, key)
	if err != nil {
		return receipt.Message{}, fmt.Errorf("pec: status of %s: %w", key, err)
	}
	return c.status(ctx, &s)
}

func (c *Client) status(ctx context.Context, s *store.Submission) (receipt.Message, error) {
	events, err := c.opt.Store.EventsAbout(ctx, s.Account, s.Sent.MessageID)
	if err != nil {
		return receipt.Message{}, fmt.Errorf("pec: status: %w", err)
	}
	list := make([]receipt.Event, len(events))
	for i := range events {
		list[i] = events[i].Event
	}
	return c.statusBy(s, list)
}

// statusBy says what became of a submission by these events.
func (c *Client) statusBy(s *store.Submission, events []receipt.Event) (receipt.Message, error) {
	ledger := receipt.NewLedger(nil)
	sent := s.Sent
	sent.Uncertain = s.State == store.Uncertain
	ledger.AddSent(sent)
	ledger.Add(events...)
	m, ok := ledger.Message(s.Sent.MessageID, c.opt.Now())
	if !ok {
		return m, fmt.Errorf("pec: status of %s: %w", s.Sent.MessageID, store.ErrNotFound)
	}
	unsent(&m, s)
	return m, nil
}

// Overdue goes through the account's messages of which a receipt should have
// come by now, oldest first.
func (c *Client) Overdue(ctx context.Context) iter.Seq2[receipt.Message, error] {
	return func(yield func(receipt.Message, error) bool) {
		for after := int64(0); ; {
			page, err := c.opt.Store.Submissions(ctx, store.Filter{Account: c.opt.Account.Address, States: []store.State{store.Sent, store.Uncertain}, After: after, Limit: 100})
			if err != nil {
				yield(receipt.Message{}, fmt.Errorf("pec: overdue: %w", err))
				return
			}
			for i := range page {
				after = page[i].Order
				m, err := c.status(ctx, &page[i])
				late := slices.ContainsFunc(m.Recipients, func(r receipt.RecipientStatus) bool { return r.Status == receipt.StatusOverdue })
				if (err != nil || late) && !yield(m, err) {
					return
				}
			}
			if len(page) == 0 {
				return
			}
		}
	}
}
