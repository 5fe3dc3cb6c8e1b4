package pec

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// Progress is how far SendAll has come.
type Progress struct {
	// Queued are new in the outbox, Known were there already by their key,
	// Faulty could not be composed or broke a rule of submission.
	Queued, Known, Faulty int
	// Key is that of the last message, Err why it is faulty.
	Key string
	Err error
}

// How many letters SendAll gathers to make them durable together, in messages and
// bytes, and for how long the first waits for the others while drafts are made.
const (
	massMessages = 256
	massBytes    = 4 << 20
	massWait     = time.Second
)

// SendAll gives many messages to the outbox, each under its key: the letters
// of a mass mailing, made one by one from a template. A draft that breaks a
// rule stops only itself. Up to 256 letters become durable together; then
// progress, which may be nil, is told of each and ends the run by returning
// false, whereupon the rest of them are queued all the same. Run again with the
// same keys, it goes on where it was interrupted and sends nothing twice. The
// error is that of the context or the store.
func (c *Client) SendAll(ctx context.Context, drafts iter.Seq2[string, *Draft], progress func(Progress) bool) (Progress, error) {
	m := mass{c: c, tell: progress}
	if c.opt.Outbox == nil {
		return m.p, fmt.Errorf("pec: send all: %w: no Outbox", ErrClient)
	}
	defer m.drop()
	for key, draft := range drafts {
		if err := ctx.Err(); err != nil {
			return m.p, err
		}
		if err := m.add(ctx, key, draft); err != nil {
			return m.p, fmt.Errorf("pec: send all: %s: %w", key, err)
		}
		if m.full() {
			if goOn, err := m.flush(ctx); err != nil || !goOn {
				return m.p, err
			}
		}
	}
	_, err := m.flush(ctx)
	return m.p, err
}

// mass is a run of SendAll.
type mass struct {
	c       *Client
	tell    func(Progress) bool
	p       Progress
	letters []letter
	bytes   int64
	since   time.Time // the first of them
}

// letter is one that was looked at, and is composed unless it is known or faulty.
type letter struct {
	key   string
	out   *Outgoing
	known bool
	err   error
}

func (m *mass) add(ctx context.Context, key string, draft *Draft) error {
	_, err := m.c.opt.Store.Submission(ctx, m.c.opt.Account.Address, key)
	l := letter{key: key, known: err == nil}
	switch {
	case l.known:
	case !errors.Is(err, store.ErrNotFound):
		return err
	default:
		l.out, err = m.c.compose(draft)
		switch {
		case err == nil:
			m.bytes += l.out.Size
		case faulty(err):
			l.err = err
		default:
			return err
		}
	}
	if len(m.letters) == 0 {
		m.since = m.c.opt.Now()
	}
	m.letters = append(m.letters, l)
	return nil
}

func (m *mass) full() bool {
	return len(m.letters) >= massMessages || m.bytes >= massBytes || m.c.opt.Now().Sub(m.since) >= massWait
}

// flush gives what was gathered to the outbox, and tells of it.
func (m *mass) flush(ctx context.Context) (goOn bool, err error) {
	defer m.drop()
	var list []outbox.Message
	for i := range m.letters {
		if l := &m.letters[i]; l.out != nil {
			list = append(list, m.c.letter(l.key, l.out))
		}
	}
	done, err := m.c.opt.Outbox.SubmitAll(ctx, list)
	next := 0
	for i := range m.letters {
		l := &m.letters[i]
		if l.out != nil {
			if next == len(done) {
				return false, fmt.Errorf("pec: send all: %s: %w", l.key, err)
			}
			l.err, l.known = done[next].Err, done[next].Existed
			next++
			if l.known && errors.Is(l.err, outbox.ErrKeyReused) {
				l.err = nil // somebody else was faster, with the same key
			}
			if l.err != nil {
				return false, fmt.Errorf("pec: send all: %s: %w", l.key, l.err)
			}
		}
		m.p.Key, m.p.Err = l.key, l.err
		switch {
		case l.known:
			m.p.Known++
		case l.err != nil:
			m.p.Faulty++
		default:
			m.p.Queued++
		}
		if m.tell != nil && !m.tell(m.p) {
			return false, nil
		}
	}
	return true, nil
}

// drop lets go of what was gathered.
func (m *mass) drop() {
	for i := range m.letters {
		if out := m.letters[i].out; out != nil {
			_ = out.Close() // it was read to its end, or is not needed
		}
	}
	m.letters, m.bytes = m.letters[:0], 0
}

// faulty tells whether an error is about the draft.
func faulty(err error) bool {
	_, draft := errors.AsType[*DraftError](err)
	return draft || len(Violations(err)) > 0
}

// Anomaly is a message, or one recipient of it, that somebody should look at.
type Anomaly struct {
	Key, MessageID string
	// State is where the submission stands.
	State store.State
	// Recipient and Status are set for what is wrong with one recipient.
	Recipient string
	Status    receipt.Status
	// Why says it in words.
	Why string
}

// Anomalies goes through all submissions of the account and yields what is not
// on its way to a good end: refused and uncertain ones, and recipients that
// failed, were rejected, contradict themselves or are overdue.
func (c *Client) Anomalies(ctx context.Context) iter.Seq2[Anomaly, error] {
	return func(yield func(Anomaly, error) bool) {
		for after := int64(0); ; {
			page, err := c.opt.Store.Submissions(ctx, store.Filter{Account: c.opt.Account.Address, After: after, Limit: 100})
			if err != nil {
				yield(Anomaly{}, fmt.Errorf("pec: anomalies: %w", err))
				return
			}
			if len(page) == 0 {
				return
			}
			for i := range page {
				after = page[i].Order
				if !c.anomaliesOf(ctx, &page[i], yield) {
					return
				}
			}
		}
	}
}

func (c *Client) anomaliesOf(ctx context.Context, s *store.Submission, yield func(Anomaly, error) bool) bool {
	a := Anomaly{Key: s.Key, MessageID: s.Sent.MessageID, State: s.State, Why: s.Reply}
	switch s.State {
	case store.Refused, store.Uncertain:
		return yield(a, nil)
	case store.Sent:
	default:
		return true
	}
	m, err := c.status(ctx, s)
	if err != nil {
		return yield(a, err)
	}
	for _, r := range m.Recipients {
		switch r.Status {
		case receipt.StatusFailed, receipt.StatusRejected, receipt.StatusConflict, receipt.StatusOverdue:
			a.Recipient, a.Status, a.Why = r.Address, r.Status, r.Explanation
			if r.Reason != "" {
				a.Why = r.Reason + "; " + a.Why
			}
			if !yield(a, nil) {
				return false
			}
		}
	}
	return true
}
