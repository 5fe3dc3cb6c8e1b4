// Package presets knows where the Italian providers of certified mail (gestori
// PEC) keep their servers, and a few of their habits.
//
// A preset is a starting point. Hosts change, no list is official, and each
// entry carries its source mark and date: whoever configures a mailbox must be
// able to override every field. A mailbox is looked up by its provider, or by
// the exact domain of its address; nothing is guessed. The domain of a mailbox
// is not a mail host, and customers' own domains tell nothing about their
// provider.
//
// None of the providers files what is submitted over SMTP: a client that wants
// a copy in the folder of sent mail appends it by IMAP.
package presets

import (
	"slices"
	"strconv"
	"strings"
)

// Mark says how well a server is known.
type Mark string

// The marks.
const (
	// Official: the provider's own guide, or a reference document.
	Official Mark = "P"
	// Several: two or more independent public sources, such as the settings of
	// mail clients.
	Several Mark = "S"
	// Single: one such source.
	Single Mark = "s"
)

// Server is where one protocol is spoken, with TLS from the first byte. The
// zero value says that none is known.
type Server struct {
	Host string
	Port int
	Mark Mark
	// Others are hosts that a single source names instead.
	Others []string
}

// Known tells whether there is one.
func (s Server) Known() bool { return s.Host != "" }

// String returns host:port, or "unknown".
func (s Server) String() string {
	if !s.Known() {
		return "unknown"
	}
	host := s.Host
	if strings.Contains(host, ":") { // an IPv6 address, put there by somebody
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(s.Port)
}

// UserName is what a provider takes to log in.
type UserName string

// The habits.
const (
	// UserAddress: the whole address of the mailbox.
	UserAddress UserName = "address"
	// UserCode: a code of the account, which is not the address; ask for it.
	UserCode UserName = "code"
	// UserAccount: a name of the account, not always the address.
	UserAccount UserName = "account"
	// UserUnknown: no source says.
	UserUnknown UserName = "unknown"
)

// Limits are what a mailbox takes unless its contract says otherwise. Zero
// means that no source says, and what every provider must take holds: 30 MB of
// size × recipients, 50 recipients (decree of 2 November 2005, art. 12).
type Limits struct {
	// MaxLoad bounds size × recipients, MaxSize one message, both in bytes; a
	// megabyte that a source does not define is a million bytes.
	MaxLoad, MaxSize int64
	MaxRecipients    int
}

// Preset is what is known of one provider.
type Preset struct {
	// ID is short and stable, Name is for people.
	ID, Name string
	// Domains are those of its mailboxes: examples, not all of them.
	Domains []string
	// OwnDomains says that it also keeps mailboxes on domains of its
	// customers, or below its own.
	OwnDomains       bool
	IMAP, POP3, SMTP Server
	User             UserName
	Limits           Limits
	// TwoStep says what two-step verification asks of a mail program; empty
	// when no source says.
	TwoStep string
	// Notes are other habits worth knowing.
	Notes []string
	// Old says that the source is, and so may be the servers.
	Old bool
	// Date is when the entry was compiled: "2026-11".
	Date string
}

// All returns every preset, in the order of their IDs. What is returned is
// the caller's own.
func All() []Preset {
	all := table()
	slices.SortFunc(all, func(a, b Preset) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// ByName finds a provider by ID or name, in any case.
func ByName(name string) (Preset, bool) {
	name = strings.TrimSpace(name)
	return find(func(p Preset) bool { return strings.EqualFold(p.ID, name) || strings.EqualFold(p.Name, name) })
}

// ByDomain finds the provider of exactly this mailbox domain, in any case. A
// domain below a known one, or a customer's own, is unknown.
func ByDomain(domain string) (Preset, bool) {
	return find(func(p Preset) bool {
		return slices.ContainsFunc(p.Domains, func(d string) bool { return strings.EqualFold(d, domain) })
	})
}

// ByAddress finds the provider by the domain of an address.
func ByAddress(address string) (Preset, bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return Preset{}, false
	}
	return ByDomain(address[at+1:])
}

func find(is func(Preset) bool) (Preset, bool) {
	all := table()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return Preset{}, false
}
