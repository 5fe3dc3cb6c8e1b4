package receipt

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
)

// Snapshot says what became of every message. Now decides what is overdue; the
// zero time means that nothing is.
//
// When submissions were recorded, receipts that belong to none of them are
// orphans. Without any, messages are made up from their receipts.
func (l *Ledger) Snapshot(now time.Time) *Report {
	l.mu.RLock()
	defer l.mu.RUnlock()
	a := &assembler{l: l, now: now}
	placed, unplaced := l.placeLoose()
	report := &Report{Messages: make([]Message, 0, len(l.threads)), Orphans: []Orphan{}}
	for _, t := range l.list {
		report.Messages = a.thread(report.Messages, t, placed[t])
	}
	report.Messages = a.unplaced(report.Messages, unplaced)
	sortMessages(report.Messages)
	report.Orphans = append(report.Orphans, mergeOrphans(a.orphans)...)
	return report
}

// Message says what became of one message, by its Message-ID. It is false when
// there is none, or when two senders used the id.
func (l *Ledger) Message(messageID string, now time.Time) (Message, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	t := l.threads[daticert.TrimMessageID(messageID)]
	if t == nil {
		return Message{}, false
	}
	placed, _ := l.placeLoose()
	a := &assembler{l: l, now: now}
	list := a.thread(nil, t, placed[t])
	if len(list) != 1 {
		return Message{}, false
	}
	return list[0], true
}

// placeLoose finds the threads of the events without Message-ID.
func (l *Ledger) placeLoose() (placed map[*thread][]match, unplaced []*record) {
	if len(l.loose.events) == 0 {
		return nil, nil
	}
	p := placer{l: l}
	placed = make(map[*thread][]match)
	for _, r := range l.loose.events {
		t, by, certain := p.place(r)
		if t == nil {
			unplaced = append(unplaced, r)
			continue
		}
		placed[t] = append(placed[t], newMatch(r, by, certain))
	}
	return placed, unplaced
}

// thread makes the messages of one Message-ID: one, unless several senders
// used it.
func (a *assembler) thread(out []Message, t *thread, placed []match) []Message {
	if len(t.sents) == 0 && a.l.submitted > 0 {
		for _, r := range t.events {
			a.orphan(r, whyUnknown)
		}
		for _, m := range placed {
			a.orphan(m.record, whyUnknown)
		}
		return out
	}
	senders := t.senders(placed, a.senders[:0])
	for _, sender := range senders {
		a.matches = a.matches[:0]
		for _, r := range t.events {
			if sentBy(r, sender) {
				a.matches = append(a.matches, newMatch(r, ByMessageID, true))
			}
		}
		for _, m := range placed {
			if sentBy(m.record, sender) {
				a.matches = append(a.matches, m)
			}
		}
		if len(t.sents) == 0 {
			out = a.message(out, t.id, sender, nil)
			continue
		}
		out = a.message(out, t.id, sender, t.sentBy(sender))
	}
	a.strangers(t, placed, senders)
	return out
}

// senders returns who sent the messages of a thread: those who submitted one,
// else those that the receipts name, in a fixed order.
func (t *thread) senders(placed []match, buf []string) []string {
	if len(t.sents) == 1 {
		return append(buf, t.sents[0].Sender)
	}
	set := addressSet{list: buf}
	for i := range t.sents {
		set.add(t.sents[i].Sender)
	}
	if len(t.sents) == 0 {
		for _, r := range t.events {
			set.add(r.Sender)
		}
		for _, m := range placed {
			set.add(m.Sender)
		}
		if i := set.find(""); i >= 0 && len(set.list) > 1 {
			set.list = slices.Delete(set.list, i, i+1) // receipts without sender go with the others
		}
	}
	for i := range set.list {
		set.list[i] = foldAddress(set.list[i])
	}
	slices.Sort(set.list)
	return set.list
}

// sentBy reports whether an event is about a message of sender. An event that
// names no sender may be; the assembler doubts it.
func sentBy(r *record, sender string) bool {
	return r.Sender == "" || sender == "" || SameAddress(r.Sender, sender)
}

// strangers makes orphans of the events of a submitted message's thread that
// name another sender: anybody who got the message knows its Message-ID, can
// use it for a message of his own and gets genuine receipts for that.
func (a *assembler) strangers(t *thread, placed []match, senders []string) {
	if len(t.sents) == 0 {
		return
	}
	strange := func(r *record) bool {
		return !slices.ContainsFunc(senders, func(s string) bool { return sentBy(r, s) })
	}
	for _, r := range t.events {
		if strange(r) {
			a.orphan(r, whySender)
		}
	}
	for _, m := range placed {
		if strange(m.record) {
			a.orphan(m.record, whySender)
		}
	}
}

