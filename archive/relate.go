package archive

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/certmail/certmail/trust"
)

// Key is what the messages of one transaction have in common: the id that the
// sender's program gave the message (msgid, riferimento), else the provider's
// identifier, else nothing but the bytes.
func (it *Item) Key() string {
	switch {
	case it.RefMessageID != "":
		return "msgid:" + it.RefMessageID
	case it.Role == RoleMessage && it.MessageID != "":
		return "msgid:" + it.MessageID
	case it.Identifier != "":
		return "id:" + it.Identifier
	case it.MessageID != "":
		return "msgid:" + it.MessageID
	}
	return "sha256:" + it.SHA256
}

// transactionID derives an ID from the items when there is none.
func transactionID(t *Transaction) string {
	if t.ID != "" {
		return t.ID
	}
	keys := make([]string, 0, len(t.Items))
	for _, it := range t.Items {
		keys = append(keys, it.Key())
	}
	slices.Sort(keys)
	h := sha256.New()
	for _, k := range slices.Compact(keys) {
		fmt.Fprintf(h, "%d:%s", len(k), k)
	}
	return "urn:sha256:" + hex.EncodeToString(h.Sum(nil))
}

// Collate sorts items into transactions: by the sender's id of the message,
// and by the provider's identifier where a message lacks the former. The
// transactions are in the order of their first items.
func Collate(items []*Item) []*Transaction {
	byIdentifier := map[string]string{}
	for _, it := range items {
		if k := it.Key(); it.Identifier != "" && strings.HasPrefix(k, "msgid:") {
			if have, ok := byIdentifier[it.Identifier]; !ok || k < have {
				byIdentifier[it.Identifier] = k
			}
		}
	}
	var all []*Transaction
	index := map[string]*Transaction{}
	for _, it := range items {
		key := it.Key()
		if k, ok := byIdentifier[it.Identifier]; ok && it.Identifier != "" {
			key = k
		}
		t := index[key]
		if t == nil {
			t = new(Transaction)
			index[key] = t
			all = append(all, t)
		}
		t.Items = append(t.Items, it)
	}
	return all
}

var relationOf = map[Role]string{
	RoleAcceptance: "receipt-of", RoleRefusal: "receipt-of", RoleTakeCharge: "receipt-of", RoleNotice: "receipt-of",
	RoleDelivery: "delivery-of", RoleFailure: "failure-of", RoleEnvelope: "envelope-of",
}

// Relate drops second copies of the same bytes, puts the items in the order of
// their names, sets their relations, and returns the contradictions: one
// identifier with different bytes.
func (t *Transaction) Relate() []trust.Finding {
	var findings []trust.Finding
	slices.SortStableFunc(t.Items, func(a, b *Item) int { return cmp.Compare(a.Name, b.Name) })
	t.Items = slices.CompactFunc(t.Items, func(a, b *Item) bool { return a.SHA256 == b.SHA256 && a.SHA512 == b.SHA512 && a.Size == b.Size })
	seen := map[string]*Item{}
	for _, it := range t.Items {
		it.Relations = t.relations(it)
		if it.Identifier == "" {
			continue
		}
		key := strings.Join([]string{it.System, it.Kind, it.Event, it.Identifier, strings.ToLower(it.Recipient)}, "\x00")
		if it.System == "rem" {
			key += "\x00" + it.MessageID // one MessageIdentifier has many receipts of a kind
		}
		if other, ok := seen[key]; ok {
			findings = append(findings, trust.Finding{Code: "identifier-conflict", Detail: other.Name + " and " + it.Name + " have the same identifier and different bytes"})
			continue
		}
		seen[key] = it
	}
	return findings
}

// relations finds the message that an item speaks of.
func (t *Transaction) relations(it *Item) []Relation {
	kind, ok := relationOf[it.Role]
	if !ok {
		return nil
	}
	r := Relation{Type: kind, MessageID: it.RefMessageID, Identifier: it.Identifier}
	var list []Relation
	for _, other := range t.Items {
		if other == it || other.SHA256 == it.SHA256 {
			continue
		}
		switch {
		case other.Role == RoleMessage && other.MessageID != "" && other.MessageID == it.RefMessageID:
			r.To = other.Name
			list = append([]Relation{r}, list...)
		case other.Role == RoleEnvelope && it.Role != RoleEnvelope && it.Identifier != "" && other.Identifier == it.Identifier:
			r.To = other.Name
			list = append(list, r)
		}
	}
	if list == nil && (r.MessageID != "" || r.Identifier != "") {
		r.To = ""
		list = []Relation{r}
	}
	return list
}
