package receipt

import (
	"slices"
	"time"
)

// An assembler makes messages out of matched events, one after the other. Its
// buffers are used again for the next one.
type assembler struct {
	l       *Ledger
	now     time.Time
	matches []match
	orphans []Orphan
	senders [4]string // room for those of a thread

	statuses slab[RecipientStatus]
	proofs   slab[ProofStatus]

	msg      Message
	sent     *Sent
	copies   copies // what sent is made of
	several  bool   // they say different things
	set      addressSet
	types    []typed
	ids      []string // distinct identifiers of the best events
	about    []int32  // per match: number of its recipient, everybody or nobody
	wide     []int32  // matches about everybody
	starts   []int32  // per recipient: where its own matches begin in own
	own      []int32
	implied  [proven + 1]*match
	accepted [proven + 1]*match
}

type typed struct {
	value string
	tier  tier
}

// A typedList is a list of recipients that was learned from.
type typedList struct {
	first *Recipient
	tier  tier
}

const (
	everybody int32 = -1
	nobody    int32 = -2
)

// Why an event becomes an orphan.
const (
	whyUnknown   = "no submitted message has its Message-ID or identifier"
	whySender    = "its certified sender is not the sender of the message with that Message-ID"
	whyRecipient = "its recipient is not among those of the message with that Message-ID"
	whyNobody    = "it does not say which recipient it is about"
	whyNoKey     = "it carries neither a Message-ID nor an identifier"
)

// message appends the message that a.matches belong to; sents is empty when it is
// known from its receipts only, and then there is none if all of them turn out
// to be orphans.
func (a *assembler) message(out []Message, id, sender string, sents copies) []Message {
	sortMatches(a.matches)
	a.msg = Message{MessageID: id, Sender: sender}
	a.sent, a.copies, a.several = nil, sents, false
	if len(sents) > 0 {
		a.submission()
	}
	a.doubt()
	a.people()
	a.assign()
	if a.sent == nil && len(a.matches) == 0 {
		return out
	}
	a.identify()
	a.compareContents()
	a.milestones()
	a.msg.Recipients = a.statuses.take(len(a.set.list))
	proofs := a.proofs.take(int(a.starts[len(a.set.list)]) + len(a.wide)*len(a.set.list))[:0]
	unproven := false
	for i := range a.msg.Recipients {
		var open bool
		proofs, open = a.recipient(i, proofs)
		unproven = unproven || open
	}
	a.contradict()
	a.settle(unproven)
	return append(out, a.msg)
}

// submission takes what is known from our own submission.
func (a *assembler) submission() {
	a.sent = a.copies.merged()
	a.msg.Subject, a.msg.Submitted = a.sent.Subject, a.sent.Time
	if a.sent.Sender != "" {
		a.msg.Sender = a.sent.Sender
	}
	if len(a.copies) > 1 {
		var why string
		if a.several, why = a.copies.twice(); why != "" {
			a.found(FindingSubmittedTwice, why)
		}
	}
}

// compareContents compares the originals inside the proofs with the sent
// copies. A proof that is not proven to be of this message, and carries another
// content than the one we sent, loses all weight beside proven ones.
func (a *assembler) compareContents() {
	if a.copies.differing() == nil {
		return
	}
	best := a.best()
	for i := range a.matches {
		m := &a.matches[i]
		if m.content == nil || m.content.body.IsZero() {
			continue
		}
		m.said = a.copies.compare(m.content.body)
		if m.said == ContentDiffers && m.tier == claimed && best == proven {
			m.tier, m.note = worthless, "its content is not that of the sent copy"
		}
	}
}

func (a *assembler) found(code, detail string) {
	a.msg.Findings = append(a.msg.Findings, Finding{Code: code, Detail: detail})
}

// doubt finds valid proofs that are not surely about this message.
func (a *assembler) doubt() {
	var earliest time.Time
	if a.sent != nil && !a.sent.Time.IsZero() {
		earliest = a.sent.Time.Add(-a.l.opt.ClockSkew)
	}
	for i := range a.matches {
		m := &a.matches[i]
		if m.Sender == "" {
			m.doubt("it does not name the sender of the message")
			a.found(FindingNoSender, string(m.Kind)+" "+m.name)
		}
		if !earliest.IsZero() && !m.Time.IsZero() && m.Time.Before(earliest) {
			m.doubt("it is older than the submission")
			a.found(FindingEarly, string(m.Kind)+" of "+m.Time.Format(time.RFC3339)+", submitted "+a.sent.Time.Format(time.RFC3339))
		}
	}
}

// best returns the highest tier among the events.
func (a *assembler) best() tier {
	best := worthless
	for i := range a.matches {
		best = max(best, a.matches[i].tier)
	}
	return best
}

// identify gives the message the identifier of its best events, and takes all
// weight from weaker ones that carry another.
func (a *assembler) identify() {
	a.ids = a.ids[:0]
	best, named := a.best(), false
	for i := range a.matches {
		m := &a.matches[i]
		if m.tier != best {
			continue
		}
		if m.Identifier != "" && !slices.Contains(a.ids, m.Identifier) {
			a.ids = append(a.ids, m.Identifier)
		}
		if a.msg.Subject == "" {
			a.msg.Subject = m.Subject
		}
		if a.sent == nil && !named && m.Sender != "" {
			a.msg.Sender, named = m.Sender, true // as written
		}
	}
	if len(a.ids) == 0 {
		return
	}
	a.msg.Identifier = a.ids[0]
	if best != proven {
		return
	}
	for i := range a.matches {
		m := &a.matches[i]
		if m.tier == claimed && m.Identifier != "" && !slices.Contains(a.ids, m.Identifier) {
			m.tier, m.note = worthless, "its identifier is not that of the proven receipts"
		}
	}
}