// unplaced makes messages of events that carry an identifier only, or orphans.
func (a *assembler) unplaced(out []Message, list []*record) []Message {
	groups := make(map[placeKey][]*record)
	var keys []placeKey
	for _, r := range list {
		switch {
		case r.Identifier == "":
			a.orphan(r, whyNoKey)
		case a.l.submitted > 0:
			a.orphan(r, whyUnknown)
		default:
			key := placeKey{r.Identifier, foldAddress(r.Sender)}
			if groups[key] == nil {
				keys = append(keys, key)
			}
			groups[key] = append(groups[key], r)
		}
	}
	for _, key := range keys {
		a.matches = a.matches[:0]
		for _, r := range groups[key] {
			a.matches = append(a.matches, newMatch(r, ByOwnID, true))
		}
		out = a.message(out, "", key.sender, nil)
	}
	return out
}

// proof returns the first valid event of a thread with an identifier.
func (t *thread) proof(identifier string) *record {
	var first *record
	for _, r := range t.events {
		if r.Identifier == identifier && r.verdict == Valid && (first == nil || compareRecords(r, first) < 0) {
			first = r
		}
	}
	return first
}

// sortMessages puts messages in order, which they mostly are already.
func sortMessages(list []Message) {
	sorted := true
	for i := 1; i < len(list) && sorted; i++ {
		sorted = compareMessages(&list[i-1], &list[i]) <= 0
	}
	if sorted {
		return
	}
	order := make([]*Message, len(list))
	for i := range list {
		order[i] = &list[i]
	}
	slices.SortFunc(order, compareMessages)
	out := make([]Message, len(list))
	for i, m := range order {
		out[i] = *m
	}
	copy(list, out)
}

// compareMessages orders messages by their time, then by their names.
func compareMessages(a, b *Message) int {
	if c := a.at().Compare(b.at()); c != 0 {
		return c
	}
	if c := strings.Compare(a.MessageID, b.MessageID); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(a.Identifier, b.Identifier), strings.Compare(a.Sender, b.Sender))
}

// at returns the earliest time known of a message.
func (m *Message) at() time.Time {
	switch {
	case !m.Submitted.IsZero():
		return m.Submitted
	case !m.Accepted.IsZero():
		return m.Accepted
	}
	var first time.Time
	for i := range m.Recipients {
		if t := m.Recipients[i].Time; first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}

func (a *assembler) orphan(r *record, why string) {
	o := Orphan{
		File: r.name, Kind: r.proofKind, SHA256: r.sha256, Verdict: r.verdict, Event: r.Kind,
		MessageID: r.MessageID, Identifier: r.Identifier, Sender: r.Sender, Subject: r.Subject,
		Time: r.Time, Issuer: r.Issuer, Recipients: []string{}, Why: why,
	}
	if r.Recipient != "" {
		o.Recipients = append(o.Recipients, r.Recipient)
	} else {
		for _, listed := range r.Recipients {
			o.Recipients = append(o.Recipients, listed.Address)
		}
	}
	a.orphans = append(a.orphans, o)
}

// mergeOrphans sorts orphans and makes one of those that are one receipt about
// several recipients.
func mergeOrphans(list []Orphan) []Orphan {
	slices.SortFunc(list, func(a, b Orphan) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return cmp.Or(slices.Compare(a.SHA256[:], b.SHA256[:]), strings.Compare(string(a.Event), string(b.Event)),
			strings.Compare(a.MessageID, b.MessageID), strings.Compare(a.Identifier, b.Identifier),
			strings.Compare(a.Sender, b.Sender), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Issuer, b.Issuer),
			strings.Compare(a.File, b.File), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Why, b.Why),
			cmp.Compare(a.Verdict, b.Verdict), slices.Compare(a.Recipients, b.Recipients))
	})
	var out []Orphan
	for _, o := range list {
		if n := len(out); n > 0 && out[n-1].sameReceipt(&o) {
			out[n-1].Recipients = append(out[n-1].Recipients, o.Recipients...)
			continue
		}
		out = append(out, o)
	}
	return out
}

func (o *Orphan) sameReceipt(p *Orphan) bool {
	return o.SHA256 == p.SHA256 && o.Event == p.Event && o.Time.Equal(p.Time) && o.File == p.File && o.Why == p.Why &&
		o.MessageID == p.MessageID && o.Identifier == p.Identifier && o.Sender == p.Sender && o.Verdict == p.Verdict
}
