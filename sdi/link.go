package sdi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/receipt"
)

// Link puts invoices, what PEC did with them and what SDI said about them
// together. It is a function of the facts as a set: their order does not matter,
// and a fact that comes twice counts once.
//
// A notification is linked by NomeFile, by PecMessageId (which is tried as the
// PEC identifier and as the Message-ID) and by its hash; what all that match
// agree on is the invoice. Where they do not agree, or more than one invoice is
// meant, the notification is shown with each and counts for none. Those that
// name no file (EC, SE) are linked by the number that SDI gave it.
//
// Only verified notifications of SDI count; a test never does, nor one whose own
// signature does not hold. Their contradictions, with the invoice and among each
// other, are conflicts: nothing is decided by majority or by the latest word.
func Link(f Facts) *Links {
	l := newLinker(f)
	var later []Notice
	for _, n := range unique(f.Notices, compareNotices) {
		if !l.place(n) {
			later = append(later, n)
		}
	}
	out := &Links{}
	// By now notifications that name a file have told its number.
	byID := l.numbers()
	for _, n := range later {
		hits := byID[n.ID]
		if n.ID == "" || len(hits) == 0 || n.FileName != "" {
			out.Orphans = append(out.Orphans, n)
			continue
		}
		for _, at := range hits {
			linked := Linked{Notice: n, Keys: []Key{BySDIIdentifier}, Hash: HashAbsent}
			if len(hits) > 1 {
				linked.Conflicts = []Conflict{{"ambiguous", fmt.Sprintf("%d invoices are known under the number %s", len(hits), n.ID)}}
			}
			l.attach(at, linked)
		}
	}
	for i := range l.lives {
		life := &l.lives[i]
		life.settle()
		life.judgeCarriage()
		slices.SortFunc(life.Conflicts, func(a, b Conflict) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Detail, b.Detail)) })
		life.Conflicts = slices.Compact(life.Conflicts)
	}
	out.Lives, out.Unused = l.lives, l.unused
	return out
}

type linker struct {
	lives  []Life
	unused []Carriage
	// Indexes into lives.
	name, folded, archived, identifier, messageID, hash, payload map[string][]int
}

func newLinker(f Facts) *linker {
	l := &linker{name: map[string][]int{}, folded: map[string][]int{}, archived: map[string][]int{},
		identifier: map[string][]int{}, messageID: map[string][]int{}, hash: map[string][]int{}, payload: map[string][]int{}}
	sent := slices.Clone(f.Sent)
	for i := range sent {
		sent[i].MessageID = daticert.TrimMessageID(sent[i].MessageID)
	}
	carriage := slices.Clone(f.Carriage)
	for i := range carriage {
		carriage[i].MessageID = daticert.TrimMessageID(carriage[i].MessageID)
	}
	carriage = unique(carriage, compareCarriage)
	used := make([]bool, len(carriage))
	for _, s := range merge(unique(sent, compareSent)) {
		mine := []Carriage{}
		for i, c := range carriage {
			if s.MessageID != "" && s.MessageID == c.MessageID || s.Identifier != "" && s.Identifier == c.Identifier {
				mine, used[i] = append(mine, c), true
				s.MessageID, s.Identifier = cmp.Or(s.MessageID, c.MessageID), cmp.Or(s.Identifier, c.Identifier)
			}
		}
		l.add(Life{FileName: s.FileName, Sent: s, Carriage: mine})
		for _, name := range s.Names {
			if n, err := ParseName(name); err == nil && n.Type == "" {
				l.add(Life{FileName: name, Archive: s.FileName, Sent: s, Carriage: mine})
			}
		}
	}
	for i, c := range carriage {
		if !used[i] {
			l.unused = append(l.unused, c)
		}
	}
	return l
}

