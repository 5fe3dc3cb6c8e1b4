package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/sqlite"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
	"github.com/certmail/certmail/transport/presets"
	"github.com/certmail/certmail/transport/smtp"
)

const configHelp = `
The configuration is a small JSON file; paths in it are relative to it:

  {
    "account": "ufficio@pec.example",
    "user": "ufficio@pec.example",
    "password_env": "CERTMAIL_PASSWORD",
    "submission": {"host": "smtps.pec.example", "port": 465, "security": "tls"},
    "imap": {"host": "imaps.pec.example", "port": 993},
    "folders": ["INBOX"],
    "tls_ca": "ca.pem",
    "ca": ["anchors.pem"], "directory": ["igpec.ldif"], "builtin_trust": true,
    "intermediate": ["chain.pem"], "crl": ["revoked.crl"], "tsl": ["TSL-IT.xml"],
    "store": "certmail.db", "blobs": "blobs"
  }

Instead of the servers, "provider" may name a known one ("aruba", say); what stands
here goes before it. The user is the account's address unless given. The password
comes from an environment variable or from a command ("password_command": ["pass",
"show", "pec"]). "tls_ca" are the authorities of the servers, the system's unless
given. A password never stands in it, nor in an argument, nor in any output.

Whom to believe is said as by the flags of "certmail verify": "ca", "intermediate",
"directory", "crl" and "tsl" (trusted lists, for REM). Set it up before the first
message is collected: each is judged once, when it comes in ("status --anew" judges
again).

"store" is the file of what is sent and received, "blobs" the folder of the exact
bytes: those of up to 64 KiB in its file small.db, larger ones in a file each. Keep
both together.
`

// mailConfig is the file that --config names.
type mailConfig struct {
	Account         string     `json:"account"`
	Provider        string     `json:"provider"`
	User            string     `json:"user"`
	PasswordEnv     string     `json:"password_env"`
	PasswordCommand []string   `json:"password_command"`
	Submission      mailServer `json:"submission"`
	IMAP            mailServer `json:"imap"`
	Folders         []string   `json:"folders"`
	TLSCA           string     `json:"tls_ca"`
	CA              []string   `json:"ca"`
	Intermediate    []string   `json:"intermediate"`
	Directory       []string   `json:"directory"`
	CRL             []string   `json:"crl"`
	TSL             []string   `json:"tsl"`
	BuiltinTrust    *bool      `json:"builtin_trust"`
	Store           string     `json:"store"`
	Blobs           string     `json:"blobs"`
	// Limits of the provider, 0 for not known.
	MaxLoad       int64 `json:"max_load"`
	MaxSize       int64 `json:"max_size"`
	MaxRecipients int   `json:"max_recipients"`

	name string
}

type mailServer struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Security string `json:"security"`
}

func readMailConfig(name string) (*mailConfig, error) {
	data, err := readFile("--config", name)
	if err != nil {
		return nil, err
	}
	c := &mailConfig{name: name}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(c); err != nil {
		return nil, usagef("--config %s: %v; see certmail send --help", name, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, usagef("--config %s: something follows the configuration", name)
	}
	bad := func(format string, args ...any) error {
		return usagef("--config %s: %s", name, fmt.Sprintf(format, args...))
	}
	switch {
	case c.Account == "":
		return nil, bad(`"account" is missing`)
	case (c.PasswordEnv == "") == (len(c.PasswordCommand) == 0):
		return nil, bad(`one of "password_env" and "password_command" is wanted`)
	case len(c.PasswordCommand) > 0 && c.PasswordCommand[0] == "":
		return nil, bad(`"password_command" names no program`)
	case c.Store == "" || c.Blobs == "":
		return nil, bad(`"store" and "blobs" are wanted`)
	}
	if err := (&pec.Account{Address: c.Account, User: c.User}).Check(); err != nil {
		return nil, bad(`"account": %v`, err)
	}
	if c.Provider != "" {
		p, ok := presets.ByName(c.Provider)
		if !ok {
			return nil, bad("provider %q is none of those known; name the servers instead", c.Provider)
		}
		c.preset(&p)
	}
	for _, s := range []*mailServer{&c.Submission, &c.IMAP} {
		if s.Host == "" {
			return nil, bad(`"submission" and "imap" need a host each, or a "provider" is wanted`)
		}
		if s.Security == "" {
			s.Security = "tls"
		}
		if s.Security != "tls" && s.Security != "starttls" {
			return nil, bad("security %q, want tls or starttls", s.Security)
		}
	}
	if c.User == "" {
		c.User = c.Account
	}
	if len(c.Folders) == 0 {
		c.Folders = []string{"INBOX"}
	}
	return c, nil
}

// preset fills in what is known of a provider; what the file says goes before.
func (c *mailConfig) preset(p *presets.Preset) {
	for _, s := range []struct {
		server *mailServer
		known  presets.Server
	}{{&c.Submission, p.SMTP}, {&c.IMAP, p.IMAP}} {
		if s.server.Host == "" {
			s.server.Host, s.server.Port = s.known.Host, cmp.Or(s.server.Port, s.known.Port)
		}
	}
	c.MaxLoad = cmp.Or(c.MaxLoad, p.Limits.MaxLoad)
	c.MaxSize = cmp.Or(c.MaxSize, p.Limits.MaxSize)
	c.MaxRecipients = cmp.Or(c.MaxRecipients, p.Limits.MaxRecipients)
}

// path is relative to the configuration.
func (c *mailConfig) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.name), name)
}

