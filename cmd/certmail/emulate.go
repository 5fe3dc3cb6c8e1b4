package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/pec/pectest/pecweb"
)

const emulateHelp = `usage: certmail emulate [--json] [--domain NAME]… [--fault SPEC]… [--web ADDR]

Runs a network of certified-mail providers on this machine until interrupted: SMTP
submission and IMAP over TLS for each, receipts and all, under a throw-away authority.
A web page shows each mailbox, each message and its journey, and has buttons to send,
to make faults and to move the clock. Nothing is kept, nothing is worth anything as
proof, and the passwords are throw-away ones by design: whoever reads the output has
them. For each account there is a configuration for "certmail send" and its like.

  --domain NAME     a provider for this domain, with anna@, bruno@ and carla@; may be
                    given several times (alfa.example and beta.example unless given);
                    only .example, .test, .invalid and .localhost: no real domain
  --fault SPEC      what goes wrong: a kind, then conditions; may be given several times
                      lose,message=avvenuta-consegna,mailbox=bruno@beta.example,times=1
                      delay,for=13h      unreachable,provider=beta.example,until=10h
  --profile NAME    the habits of all providers: plain, reworded, exchange, terse, unix
                    or digests
  --seed N          the same seed gives the same keys and passwords (1 unless given)
  --web ADDR        host and port of the web page (a free port on 127.0.0.1 unless
                    given), or "off"
  --allow-remote    listen on every address of this machine for mail, and let --web
                    name any; whoever reaches it can do everything
  --json            print one line of JSON when ready
`

// emulated is the line of JSON.
type emulated struct {
	CA        string             `json:"ca"`
	Providers []emulatedProvider `json:"providers"`
	Accounts  []emulatedAccount  `json:"accounts"`
	Web       string             `json:"web"` // "" without
}

type emulatedProvider struct {
	Name       string   `json:"name"`
	Domains    []string `json:"domains"`
	Submission endpoint `json:"submission"`
	StartTLS   endpoint `json:"starttls"`
	IMAP       endpoint `json:"imap"`
	Exchange   endpoint `json:"exchange"` // for mail from outside
}

type emulatedAccount struct {
	Address  string `json:"address"`
	User     string `json:"user"`
	Password string `json:"password"`
	Provider string `json:"provider"`
	// Config is a file for the --config of send, fetch, watch and status.
	Config string `json:"config"`
}

type endpoint struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

// faults is the flag of that name.
type faults []pectest.Fault

func (f *faults) String() string { return "" }

func (f *faults) Set(value string) error {
	fault, err := pectest.ParseFault(value)
	*f = append(*f, fault)
	return err
}

// movedClock is the machine's clock, and how far it was moved.
type movedClock struct{ by atomic.Int64 }

func (c *movedClock) now() time.Time          { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *movedClock) advance(d time.Duration) { c.by.Add(int64(d)) }

// emulation is what the flags ask for.
type emulation struct {
	network     *pectest.NetworkOptions
	clock       *movedClock
	web         string
	allowRemote bool
	json        bool
}