func (l *linker) add(life Life) {
	at := len(l.lives)
	l.lives = append(l.lives, life)
	put := func(index map[string][]int, key string) {
		if key != "" {
			index[key] = append(index[key], at)
		}
	}
	s := life.Sent
	put(l.identifier, s.Identifier)
	put(l.messageID, s.MessageID)
	if life.Archive != "" {
		put(l.archived, life.FileName)
		return
	}
	put(l.name, life.FileName)
	put(l.folded, strings.ToLower(life.FileName))
	put(l.hash, strings.ToLower(s.SHA256))
	if !strings.EqualFold(s.PayloadSHA256, s.SHA256) {
		put(l.payload, strings.ToLower(s.PayloadSHA256))
	}
}

// place links a notification by what it names; false when nothing is known of
// that.
func (l *linker) place(n Notice) bool {
	keys := map[int][]Key{}
	mark := func(hits []int, key Key) []int {
		for _, at := range hits {
			keys[at] = append(keys[at], key)
		}
		return hits
	}
	byName := mark(l.name[n.FileName], ByFileName)
	if folded := l.folded[strings.ToLower(n.FileName)]; len(byName) == 0 && len(folded) == 1 {
		byName = mark(folded, ByFileName)
	}
	for _, at := range l.archived[n.FileName] {
		if n.Archive.FileName == "" || n.Archive.FileName == l.lives[at].Archive {
			byName = append(slices.Clip(byName), mark([]int{at}, ByArchive)...)
		}
	}
	id := daticert.TrimMessageID(n.PECMessageID)
	byPEC := append(slices.Clip(mark(l.identifier[id], ByIdentifier)), mark(l.messageID[id], ByPECMessageID)...)
	var byHash []int
	for _, text := range []string{n.Hash, n.OriginalHash} {
		if sum := hexHash(text); sum != "" {
			byHash = append(byHash, mark(l.hash[sum], ByHash)...)
			byHash = append(byHash, mark(l.payload[sum], ByPayloadHash)...)
		}
	}
	if len(keys) == 0 {
		return false
	}
	chosen := slices.Sorted(maps.Keys(keys))
	for _, group := range [][]int{byName, byPEC, byHash} {
		if len(group) > 0 {
			chosen = slices.DeleteFunc(chosen, func(at int) bool { return !slices.Contains(group, at) })
		}
	}
	trouble := Conflict{}
	switch {
	case len(chosen) == 0:
		chosen = slices.Sorted(maps.Keys(keys))
		trouble = Conflict{"keys-disagree", "file name, PecMessageId and hash of a notification " + string(n.Type) + " name different invoices"}
	case len(chosen) > 1:
		trouble = Conflict{"ambiguous", fmt.Sprintf("a notification %s may speak of %d invoices", n.Type, len(chosen))}
	}
	for _, at := range chosen {
		linked := Linked{Notice: n, Keys: slices.Compact(keys[at]), Hash: HashAbsent}
		if trouble != (Conflict{}) {
			linked.Conflicts = append(linked.Conflicts, trouble)
		}
		l.compare(at, &linked, id)
		l.attach(at, linked)
	}
	return true
}

// compare looks for what the notification says differently.
func (l *linker) compare(at int, n *Linked, pecID string) {
	life := &l.lives[at]
	differs := func(code, format string, args ...any) {
		n.Conflicts = append(n.Conflicts, Conflict{code, fmt.Sprintf(format, args...)})
	}
	if n.FileName != "" && !strings.EqualFold(n.FileName, life.FileName) {
		differs("file-name-differs", "a notification %s speaks of %q, the invoice is %q", n.Type, shorten(n.FileName), shorten(life.FileName))
	}
	if s := life.Sent; pecID != "" && s.Identifier != "" && s.MessageID != "" && pecID != s.Identifier && pecID != s.MessageID {
		differs("pec-message-id-differs", "a notification %s names the PEC message %q, the invoice went with %q", n.Type, shorten(pecID), s.Identifier)
	}
	if life.Archive == "" { // the digest of a member is not known
		if n.Hash = n.Match(life.Sent.SHA256, life.Sent.PayloadSHA256); n.Hash == HashDiffers {
			differs("hash-differs", "the hash in a notification %s is not the file's", n.Type)
		}
	}
}

