package receipt

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/certmail/certmail/daticert"
)

// A topic is what the events of one message say alike.
type topic struct {
	System     System
	MessageID  string
	Identifier string
	Reference  string
	Sender     string
	Subject    string
	Recipients []Recipient
}

// topicsFrom is the number of topics from which a thread has an index of
// them. A genuine one has one.
const topicsFrom = 8

// topicKey stands for a topic in the index; the list of recipients is there
// by its hash.
type topicKey struct {
	system                                 System
	identifier, reference, sender, subject string
	recipients                             uint64
}

func (l *Ledger) key(a *topic) topicKey {
	var h maphash.Hash
	h.SetSeed(l.seed)
	for _, r := range a.Recipients {
		h.WriteString(r.Address)
		h.WriteByte(0)
		h.WriteString(r.Type)
		h.WriteByte(0)
	}
	return topicKey{a.System, a.Identifier, a.Reference, a.Sender, a.Subject, h.Sum64()}
}

// topic returns the thread's own copy of what e says like others: one for
// each set of values, so that topics can be compared by address.
func (t *thread) topic(e *Event, l *Ledger) *topic {
	want := topic{
		System: e.System, MessageID: t.id, Identifier: daticert.TrimMessageID(e.Identifier), Reference: daticert.TrimMessageID(e.Reference),
		Sender: e.Sender, Subject: e.Subject, Recipients: e.Recipients,
	}
	candidates := t.topics
	if t.byTopic != nil {
		candidates = t.byTopic[l.key(&want)]
	}
	for _, have := range candidates {
		if have.equal(&want) {
			return have
		}
	}
	own := t.ownTopic(&want, l)
	t.topics = append(t.topics, own)
	switch {
	case t.byTopic != nil:
		key := l.key(own)
		t.byTopic[key] = append(t.byTopic[key], own)
	case len(t.topics) >= topicsFrom:
		t.byTopic = make(map[topicKey][]*topic, 2*topicsFrom)
		for _, have := range t.topics {
			key := l.key(have)
			t.byTopic[key] = append(t.byTopic[key], have)
		}
	}
	return own
}

// ownTopic copies a topic, sharing what is like the one before it.
func (t *thread) ownTopic(want *topic, l *Ledger) *topic {
	like := &topic{}
	if n := len(t.topics); n > 0 {
		like = t.topics[n-1]
	}
	own := l.about.get()
	*own = topic{
		System: System(l.name(string(want.System))), MessageID: t.id,
		Identifier: shared(want.Identifier, like.Identifier), Reference: shared(want.Reference, t.id),
		Sender: l.name(want.Sender), Subject: shared(want.Subject, like.Subject),
		Recipients: like.Recipients,
	}
	if !slices.Equal(want.Recipients, like.Recipients) {
		own.Recipients = l.copyList(want.Recipients)
	}
	return own
}

// copyList copies a list, with one string behind all its addresses.
func (l *Ledger) copyList(list []Recipient) []Recipient {
	if len(list) == 0 {
		return nil
	}
	size := 0
	for i := range list {
		size += len(list[i].Address)
	}
	var b strings.Builder
	b.Grow(size)
	for i := range list {
		b.WriteString(list[i].Address)
	}
	all, own := b.String(), l.listed.take(len(list))
	for i := range list {
		n := len(list[i].Address)
		own[i], all = Recipient{all[:n], l.name(list[i].Type)}, all[n:]
	}
	return own
}

func (a *topic) equal(b *topic) bool {
	return a.Identifier == b.Identifier && a.Reference == b.Reference && a.Sender == b.Sender && a.Subject == b.Subject &&
		a.System == b.System && slices.Equal(a.Recipients, b.Recipients)
}

// address returns the topic's own copy of an address, else a new one.
func (a *topic) address(s string) string {
	for i := range a.Recipients {
		if a.Recipients[i].Address == s {
			return a.Recipients[i].Address
		}
	}
	return strings.Clone(s)
}

// shared returns have when it equals s, else a copy of s of its own.
func shared(s, have string) string {
	if s == have {
		return have
	}
	return strings.Clone(s)
}

// name returns the ledger's own copy of a name that occurs over and over.
func (l *Ledger) name(s string) string {
	if s == "" {
		return ""
	}
	own, ok := l.names[s]
	if !ok {
		own = strings.Clone(s)
		l.names[own] = own
	}
	return own
}

func (l *Ledger) reason(r Reason) *Reason {
	if r == (Reason{}) {
		return &l.noReason
	}
	own, ok := l.reasons[r]
	if !ok {
		r = Reason{strings.Clone(r.Value), strings.Clone(r.Code), strings.Clone(r.Provider), strings.Clone(r.Text), r.Category}
		own = &r
		l.reasons[r] = own
	}
	return own
}
