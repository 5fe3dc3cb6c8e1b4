package receipt

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/certmail/certmail/daticert"
)

// LedgerOptions are the windows after which a [Ledger] calls a message
// overdue. Zero values stand for the defaults.
type LedgerOptions struct {
	// AcceptanceWindow is how long after submission the acceptance may take; the
	// default is one hour. The rules leave it to the contract between provider
	// and user (DM 2-11-2005, art. 12); in practice it is seconds.
	AcceptanceWindow time.Duration
	// DeliveryWindow is how long after acceptance an outcome may take; the
	// default is 25 hours: the rules give the sender's provider 24 hours to say
	// that delivery failed (RFC 6109 §3.1.6), and an hour is for the way.
	DeliveryWindow time.Duration
	// ClockSkew is how much earlier than its submission a receipt may be
	// before it is taken for a replay; the default is ten minutes. Providers
	// keep their clocks within a second (DM 2-11-2005, art. 9), so this is
	// about ours.
	ClockSkew time.Duration
}

// The defaults of [LedgerOptions].
const (
	DefaultAcceptanceWindow = time.Hour
	DefaultDeliveryWindow   = 25 * time.Hour
	DefaultClockSkew        = 10 * time.Minute
)

// Sent is a message that we submitted.
type Sent struct {
	// MessageID is the Message-ID we gave it, angle brackets or not.
	MessageID string
	// Sender is the address it was submitted from, MAIL FROM.
	Sender string
	// Recipients are its forward paths, each with the header field it stands in.
	Recipients []SentRecipient
	Subject    string
	// Time is when it was submitted.
	Time time.Time
	// Uncertain reports that the connection died before the provider's answer:
	// it may or may not have been taken. Receipts will tell.
	Uncertain bool
	// SHA256 is the digest of the bytes that were submitted.
	SHA256 Digest
	// Body is the digest of what it says ([BodyDigest]). Receipts that carry
	// another content are in conflict with it. Zero when the bytes are not at
	// hand: then contents are not compared.
	Body Digest
	// Name is where the caller keeps the copy, a file name for instance.
	Name string
}

// A SentRecipient is one of the recipients of a submission.
type SentRecipient struct {
	Address string
	// Copy says that it stands in Cc, not in To.
	Copy bool
}

// A Ledger turns events into what became of each recipient of each message. It
// is safe for concurrent use.
//
// What it says is a function of the set of submissions and events it was
// given: neither their order nor their repetition matters.
type Ledger struct {
	opt LedgerOptions

	mu        sync.RWMutex
	threads   map[string]*thread // by Message-ID
	list      []*thread          // the same as they came, which is often their order in time
	owners    map[string]*owner  // by identifier
	loose     thread             // events without a Message-ID
	submitted int                // how many submissions
	reasons   map[Reason]*Reason
	noReason  Reason
	names     map[string]string // of providers, kinds and the like
	seed      maphash.Seed
	rooms     slab[threadRoom]
	records   slab[record]
	about     slab[topic]
	listed    slab[Recipient]
}

// NewLedger returns an empty ledger. opt may be nil.
func NewLedger(opt *LedgerOptions) *Ledger {
	l := &Ledger{
		threads: make(map[string]*thread), owners: make(map[string]*owner),
		reasons: make(map[Reason]*Reason), names: make(map[string]string), seed: maphash.MakeSeed(),
	}
	if opt != nil {
		l.opt = *opt
	}
	orDefault(&l.opt.AcceptanceWindow, DefaultAcceptanceWindow)
	orDefault(&l.opt.DeliveryWindow, DefaultDeliveryWindow)
	orDefault(&l.opt.ClockSkew, DefaultClockSkew)
	return l
}

func orDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// AddSent records submissions. One without a Message-ID is left out: nothing
// could ever be matched with it. Submissions that differ in nothing but the name
// are one, with the first name in alphabetical order.
func (l *Ledger) AddSent(list ...Sent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range list {
		s.MessageID = daticert.TrimMessageID(s.MessageID)
		if s.MessageID == "" {
			continue
		}
		t := l.thread(s.MessageID)
		if i := slices.IndexFunc(t.sents, func(old Sent) bool { return sameSent(&old, &s) }); i >= 0 {
			t.sents[i].Name = firstName(t.sents[i].Name, s.Name)
			continue
		}
		s.MessageID = t.id
		s.Recipients = slices.Clone(s.Recipients)
		t.sents = append(t.sents, s)
		l.submitted++
	}
}

func sameSent(a, b *Sent) bool {
	return a.Sender == b.Sender && a.Subject == b.Subject && a.Time.Equal(b.Time) &&
		a.Uncertain == b.Uncertain && a.SHA256 == b.SHA256 && a.Body == b.Body && slices.Equal(a.Recipients, b.Recipients)
}

// firstName returns the first of two names in alphabetical order, that is not
// empty.
func firstName(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// Add records events and returns how many were new. An event that differs from
// one already there in nothing but its verdict and the name of its proof is
// the same event: the further verdict is kept, "invalid" before all others,
// and the first name in alphabetical order.
func (l *Ledger) Add(events ...Event) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	added := 0
	for i := range events {
		if l.add(&events[i]) {
			added++
		}
	}
	return added
}

func (l *Ledger) add(e *Event) bool {
	id := daticert.TrimMessageID(e.MessageID)
	t := &l.loose
	if id != "" {
		t = l.thread(id)
	}
	r, isNew := t.keep(e, l)
	if isNew && id != "" && r.Identifier != "" {
		l.own(r.Identifier, t)
	}
	return isNew
}

// own records that a thread has an event with an identifier.
func (l *Ledger) own(identifier string, t *thread) {
	if slices.ContainsFunc(t.owned, func(o *owner) bool { return o.identifier == identifier }) {
		return
	}
	o := l.owners[identifier]
	if o == nil {
		if o, t.spare = t.spare, nil; o == nil {
			o = new(owner)
		}
		o.identifier = identifier
		l.owners[identifier] = o
	}
	o.threads = append(o.threads, t)
	t.owned = append(t.owned, o)
}

func (l *Ledger) thread(id string) *thread {
	t := l.threads[id]
	if t == nil {
		t = l.newThread(id)
		l.threads[t.id] = t
		l.list = append(l.list, t)
	}
	return t
}