func (a *app) emulate(args []string) error {
	e, err := readEmulation(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return a.emulateUntil(ctx, e)
}

func readEmulation(args []string) (*emulation, error) {
	e := &emulation{network: &pectest.NetworkOptions{}, clock: &movedClock{}}
	f := newFlags("emulate", emulateHelp)
	var domains list
	var wrong faults
	f.Var(&domains, "domain", "")
	f.Var(&wrong, "fault", "")
	profile := f.String("profile", "plain", "")
	seed := f.Uint64("seed", 1, "")
	f.StringVar(&e.web, "web", "", "")
	f.BoolVar(&e.allowRemote, "allow-remote", false, "")
	rest, err := f.read(args)
	switch {
	case err != nil:
		return nil, err
	case len(rest) > 0:
		return nil, usagef("emulate: takes no files; see certmail emulate --help")
	}
	quirks, ok := pectest.Profile(*profile)
	if !ok {
		var names []string
		for _, p := range pectest.QuirkProfiles() {
			names = append(names, p.Name)
		}
		return nil, usagef("emulate: there is no profile %q, want one of %v", *profile, names)
	}
	for _, d := range domains {
		if !pectest.Reserved(d) {
			return nil, usagef("emulate: %s may be a real domain, and test mail must not carry the name of a real provider: want one that ends in .example, .test, .invalid or .localhost", d)
		}
	}
	e.json = f.json
	e.network.Seed, e.network.Faults, e.network.Clock = *seed, wrong, e.clock.now
	e.network.Providers = pectest.DefaultProviders()
	if len(domains) > 0 {
		e.network.Providers = pectest.ProvidersFor(domains...)
	}
	for i := range e.network.Providers {
		e.network.Providers[i].Quirks = quirks
	}
	return e, nil
}

// emulateUntil runs the network until the context ends, which is a good end.
func (a *app) emulateUntil(ctx context.Context, e *emulation) (err error) {
	n, err := pectest.NewNetwork(e.network)
	if err != nil {
		return usagef("emulate: %v", err)
	}
	opt := &pecserve.Options{AllowRemote: e.allowRemote, ErrorLog: func(line string) { a.complain(errors.New(line)) }}
	if e.allowRemote {
		opt.Host = "0.0.0.0"
	}
	servers, err := pecserve.Start(n, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.Close()) }()
	out := describeEmulation(n, servers)
	if e.web != "off" {
		site, err := pecweb.Start(n, e.web, &pecweb.Options{AllowRemote: e.allowRemote, Services: services(out), Advance: e.clock.advance})
		if err != nil {
			return usagef("emulate: --web %s: %v", e.web, err)
		}
		defer func() { err = errors.Join(err, site.Close()) }()
		out.Web = site.URL
	}
	dir, err := os.MkdirTemp("", "certmail-emulate-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	out.CA = filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(out.CA, servers.CA(), 0o600); err != nil {
		return err
	}
	if err := out.writeConfigs(dir); err != nil {
		return err
	}
	if err := a.announce(out, e); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func describeEmulation(n *pectest.Network, servers *pecserve.Servers) *emulated {
	out := &emulated{}
	for _, p := range servers.Endpoints() {
		out.Providers = append(out.Providers, emulatedProvider{
			p.Provider, p.Domains, endpoint(p.Submission), endpoint(p.StartTLS), endpoint(p.IMAP), endpoint(p.Exchange),
		})
	}
	for _, account := range n.Accounts() {
		out.Accounts = append(out.Accounts, emulatedAccount{account.Address, account.Address, account.Password(), account.Provider().Identity.Name, ""})
	}
	return out
}

// writeConfigs writes the configuration of each account; the store of the
// commands that use it lies beside it.
func (out *emulated) writeConfigs(dir string) error {
	for i := range out.Accounts {
		account := &out.Accounts[i]
		at := slices.IndexFunc(out.Providers, func(p emulatedProvider) bool { return p.Name == account.Provider })
		if at < 0 {
			continue
		}
		provider, ca := &out.Providers[at], filepath.Base(out.CA)
		data, err := json.MarshalIndent(map[string]any{
			"account": account.Address, "password_env": "CERTMAIL_PASSWORD",
			"submission": provider.Submission, "imap": provider.IMAP, "tls_ca": ca,
			"ca": []string{ca}, "builtin_trust": false,
			"store": account.Address + ".db", "blobs": account.Address + ".blobs",
		}, "", "  ")
		if err != nil {
			return err
		}
		account.Config = filepath.Join(dir, account.Address+".json")
		if err := os.WriteFile(account.Config, append(data, '\n'), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func services(out *emulated) []pecweb.Service {
	var all []pecweb.Service
	for _, p := range out.Providers {
		for _, s := range p.servers() {
			all = append(all, pecweb.Service{Provider: p.Name, Name: s.name, Host: s.at.Host, Port: s.at.Port})
		}
	}
	return all
}

// server is one of a provider's, as people call it.
type server struct {
	name string
	at   endpoint
}

func (p *emulatedProvider) servers() []server {
	return []server{
		{"SMTP submission, TLS", p.Submission}, {"SMTP submission, STARTTLS", p.StartTLS}, {"IMAP, TLS", p.IMAP}, {"SMTP for mail from outside", p.Exchange},
	}
}

// announce says that all is ready, at once.
func (a *app) announce(out *emulated, e *emulation) error {
	if e.json {
		j := json.NewEncoder(a.stdout)
		j.SetEscapeHTML(false)
		if err := j.Encode(out); err != nil {
			return err
		}
		return a.stdout.Flush()
	}
	p := a.page()
	for i := range out.Providers {
		provider := &out.Providers[i]
		p.line(p.paint(bold, plain(provider.Name)))
		for _, s := range provider.servers() {
			p.row(s.name, fmt.Sprintf("%s:%d", s.at.Host, s.at.Port))
		}
		p.line("  ", p.paint(dim, pad("user", nameWidth)), " ", p.paint(dim, "password"))
		for _, account := range out.Accounts {
			if account.Provider == provider.Name {
				p.row(account.User, account.Password)
			}
		}
	}
	p.line()
	p.row("authority that clients must trust", out.CA)
	p.row("for certmail send --config", filepath.Join(filepath.Dir(out.CA), "ADDRESS.json"))
	p.row("web page", out.Web)
	for _, f := range e.network.Faults {
		p.row("fault", f.String())
	}
	if e.allowRemote {
		p.row("open to", "every machine that reaches this one, at any of its addresses")
	}
	p.line()
	p.text("", "The passwords are throw-away ones by design. Nothing is kept, and nothing here is worth anything as proof. The commands that work with a mailbox take the password from CERTMAIL_PASSWORD. Interrupt to end.")
	return a.stdout.Flush()
}
