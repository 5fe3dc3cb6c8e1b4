package remtest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/certmail/certmail/internal/testpki"
)

// Profile is the set of rules that a provider follows.
type Profile string

// The profiles.
const (
	// Italian is REM-Policy-IT of AgID: the baseline, with evidence about
	// ordinary mail.
	Italian Profile = "rem-policy-it"
	// Baseline is the REM baseline alone (EN 319 532-4 Annex C): nothing is
	// attested about ordinary mail.
	Baseline Profile = "baseline"
)

// Style is how content comes to a recipient (EN 319 532-1 §4.2.2).
type Style string

// The styles.
const (
	StoreAndForward Style = "store-and-forward"
	StoreAndNotify  Style = "store-and-notify"
)

// ProviderConfig describes one provider (REMSP) of a network.
type ProviderConfig struct {
	// Name is its legal name (LegalName, TSPName), Domain its own mail domain,
	// the one of rem-service@domain and of its MX host. Domains are those of its
	// users.
	Name, Domain string
	Domains      []string
	// Country is that of its trusted list; IT unless set.
	Country string
	// Accounts are the addresses of its mailboxes.
	Accounts []string
	// Delegates maps accounts to those that receive for them, RD02.
	Delegates map[string]string
	// Profile is Italian unless set, Style StoreAndForward. Styles other than
	// that are no baseline (EN 319 532-4 §C.2.3.4.2).
	Profile Profile
	Style   Style
	// Handover makes it attest that recipients fetch what was consigned to
	// them (E.1, E.2).
	Handover bool
	// Via is a domain of the intermediate provider (I-REMS) that relays all
	// mail to this one.
	Via string
	// Split is how many recipients one copy of a relayed dispatch has; all that
	// are of one provider unless set.
	Split int
	// MaxSize is the largest message in bytes that it takes, from its users
	// (RA05) and from other providers (RB06); 30,000,000 unless set.
	MaxSize int64
	// MaxRecipients is how many a message may have; 500 unless set.
	MaxRecipients int
	// MaxMailbox is how many bytes a mailbox holds (RD04); 1 GiB unless set.
	MaxMailbox int64
	// RefuseOrdinary refuses ordinary mail that comes in, as a provider of the
	// baseline profile always does; else it is delivered in a dispatch with
	// ReceivedFromNonERDS.
	RefuseOrdinary bool
	// KeepInside does not let mail out to ordinary mailboxes: RF51.
	KeepInside bool
	// Filter2 signs evidence with the transform of the official examples (XPath
	// Filter 2) instead of the simpler one.
	Filter2 bool
	// Scan looks for malware: it returns the name of one, or "". It looks for
	// the EICAR test file unless set.
	Scan func(message []byte) string
}

// DefaultProviders are those of a network without others: alfa.example,
// beta.example and gamma.example, each with anna@, bruno@ and carla@.
func DefaultProviders() []ProviderConfig {
	return ProvidersFor("alfa.example", "beta.example", "gamma.example")
}

// ProvidersFor makes one provider for each domain, with the mailboxes anna@,
// bruno@ and carla@. Every other one signs as the official examples do.
func ProvidersFor(domains ...string) []ProviderConfig {
	var all []ProviderConfig
	for i, d := range domains {
		label, _, _ := strings.Cut(d, ".")
		if label != "" && label[0] < utf8.RuneSelf {
			label = strings.ToUpper(label[:1]) + label[1:]
		}
		c := ProviderConfig{Name: label + " REM S.p.A.", Domain: "rem-" + d, Domains: []string{d}, Filter2: i%2 == 1}
		for _, user := range []string{"anna", "bruno", "carla"} {
			c.Accounts = append(c.Accounts, user+"@"+d)
		}
		all = append(all, c)
	}
	return all
}

func (c *ProviderConfig) defaults() {
	set := func(v *int64, to int64) {
		if *v <= 0 {
			*v = to
		}
	}
	set(&c.MaxSize, 30_000_000)
	set(&c.MaxMailbox, 1<<30)
	if c.MaxRecipients <= 0 {
		c.MaxRecipients = 500
	}
	if c.Country == "" {
		c.Country = "IT"
	}
	if c.Profile == "" {
		c.Profile = Italian
	}
	if c.Style == "" {
		c.Style = StoreAndForward
	}
	if c.Scan == nil {
		c.Scan = EICAR
	}
}

// node is one provider at work.
type node struct {
	config  ProviderConfig
	net     *Network
	service *Mailbox
	charges map[string]*charge // by MessageIdentifier
	log     []LogEntry
	counter int
	random  io.Reader
}

// domain is the first of its users' domains, by which it is named in facts.
func (of *node) domain() string {
	if len(of.config.Domains) > 0 {
		return of.config.Domains[0]
	}
	return of.config.Domain
}

// address is its service address, of which messages come.
func (of *node) address() string { return "rem-service@" + of.config.Domain }

// mx is its mail exchanger.
func (of *node) mx() string { return "mx." + of.config.Domain }

