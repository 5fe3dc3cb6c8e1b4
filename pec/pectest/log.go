package pectest

import (
	"slices"
	"time"
)

// LogRetention is how long providers keep their log unmodified: 30 months
// (RFC 6109 §2.3; decree of 2 November 2005, annex 6.2).
const LogRetention = 30 // months

// LogEntry is one line of a provider's log (RFC 6109 §2.3). It holds no
// content.
type LogEntry struct {
	// Identifier is the PEC identifier (msgid of the rules' log).
	Identifier string
	Time       time.Time
	Sender     string
	Recipients []string
	Subject    string
	// Event is what was done: "submission", "acceptance", "reception",
	// "delivery", or the issuing of a receipt, notice or envelope.
	Event string
	// Related are the Message-IDs of the messages that were generated.
	Related []string
	// Provider is the sender's, by name.
	Provider string
	// Detail says more, such as an error.
	Detail string
	// KeepUntil is the end of the retention.
	KeepUntil time.Time
}

// Infected is a message with a virus, which the provider that found it keeps
// for 30 months and passes on to nobody (RFC 6109 §2.2.4).
type Infected struct {
	Identifier, Virus string
	Time, KeepUntil   time.Time
	Data              []byte
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
		all[i].Recipients, all[i].Related = slices.Clone(all[i].Recipients), slices.Clone(all[i].Related)
	}
	return all
}

// Infected returns the infected messages that the provider of a domain keeps.
func (n *Network) Infected(domain string) []Infected {
	n.mu.Lock()
	defer n.mu.Unlock()
	of := n.byDomain[fold(domain)]
	if of == nil {
		return nil
	}
	return slices.Clone(of.infected)
}

func (of *node) record(e LogEntry) {
	e.Time = LegalTime(of.net.now())
	if sender := of.net.managing(e.Sender); e.Provider == "" && sender != nil {
		e.Provider = sender.Identity.Name
	}
	e.KeepUntil = e.Time.AddDate(0, LogRetention, 0)
	of.log = append(of.log, e)
}

func (of *node) keepInfected(identifier, virus string, data []byte) {
	at := LegalTime(of.net.now())
	of.infected = append(of.infected, Infected{identifier, virus, at, at.AddDate(0, LogRetention, 0), data})
}
