package pectest

import (
	"bytes"
	"container/heap"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// NetworkOptions describes a network. The zero value and nil make a sensible
// one: two providers with three mailboxes each and a clock that stands still.
type NetworkOptions struct {
	// Seed decides every key, certificate, identifier, boundary and password:
	// the same seed and the same calls give the same bytes.
	Seed uint64
	// Start is what the clock shows at first; a Monday morning unless set.
	Start time.Time
	// Clock makes the network live by another clock, such as time.Now. Then
	// Run does what Advance does for the simulated one.
	Clock func() time.Time
	// Hop is how long each step takes from one point to the next; a second
	// unless set.
	Hop time.Duration
	// Providers are those of the network; nil stands for DefaultProviders.
	Providers []ProviderConfig
	// Faults are what goes wrong.
	Faults []Fault
	// Sleep waits for slow servers; it must end early with the context. It is
	// a real timer unless set.
	Sleep Sleeper
}

// ProviderConfig describes one provider (gestore) of a network.
type ProviderConfig struct {
	// Name is its descriptive name, Domain its own mail domain, the one of
	// posta-certificata@domain. Domains are those of its users.
	Name, Domain string
	Domains      []string
	// Accounts are the addresses of its mailboxes.
	Accounts []string
	// MaxTotal is the largest size × recipients that it takes, in bytes: above
	// it there is a notice of non-acceptance. 30,000,000 unless set, the least
	// that the rules guarantee (decree of 2 November 2005, art. 12).
	MaxTotal int64
	// MaxSize is the size in bytes above which a message is refused in the
	// SMTP dialogue, without a notice; twice MaxTotal unless set.
	MaxSize int64
	// MaxRecipients is how many a message may have; 500 unless set.
	MaxRecipients int
	// MaxMailbox is how many bytes a mailbox holds; 1 GiB unless set.
	MaxMailbox int64
	// RefuseOrdinary refuses ordinary mail at the incoming point; else it is
	// delivered in an anomaly envelope. Both are lawful (RFC 6109 §2.2.2).
	RefuseOrdinary bool
	// Scan looks for viruses: it returns the name of one, or "". It is EICAR
	// unless set.
	Scan func(message []byte) string
	// SecondNotice is when, after acceptance, the second time-out notice is
	// sent: 22 to 24 hours (RFC 6109 §3.1.6); 24 unless set.
	SecondNotice time.Duration
	// Quirks are its habits.
	Quirks Quirks
}

// DefaultProviders are the two providers of a network without others:
// alfa.example and beta.example, each with anna@, bruno@ and carla@.
func DefaultProviders() []ProviderConfig { return ProvidersFor("alfa.example", "beta.example") }

// ProvidersFor makes one provider for each domain, with the mailboxes anna@,
// bruno@ and carla@.
func ProvidersFor(domains ...string) []ProviderConfig {
	var all []ProviderConfig
	for _, d := range domains {
		label, _, _ := strings.Cut(d, ".")
		if label != "" && label[0] < utf8.RuneSelf {
			label = strings.ToUpper(label[:1]) + label[1:]
		}
		c := ProviderConfig{Name: "Gestore " + label + " S.p.A.", Domain: "pec.gestore-" + d, Domains: []string{d}}
		for _, user := range []string{"anna", "bruno", "carla"} {
			c.Accounts = append(c.Accounts, user+"@"+d)
		}
		all = append(all, c)
	}
	return all
}

// Network is a circuit of certified-mail providers in this process. It is
// safe for concurrent use.
//
// Nothing moves by itself on the simulated clock: Settle lets all mail that is
// under way arrive, Advance lets time pass.
type Network struct {
	opt       NetworkOptions
	authority *Authority
	directory []byte
	store     *trust.Store
	verifier  *pec.Verifier
	nodes     []*node
	byDomain  map[string]*node
	start     time.Time

	mu        sync.Mutex
	clock     time.Time
	under     int // transfers that a carrier has in its hands
	queue     tasks
	order     int
	validity  uint32
	mailboxes map[string]*Mailbox
	sequence  []*Mailbox
	faults    []*fault
	held      map[*Mailbox][]func()
	journeys  []*Journey
	outcomes  []*Outcome

	byIdentifier map[string]*Outcome
	spoiled      map[[32]byte]bool // messages spoiled by faults: whether that is noticed
	changed      chan struct{}     // closed and replaced when something happens
	carry        Carrier
}

// node is one provider at work.
type node struct {
	*Provider
	config   ProviderConfig
	net      *Network
	log      []LogEntry
	infected []Infected
	watched  map[string]*watch  // by identifier
	done     map[[2]string]bool // identifier and recipient of what was delivered or refused
	service  *Mailbox
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

// NewNetwork makes a network with a certification authority of its own. opt
// may be nil.
func NewNetwork(opt *NetworkOptions) (*Network, error) {
	n := &Network{
		byDomain: map[string]*node{}, mailboxes: map[string]*Mailbox{}, held: map[*Mailbox][]func(){}, changed: make(chan struct{}),
		byIdentifier: map[string]*Outcome{}, spoiled: map[[32]byte]bool{},
	}
	if opt != nil {
		n.opt = *opt
	}
	if n.opt.Providers == nil {
		n.opt.Providers = DefaultProviders()
	}
	if n.opt.Hop <= 0 {
		n.opt.Hop = time.Second
	}
	if n.opt.Sleep == nil {
		n.opt.Sleep = sleep
	}
	n.clock = n.opt.Start
	if n.clock.IsZero() {
		n.clock = time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC)
	}
	n.clock = n.clock.Truncate(time.Second)
	n.start = n.now()
	n.authority = NewAuthority(n.opt.Seed)
	for _, c := range n.opt.Providers {
		if err := n.addProvider(c); err != nil {
			return nil, err
		}
	}
	for i := range n.opt.Faults {
		if err := n.AddFault(n.opt.Faults[i]); err != nil {
			return nil, err
		}
	}
	return n, n.trustItself()
}

// trustItself makes the store by which the providers judge each other.
func (n *Network) trustItself() error {
	var records []DirectoryRecord
	for _, of := range n.nodes {
		records = append(records, DirectoryRecord{Provider: of.Provider})
	}
	var ldif bytes.Buffer
	if err := WriteLDIF(&ldif, records, nil); err != nil {
		return err
	}
	n.directory = ldif.Bytes()
	material, err := n.Material()
	if err != nil {
		return err
	}
	if n.store, err = trust.NewStore(material, &trust.Policy{DirectoryMaxAge: -1}); err != nil {
		return err
	}
	n.verifier = pec.NewVerifier(n.store, nil)
	return nil
}

// Material is what a verifier must believe in to judge the network's
// messages: its authority and its provider directory.
func (n *Network) Material() (trust.Material, error) {
	directory, err := trust.LoadLDIF(bytes.NewReader(n.directory), &trust.DirectoryOptions{Date: n.start})
	if err != nil {
		return trust.Material{}, err
	}
	return trust.Material{Anchors: []*x509.Certificate{n.authority.Certificate()}, Directory: directory}, nil
}

// LDIF returns the network's provider directory (indice dei gestori, RFC 6109
// §4.5); SignedLDIF returns it as published, signed (a DER .p7m).
func (n *Network) LDIF() []byte { return bytes.Clone(n.directory) }

// SignedLDIF returns the provider directory signed by the authority.
func (n *Network) SignedLDIF() ([]byte, error) { return n.authority.SignLDIF(n.directory, n.Now()) }

// Store returns a trust store of that material.
func (n *Network) Store() *trust.Store { return n.store }

// Verifier returns a verifier that judges messages at the time of their
// event, by that store.
func (n *Network) Verifier() *pec.Verifier { return n.verifier }

// Authority returns the certification authority of the providers.
func (n *Network) Authority() *Authority { return n.authority }

// Providers returns the providers in their order. Change nothing in them.
func (n *Network) Providers() []*Provider {
	var all []*Provider
	for _, of := range n.nodes {
		all = append(all, of.Provider)
	}
	return all
}

// Config returns how the provider of a domain is configured, with what was left
// to the defaults filled in.
func (n *Network) Config(domain string) (ProviderConfig, error) {
	of := n.byDomain[fold(domain)]
	if of == nil {
		return ProviderConfig{}, fmt.Errorf("pectest: no provider of domain %q: %w", domain, ErrConfig)
	}
	return of.config, nil
}

func (n *Network) addProvider(c ProviderConfig) error {
	fail := func(err error, format string, args ...any) error {
		return fmt.Errorf("pectest: %w: provider %s: %s: %w", ErrConfig, c.Name, fmt.Sprintf(format, args...), err)
	}
	if c.Name == "" || c.Domain == "" {
		return fmt.Errorf("pectest: %w: a provider needs a name and a domain", ErrConfig)
	}
	for _, d := range append([]string{c.Domain}, c.Domains...) {
		if !Reserved(d) {
			return fail(ErrRealDomain, "%s", d)
		}
		if !plainDomain(d) {
			return fail(errors.New("not a domain in letters, digits and hyphens; an international one is written in its xn-- form"), "%q", d)
		}
		if n.byDomain[strings.ToLower(d)] != nil {
			return fail(errors.New("already taken"), "%s", d)
		}
	}
	c.defaults()
	if c.SecondNotice < 22*time.Hour || c.SecondNotice > 24*time.Hour {
		return fail(errors.New("want 22 to 24 hours (RFC 6109 §3.1.6)"), "second notice after %s", c.SecondNotice)
	}
	p := n.authority.Provider(c.Name, c.Domain, c.Domains...)
	c.Quirks.apply(p)
	of := &node{Provider: p, config: c, net: n, watched: map[string]*watch{}, done: map[[2]string]bool{}}
	n.nodes = append(n.nodes, of)
	for _, d := range p.Domains {
		n.byDomain[strings.ToLower(d)] = of
	}
	for _, address := range []string{p.ServiceMailbox, p.Identity.Address} {
		m := n.addMailbox(address, of)
		m.service = true
		if of.service == nil {
			of.service = m
		}
	}
	for _, address := range c.Accounts {
		if !p.Handles(address) {
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

func (c *ProviderConfig) defaults() {
	set := func(v *int64, to int64) {
		if *v <= 0 {
			*v = to
		}
	}
	set(&c.MaxTotal, 30_000_000)
	set(&c.MaxSize, 2*c.MaxTotal)
	set(&c.MaxMailbox, 1<<30)
	if c.MaxRecipients <= 0 {
		c.MaxRecipients = 500
	}
	if c.SecondNotice == 0 {
		c.SecondNotice = 24 * time.Hour
	}
	if c.Scan == nil {
		c.Scan = EICAR
	}
}

func fold(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

func (n *Network) addMailbox(address string, of *node) *Mailbox {
	key := fold(address)
	if m := n.mailboxes[key]; m != nil {
		return m
	}
	m := newMailbox(n, address, of)
	n.mailboxes[key] = m
	n.sequence = append(n.sequence, m)
	return m
}

// managing returns the provider of an address, nil outside the circuit.
func (n *Network) managing(address string) *node {
	_, domain, _ := strings.Cut(fold(address), "@")
	return n.byDomain[domain]
}

// Mailbox returns a mailbox of the network: that of an account, a provider's
// service mailbox, or one outside the circuit that got ordinary mail.
func (n *Network) Mailbox(address string) (*Mailbox, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := n.mailboxes[fold(address)]
	if m == nil {
		return nil, fmt.Errorf("pectest: %s: %w", address, ErrNoMailbox)
	}
	return m, nil
}

// Mailboxes returns all mailboxes in the order they were made.
func (n *Network) Mailboxes() []*Mailbox {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*Mailbox(nil), n.sequence...)
}

// tasks is what is to be done, by time and then in the order of asking.
type tasks []*task

type task struct {
	at    time.Time
	order int
	wait  bool // a watch on time: it does not keep Settle going
	do    func()
}

func (q tasks) Len() int { return len(q) }
func (q tasks) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].order < q[j].order
}
func (q tasks) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *tasks) Push(x any)   { *q = append(*q, x.(*task)) }
func (q *tasks) Pop() any {
	old := *q
	t := old[len(old)-1]
	*q = old[:len(old)-1]
	return t
}

// after plans something; the lock is held, then and when it is done.
func (n *Network) after(d time.Duration, do func()) { n.plan(d, false, do) }

func (n *Network) plan(d time.Duration, wait bool, do func()) {
	n.order++
	heap.Push(&n.queue, &task{n.precise().Add(d), n.order, wait, do})
	n.notify()
}