// newID returns a fresh identifier without angle brackets. prefix says of
// what: D dispatch, E evidence, R receipt, N notification.
func (of *node) newID(prefix string) string {
	of.counter++
	var b [4]byte
	_, _ = io.ReadFull(of.random, b[:])
	return fmt.Sprintf("%s%d.%s.%X.rem-service@%s", prefix, of.counter, of.net.Now().Format("20060102T150405Z"), b, of.config.Domain)
}

// Errors of NewNetwork and of what is asked of a network.
var (
	// ErrConfig says that a network cannot be made as described.
	ErrConfig = errors.New("network configuration")
	// ErrNoMailbox says that the network has no such mailbox.
	ErrNoMailbox = errors.New("no such mailbox")
	// ErrRealDomain refuses domains that RFC 2606 does not reserve for tests.
	ErrRealDomain = errors.New("domain is not reserved for tests, want .example, .test, .invalid or .localhost")
)

func (n *Network) addProvider(c ProviderConfig) error {
	fail := func(err error, format string, args ...any) error {
		return fmt.Errorf("remtest: %w: provider %s: %s: %w", ErrConfig, c.Name, fmt.Sprintf(format, args...), err)
	}
	if c.Name == "" || c.Domain == "" {
		return fmt.Errorf("remtest: %w: a provider needs a name and a domain", ErrConfig)
	}
	for _, d := range append([]string{c.Domain}, c.Domains...) {
		if !Reserved(d) {
			return fail(ErrRealDomain, "%s", d)
		}
		if !plainDomain(d) {
			return fail(errors.New("not a domain in letters, digits and hyphens; an international one is written in its xn-- form"), "%q", d)
		}
		if n.byDomain[fold(d)] != nil {
			return fail(errors.New("already taken"), "%s", d)
		}
	}
	c.defaults()
	if c.Profile != Italian && c.Profile != Baseline {
		return fail(errors.New("want rem-policy-it or baseline"), "profile %q", c.Profile)
	}
	if c.Style != StoreAndForward && c.Style != StoreAndNotify {
		return fail(errors.New("want store-and-forward or store-and-notify"), "style %q", c.Style)
	}
	for _, other := range n.nodes {
		if other.config.Name == c.Name {
			return fail(errors.New("already taken"), "name")
		}
	}
	of := &node{config: c, net: n, charges: map[string]*charge{}, random: testpki.Reader(n.opt.Seed, "identifiers of "+c.Name)}
	n.nodes = append(n.nodes, of)
	for _, d := range append([]string{c.Domain}, c.Domains...) {
		n.byDomain[fold(d)] = of
	}
	of.service = n.addMailbox(of.address(), of)
	of.service.service = true
	for _, address := range c.Accounts {
		if n.managing(address) != of {
			return fail(errors.New("not in a domain of the provider"), "account %s", address)
		}
		n.addMailbox(address, of)
	}
	return nil
}

// plainDomain tells whether certificates and addresses can hold a domain.
func plainDomain(d string) bool {
	for label := range strings.SplitSeq(d, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return false
		}
	}
	return len(d) <= 253
}

// Reserved tells whether a domain is one that RFC 2606 and RFC 6761 reserve
// for tests and examples.
func Reserved(domain string) bool {
	domain = "." + strings.ToLower(strings.TrimSuffix(domain, "."))
	for _, suffix := range []string{".example", ".test", ".invalid", ".localhost", ".example.com", ".example.net", ".example.org"} {
		if strings.HasSuffix(domain, suffix) {
			return true
		}
	}
	return false
}

// charge is what a provider knows about a message in its hands.
type charge struct {
	t       *transaction
	journey *Journey
	// previous is the provider that it came from; nil at the sender's.
	previous *node
	dispatch []byte
	// submitted is the message as it came from its author.
	submitted []byte
	accepted  *Fact  // the SubmissionAcceptance
	document  []byte // and its evidence
	states    []state
	spoiled   bool
}

// state is what it knows about one recipient.
type state struct {
	seen    bool // the dispatch came for it
	relayed bool // a RelayAcceptance came
	closed  bool // an outcome came, or was issued
	opened  bool // fetched, or too late
	asking  bool // waits for the answer of the recipient
	heard   bool // of a notification
	notices int  // how many notifications were put into the mailbox
	// since is when the way of the content began: at submission or, where the
	// recipient was asked, at its acceptance. deadline ends the wait for news of
	// its consignment.
	since, deadline time.Time
}

func (of *node) newCharge(t *transaction, j *Journey, previous *node) *charge {
	c := &charge{t: t, journey: j, previous: previous, states: make([]state, len(t.recipients))}
	for i := range c.states {
		c.states[i].since = of.net.Now()
	}
	of.charges[t.identifier] = c
	return c
}

func (c *charge) state(number int) *state { return &c.states[number-1] }

// open are the numbers without an outcome.
func (c *charge) open(numbers []int) []int {
	var all []int
	for _, i := range numbers {
		if !c.state(i).closed {
			all = append(all, i)
		}
	}
	return all
}

// of resolves the recipients of a fact: nil stands for all. Numbers of nobody
// are left out.
func (c *charge) of(f *Fact) []int {
	var all []int
	for i := range c.states {
		if f.about(i + 1) {
			all = append(all, i+1)
		}
	}
	return all
}
