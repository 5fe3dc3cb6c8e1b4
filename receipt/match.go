package receipt

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A tier is how much an event counts for.
type tier int8

const (
	worthless tier = iota // its proof is invalid: shown, never counted
	claimed               // its proof is not verified, or it is not surely about this message
	proven                // its proof is valid and it is about this message
)

// A match is an event that was found to belong to a message.
type match struct {
	*record
	by   MatchKey
	tier tier
	said ContentMatch // how its original compares with the sent copies
	note string
}

func newMatch(r *record, by MatchKey, certain bool) match {
	m := match{record: r, by: by, tier: claimed}
	switch r.verdict {
	case Invalid:
		m.tier, m.note = worthless, "the proof is invalid"
	case Valid:
		if certain {
			m.tier = proven
		} else {
			m.note = "the key that matched is not proven"
		}
	default:
		m.note = "the proof was not verified: " + r.verdict.String()
	}
	return m
}

// doubt takes away that an event counts as proven.
func (m *match) doubt(note string) {
	if m.tier == proven {
		m.tier, m.note = claimed, note
	}
}

// A placer finds the messages of events that carry no Message-ID. It
// remembers what it found, for one snapshot.
type placer struct {
	l    *Ledger
	memo map[placeKey]place
}

type placeKey struct{ identifier, sender string }

type place struct {
	thread  *thread
	certain bool
}

// place returns where an event without Message-ID belongs: to the message that
// a receipt of the same sender taught the identifier of, else to the one that
// its header names.
func (p *placer) place(r *record) (t *thread, by MatchKey, certain bool) {
	if r.Identifier != "" {
		if found := p.byIdentifier(r); found.thread != nil {
			return found.thread, ByIdentifier, found.certain
		}
	}
	if r.Reference != "" {
		if t := p.l.threads[r.Reference]; t != nil {
			return t, ByHeader, false
		}
	}
	return nil, "", false
}

// byIdentifier looks the identifier up. A valid receipt teaches it for
// certain; where only unverified ones do, no two messages may claim it.
func (p *placer) byIdentifier(r *record) place {
	key := placeKey{r.Identifier, foldAddress(r.Sender)}
	if found, ok := p.memo[key]; ok {
		return found
	}
	var valid, other []*thread
	if o := p.l.owners[r.Identifier]; o != nil {
		for _, t := range o.threads {
			switch t.teaches(r) {
			case proven:
				valid = append(valid, t)
			case claimed:
				other = append(other, t)
			}
		}
	}
	var found place
	switch {
	case len(valid) == 1:
		found = place{valid[0], true}
	case len(valid) == 0 && len(other) == 1:
		found = place{other[0], false}
	}
	if p.memo == nil {
		p.memo = make(map[placeKey]place)
	}
	p.memo[key] = found
	return found
}

// teaches returns how well a thread knows the identifier and sender of an
// event.
func (t *thread) teaches(r *record) tier {
	best := worthless
	for _, have := range t.events {
		if have.Identifier != r.Identifier || !SameAddress(have.Sender, r.Sender) {
			continue
		}
		switch have.verdict {
		case Valid:
			return proven
		case Invalid:
		default:
			best = claimed
		}
	}
	return best
}

// sortMatches brings events into an order that does not depend on how they
// came in. No two events of a ledger are equal in all that is compared.
func sortMatches(list []match) {
	if len(list) > 1 {
		slices.SortFunc(list, func(a, b match) int { return compareRecords(a.record, b.record) })
	}
}

func compareRecords(a, b *record) int {
	if c := a.Time.Compare(b.Time); c != 0 {
		return c
	}
	if c := cmp.Compare(kindOrder(a.Kind), kindOrder(b.Kind)); c != 0 {
		return c
	}
	for _, c := range [...]int{
		strings.Compare(string(a.Kind), string(b.Kind)),
		strings.Compare(a.Recipient, b.Recipient),
		slices.Compare(a.sha256[:], b.sha256[:]),
	} {
		if c != 0 {
			return c
		}
	}
	return compareRest(a, b)
}

// compareRest decides between events of one proof that differ otherwise, which
// only a caller's mistake can make.
func compareRest(a, b *record) int {
	return cmp.Or(
		strings.Compare(a.MessageID, b.MessageID), strings.Compare(a.Identifier, b.Identifier),
		strings.Compare(a.Sender, b.Sender), strings.Compare(a.Subject, b.Subject),
		strings.Compare(a.Issuer, b.Issuer), strings.Compare(a.Reference, b.Reference),
		strings.Compare(string(a.System), string(b.System)), strings.Compare(a.asked, b.asked),
		strings.Compare(a.proofKind, b.proofKind), compareContents(a.digests(), b.digests()),
		compareReasons(a.reason, b.reason), slices.CompareFunc(a.Recipients, b.Recipients, compareRecipients),
	)
}

func compareContents(a, b contents) int {
	return cmp.Or(slices.Compare(a.whole[:], b.whole[:]), slices.Compare(a.body[:], b.body[:]))
}

func compareReasons(a, b *Reason) int {
	return cmp.Or(strings.Compare(a.Value, b.Value), strings.Compare(a.Code, b.Code),
		strings.Compare(a.Provider, b.Provider), strings.Compare(a.Text, b.Text),
		strings.Compare(string(a.Category), string(b.Category)))
}

func compareRecipients(a, b Recipient) int {
	return cmp.Or(strings.Compare(a.Address, b.Address), strings.Compare(a.Type, b.Type))
}

// kindOrder is the order in which a transaction goes, for events of one
// second.
func kindOrder(k EventKind) int {
	switch k {
	case EventAccepted:
		return 1
	case EventNotAccepted:
		return 2
	case EventTakenInCharge:
		return 3
	case EventVirusDetected:
		return 4
	case EventDelayed:
		return 5
	case EventTimedOut:
		return 6
	case EventDelivered:
		return 7
	case EventNotDelivered:
		return 8
	case EventUntrusted:
		return 9
	case EventRelayRejected:
		return 10
	case EventNotified:
		return 11
	case EventLeftNetwork:
		return 12
	case EventNotHandedOver:
		return 13
	default:
		return 14
	}
}

// An addressSet gives each address a number, whatever its case. Small sets are
// searched, large ones have an index.
type addressSet struct {
	list  []string
	index map[string]int
}

func (s *addressSet) find(address string) int {
	if s.index != nil {
		if i, ok := s.index[foldAddress(address)]; ok {
			return i
		}
		return -1
	}
	for i := range s.list {
		if SameAddress(s.list[i], address) {
			return i
		}
	}
	return -1
}

func (s *addressSet) add(address string) (i int, isNew bool) {
	if i := s.find(address); i >= 0 {
		return i, false
	}
	const small = 16
	s.list = append(s.list, address)
	switch {
	case s.index != nil:
		s.index[foldAddress(address)] = len(s.list) - 1
	case len(s.list) > small:
		s.index = make(map[string]int, 2*len(s.list))
		for j, have := range s.list {
			s.index[foldAddress(have)] = j
		}
	}
	return len(s.list) - 1, true
}

// later returns the later of two times, the zero time counting as unknown.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
