package receipt

import (
	"strings"
	"time"
)

// A thread is everything that carries one Message-ID.
type thread struct {
	id      string
	sents   []Sent
	events  []*record
	index   map[proofKey][]*record // of events, once there are many
	topics  []*topic               // what the events say alike, each once
	byTopic map[topicKey][]*topic  // of topics, once there are many
	owned   []*owner               // the identifiers of the events
	spare   *owner                 // room for one
}

// A threadRoom is a thread with room for what most threads hold.
type threadRoom struct {
	thread
	events [4]*record
	topics [1]*topic
	owned  [1]*owner
	owner  owner // of the first identifier, when the thread is the first to have it
	owners [1]*thread
}

func (l *Ledger) newThread(id string) *thread {
	t := l.rooms.get()
	t.thread = thread{id: strings.Clone(id), events: t.events[:0], topics: t.topics[:0], owned: t.owned[:0], spare: &t.owner}
	t.owner.threads = t.owners[:0]
	return &t.thread
}

// An owner is an identifier with the threads that have an event of it.
type owner struct {
	identifier string
	threads    []*thread
}

// A record is an event as the ledger keeps it: small, and holding on to
// nothing of the message that it was read from.
type record struct {
	*topic
	Kind      EventKind
	Recipient string
	Time      time.Time
	Issuer    string
	asked     string // ReceiptType
	reason    *Reason
	name      string // of the proof
	proofKind string
	sha256    Digest
	content   *contents // nil for none
	verdict   Verdict
}

// contents are the digests of the original inside a proof.
type contents struct{ whole, body Digest }

// proofKey is what identical events agree in before all.
type proofKey struct {
	sha       Digest
	kind      EventKind
	recipient string
}

// indexFrom is the number of events from which a thread has an index.
const indexFrom = 24

// keep stores an event unless it is there.
func (t *thread) keep(e *Event, l *Ledger) (r *record, isNew bool) {
	about := t.topic(e, l)
	candidates := t.events
	if t.index != nil {
		candidates = t.index[proofKey{e.Proof.SHA256, e.Kind, e.Recipient}]
	}
	for _, old := range candidates {
		if old.sha256 == e.Proof.SHA256 && old.topic == about && old.same(e) {
			old.merge(e)
			return old, false
		}
	}
	r = l.records.get()
	*r = record{
		topic: about, Kind: EventKind(l.name(string(e.Kind))), Recipient: about.address(e.Recipient), Time: e.Time,
		Issuer: l.name(e.Issuer), asked: l.name(e.ReceiptType), reason: l.reason(e.Reason),
		name: e.Proof.Name, proofKind: l.name(e.Proof.Kind), sha256: e.Proof.SHA256, verdict: e.Proof.Verdict,
	}
	if !e.Proof.Content.IsZero() || !e.Proof.Body.IsZero() {
		r.content = &contents{e.Proof.Content, e.Proof.Body}
	}
	t.events = append(t.events, r)
	switch {
	case t.index != nil:
		t.enter(r)
	case len(t.events) >= indexFrom:
		t.index = make(map[proofKey][]*record, 2*indexFrom)
		for _, old := range t.events {
			t.enter(old)
		}
	}
	return r, true
}

func (t *thread) enter(r *record) {
	key := proofKey{r.sha256, r.Kind, r.Recipient}
	t.index[key] = append(t.index[key], r)
}

// same reports whether e, of the same topic and digest, is the event in r but
// for verdict and name.
func (r *record) same(e *Event) bool {
	return r.Kind == e.Kind && r.Recipient == e.Recipient && r.Time.Equal(e.Time) && r.Issuer == e.Issuer && r.asked == e.ReceiptType &&
		*r.reason == e.Reason && r.proofKind == e.Proof.Kind && r.digests() == contents{e.Proof.Content, e.Proof.Body}
}

// digests are all zeros for an event whose proof carries no original.
func (r *record) digests() contents {
	if r.content == nil {
		return contents{}
	}
	return *r.content
}

// merge joins verdict and name: the order of two equal events does not count.
// The zone of the time is part of how it was written, not of what it is.
func (r *record) merge(e *Event) {
	r.verdict = max(r.verdict, e.Proof.Verdict)
	r.name = firstName(r.name, e.Proof.Name)
	_, old := r.Time.Zone()
	if _, offset := e.Time.Zone(); offset < old {
		r.Time = e.Time
	}
}