func (c *mailConfig) paths(names []string) (all []string) {
	for _, name := range names {
		all = append(all, c.path(name))
	}
	return all
}

// postbox is what the commands work with. Close it.
type postbox struct {
	*pec.Client
	store  store.Store
	blobs  store.Blobs
	outbox *outbox.Outbox
	to     *os.Root // where fetch and watch write what they collect; nil for nowhere
	close  []func() error
}

func (m *postbox) Close() error {
	var errs []error
	for i := len(m.close) - 1; i >= 0; i-- {
		errs = append(errs, m.close[i]())
	}
	return errors.Join(errs...)
}

// openMail opens the store and makes the client. No connection is made yet.
func (a *app) openMail(ctx context.Context, c *mailConfig) (m *postbox, err error) {
	believe := trustFlags{
		ca: c.paths(c.CA), intermediate: c.paths(c.Intermediate), directory: c.paths(c.Directory), crl: c.paths(c.CRL), tsl: c.paths(c.TSL),
		noBuiltin: c.BuiltinTrust != nil && !*c.BuiltinTrust,
	}
	login := func(ctx context.Context) (string, string, error) { return c.credentials(ctx, a.stderr) }
	judges, err := believe.judges(a, a.now)
	if err != nil {
		return nil, err
	}
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	opened := &postbox{}
	m = opened
	defer func() {
		if err != nil {
			_ = opened.Close() // m is nil by then
		}
	}()
	s, err := sqlite.Open(ctx, c.path(c.Store), nil)
	if err != nil {
		return nil, err
	}
	m.store, m.close = s, append(m.close, s.Close)
	folder, err := store.NewFolder(c.path(c.Blobs), nil)
	if err != nil {
		return nil, err
	}
	m.close = append(m.close, folder.Close)
	blobs, err := smallInOne(ctx, c.path(c.Blobs), folder)
	if err != nil {
		return nil, err
	}
	m.blobs, m.close = blobs, append(m.close, blobs.Close)
	security := smtp.ImplicitTLS
	if c.Submission.Security == "starttls" {
		security = smtp.StartTLS
	}
	sender, err := smtp.New(&smtp.Options{
		Host: c.Submission.Host, Port: c.Submission.Port, Security: security, TLS: &tls.Config{RootCAs: roots}, Credentials: login,
	})
	if err != nil {
		return nil, usagef("--config %s: submission: %v", c.name, err)
	}
	m.close = append(m.close, sender.Close)
	box, err := imap.New(&imap.Options{
		Host: c.IMAP.Host, Port: c.IMAP.Port, StartTLS: c.IMAP.Security == "starttls", RootCAs: roots, Credentials: login,
	})
	if err != nil {
		return nil, usagef("--config %s: imap: %v", c.name, err)
	}
	m.close = append(m.close, box.Close)
	worker := make([]byte, 8)
	if _, err := rand.Read(worker); err != nil {
		return nil, err
	}
	m.outbox, err = outbox.New(outbox.Options{
		Store: s, Blobs: blobs, Senders: map[string]transport.Sender{c.Account: sender}, Worker: hex.EncodeToString(worker), Now: a.now,
	})
	if err != nil {
		return nil, err
	}
	m.Client, err = pec.NewClient(pec.ClientOptions{
		Account: pec.Account{Address: c.Account, User: c.User, Host: c.Submission.Host, Port: c.Submission.Port,
			Limits: pec.Limits{MaxLoad: c.MaxLoad, MaxSize: c.MaxSize, MaxRecipients: c.MaxRecipients}},
		Store: s, Blobs: blobs, Outbox: m.outbox, Mailbox: box, Folders: c.Folders,
		Verifier: judges.pec, Others: []receipt.Reader{judges.rem}, Received: m.received, Now: a.now, Warned: a.warnOf,
	})
	return m, err
}

// smallInOne keeps small bytes of a folder together, in one file in it: a file
// each costs several waits for the disk. What has a file already is found there.
func smallInOne(ctx context.Context, dir string, folder *store.Folder) (sqlite.Blobs, error) {
	return sqlite.OpenBlobs(ctx, filepath.Join(dir, "small.db"), folder, nil)
}

func (c *mailConfig) roots() (*x509.CertPool, error) {
	if c.TLSCA == "" {
		return nil, nil
	}
	data, err := readFile("--config: tls_ca", c.path(c.TLSCA))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, usagef("--config %s: tls_ca %s: no certificate in it", c.name, c.TLSCA)
	}
	return pool, nil
}
