package remtest

import (
	"slices"
	"time"
)

// LogRetention is how long providers keep their log: never less than two
// years (EN 319 521 REQ-ERDSP-7.10-04); in months.
const LogRetention = 24

// LogEntry is one line of a provider's log. It holds no content.
type LogEntry struct {
	// Identifier is the MessageIdentifier of the transaction.
	Identifier string
	Time       time.Time
	Sender     string
	Recipients []string
	Subject    string
	// Event is what was done: "submission", "reception", "consignment", "relay",
	// "relay-check", or the event of an evidence that was issued.
	Event string
	// Related is the identifier of the evidence or message that was generated.
	Related string
	// Detail says more, such as an error.
	Detail string
	// KeepUntil is the end of the retention.
	KeepUntil time.Time
}

// Log returns the log of the provider of a domain, oldest entry first.
func (n *Network) Log(domain string) []LogEntry {
	n.mu.Lock()
	defer n.mu.Unlock()
	of := n.byDomain[fold(domain)]
	if of == nil {
		return nil
	}
	all := slices.Clone(of.log)
	for i := range all {
		all[i].Recipients = slices.Clone(all[i].Recipients)
	}
	return all
}

// record writes the log about a transaction.
func (of *node) record(t *transaction, event, related, detail string, numbers []int) {
	at := of.net.Now()
	e := LogEntry{
		Identifier: t.identifier, Time: at, Sender: t.sender.Address, Recipients: t.addresses(numbers), Subject: t.subject,
		Event: event, Related: related, Detail: detail, KeepUntil: at.AddDate(0, LogRetention, 0),
	}
	of.log = append(of.log, e)
}
