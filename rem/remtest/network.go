package remtest

import (
	"fmt"
	"sync"
	"time"

	"github.com/certmail/certmail/receipt"
)

// NetworkOptions describes a network. The zero value and nil make a sensible
// one: three providers with three mailboxes each.
type NetworkOptions struct {
	// Seed decides every key, certificate, identifier, boundary and password:
	// the same seed and the same calls give the same bytes.
	Seed uint64
	// Start is what the clock shows at first; a Monday morning unless set.
	Start time.Time
	// Hop is how long each step takes from one point to the next; a second
	// unless set.
	Hop time.Duration
	// Providers are those of the network; nil stands for DefaultProviders.
	Providers []ProviderConfig
	// Policy holds the time limits.
	Policy Policy
	// Answers are what recipients answer to notifications.
	Answers []Answer
	// Faults are what goes wrong.
	Faults []Fault
	// Sleep waits for slow servers; it must end early with the context. It is
	// a real timer unless set.
	Sleep Sleeper
}

// Network is a REM interoperability domain in this process: its providers
// with their mailboxes. It is safe for concurrent use.
//
// Nothing moves by itself: Settle lets all mail that is under way arrive,
// Advance lets time pass.
type Network struct {
	opt       NetworkOptions
	make      maker
	authority *Authority
	public    *publication
	nodes     []*node
	byDomain  map[string]*node
	start     time.Time
	clock     clock

	mu        sync.Mutex
	queue     tasks
	order     int
	mailboxes map[string]*Mailbox
	sequence  []*Mailbox
	faults    []*fault
	held      map[*Mailbox][]func()
	journeys  []*Journey
	facts     []*Fact
	documents map[string][]byte // evidence by its identifier
	outcomes  []*Outcome

	byIdentifier map[string]*Outcome
	spoiled      map[receipt.Digest]Fault // messages spoiled by faults, by their SHA-256
}

// newNetwork makes a network whose messages a maker writes.
func newNetwork(opt *NetworkOptions, m maker) (*Network, error) {
	n := &Network{
		byDomain: map[string]*node{}, mailboxes: map[string]*Mailbox{}, held: map[*Mailbox][]func(){},
		byIdentifier: map[string]*Outcome{}, spoiled: map[receipt.Digest]Fault{}, documents: map[string][]byte{}, make: m,
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
	n.opt.Policy.defaults()
	n.start = n.opt.Start
	if n.start.IsZero() {
		n.start = time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC)
	}
	n.start = n.start.UTC().Truncate(time.Second)
	n.clock.set(n.start)
	for _, c := range n.opt.Providers {
		if err := n.addProvider(c); err != nil {
			return nil, err
		}
	}
	for _, of := range n.nodes {
		if via := of.config.Via; via != "" && (n.byDomain[fold(via)] == nil || n.byDomain[fold(via)] == of) {
			return nil, fmt.Errorf("remtest: %w: provider %s: via %s: no other provider of that domain", ErrConfig, of.config.Name, via)
		}
	}
	for i := range n.opt.Faults {
		if err := n.AddFault(n.opt.Faults[i]); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// Config returns how the provider of a domain is configured, with what was
// left to the defaults filled in.
func (n *Network) Config(domain string) (ProviderConfig, error) {
	of := n.byDomain[fold(domain)]
	if of == nil {
		return ProviderConfig{}, fmt.Errorf("remtest: no provider of domain %q: %w", domain, ErrConfig)
	}
	return of.config, nil
}

// Authority returns the certification of the network.
func (n *Network) Authority() *Authority { return n.authority }

// Policy returns the time limits, with the defaults filled in.
func (n *Network) Policy() Policy { return n.opt.Policy }

// managing returns the provider of an address, nil outside REM.
func (n *Network) managing(address string) *node {
	return n.byDomain[domainOf(address)]
}

// next is the provider that mail goes to on its way to another.
func (of *node) next(to *node) *node {
	if via := to.config.Via; via != "" {
		if n := of.net.byDomain[fold(via)]; n != of {
			return n
		}
	}
	return to
}

// groups splits recipients by where their mail goes next; a nil node stands
// for ordinary mail.
func (of *node) groups(t *transaction, numbers []int) (order []*node, groups map[*node][]int) {
	groups = map[*node][]int{}
	for _, i := range numbers {
		to := of.net.managing(t.address(i))
		if to != nil && to != of {
			to = of.next(to)
		}
		if groups[to] == nil {
			order = append(order, to)
		}
		groups[to] = append(groups[to], i)
	}
	return order, groups
}