func (l *linker) attach(at int, n Linked) {
	switch {
	case !n.Verified:
		n.Why = "not verified as coming from SDI"
	case n.Simulation:
		n.Why = "a test (SIMULAZIONE)"
	case n.Broken:
		n.Why = "its own signature does not hold, or its signer is refused"
	case len(n.Conflicts) > 0:
		n.Why = "it contradicts what was sent"
	case n.Type == MT || n.Type == EC || n.Type == SE:
		n.Why = "it says nothing about the delivery"
	default:
		n.Counts = true
	}
	l.lives[at].Notices = append(l.lives[at].Notices, n)
}

// numbers returns the invoices by the number that SDI gave them.
func (l *linker) numbers() map[string][]int {
	out := map[string][]int{}
	for at := range l.lives {
		known := map[string]bool{}
		if l.lives[at].Archive == "" && l.lives[at].Sent.ID != "" {
			known[l.lives[at].Sent.ID] = true
		}
		for i := range l.lives[at].Notices {
			if n := &l.lives[at].Notices[i]; n.Counts && n.ID != "" {
				known[n.ID] = true
			}
		}
		for id := range known {
			out[id] = append(out[id], at)
		}
	}
	return out
}

// judgeCarriage holds the two levels against each other.
func (l *Life) judgeCarriage() {
	heard := slices.ContainsFunc(l.Notices, func(n Linked) bool { return n.Counts })
	lost := len(l.Carriage) > 0
	for _, c := range l.Carriage {
		lost = lost && (c.Status == receipt.StatusFailed || c.Status == receipt.StatusRejected)
	}
	if heard && lost {
		l.conflict("outcome-without-delivery", "SDI answered to a message that certified mail did not deliver")
		l.State = StateConflict
	}
}

// unique sorts and drops what is there twice.
func unique[T any](list []T, compare func(a, b T) int) []T {
	list = slices.Clone(list)
	slices.SortFunc(list, compare)
	return slices.CompactFunc(list, func(a, b T) bool { return reflect.DeepEqual(a, b) })
}

// merge joins what is said of one file in one message, part here and part
// there. The list is sorted.
func merge(list []Sent) []Sent {
	out := list[:0:0]
	for _, s := range list {
		if n := len(out) - 1; n >= 0 && s.MessageID != "" && s.MessageID == out[n].MessageID && s.FileName == out[n].FileName &&
			agree(s.SHA256, out[n].SHA256) && agree(s.PayloadSHA256, out[n].PayloadSHA256) && agree(s.Identifier, out[n].Identifier) && agree(s.ID, out[n].ID) {
			last := &out[n]
			last.SHA256, last.PayloadSHA256 = cmp.Or(last.SHA256, s.SHA256), cmp.Or(last.PayloadSHA256, s.PayloadSHA256)
			last.Identifier, last.ID, last.Source = cmp.Or(last.Identifier, s.Identifier), cmp.Or(last.ID, s.ID), cmp.Or(last.Source, s.Source)
			if len(last.Names) == 0 {
				last.Names = s.Names
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// agree tells that two values are the same as far as they are known.
func agree(a, b string) bool { return a == "" || b == "" || strings.EqualFold(a, b) }

func compareSent(a, b Sent) int {
	return cmp.Or(cmp.Compare(a.FileName, b.FileName), cmp.Compare(a.MessageID, b.MessageID), cmp.Compare(fmt.Sprintf("%q", a), fmt.Sprintf("%q", b)))
}

func compareNotices(a, b Notice) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Type, b.Type), cmp.Compare(noticeText(a), noticeText(b)))
}

// noticeText writes a notification in full, what it points to included.
func noticeText(n Notice) string {
	text, err := json.Marshal(n)
	if err != nil { // a time beyond the year 9999
		n.Time = time.Time{}
		text, _ = json.Marshal(n)
	}
	return string(text)
}

func compareCarriage(a, b Carriage) int {
	return cmp.Or(cmp.Compare(a.MessageID, b.MessageID), cmp.Compare(a.Identifier, b.Identifier), cmp.Compare(a.Recipient, b.Recipient),
		cmp.Compare(a.Status, b.Status), a.Accepted.Compare(b.Accepted))
}

func listOf(set map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), ", ")
}
