package pectest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
)

// Account is a mailbox with the right to send from it.
type Account struct {
	*Mailbox
	of *node
}

// SMTPError is an answer of a server that refuses.
type SMTPError struct {
	// Code is the reply code (RFC 5321 §4.2), Status the enhanced one (RFC
	// 3463), Text what it says.
	Code   int
	Status string
	Text   string
}

func (e *SMTPError) Error() string { return fmt.Sprintf("%d %s %s", e.Code, e.Status, e.Text) }

// Temporary tells whether trying again later may help.
func (e *SMTPError) Temporary() bool { return e.Code/100 == 4 }

// Errors of a submission that are no answers of the server.
var (
	// ErrLogin says that user or password are wrong, or the login is refused.
	ErrLogin = errors.New("login refused")
	// ErrCut says that the connection broke. Whether the message was accepted
	// is not known: before the final dot it was not, behind it it was.
	ErrCut = errors.New("connection cut")
)

// passwordOf follows from the seed, and is kept nowhere.
func (n *Network) passwordOf(address string) string {
	b := make([]byte, 9)
	_, _ = io.ReadFull(testpki.Reader(n.opt.Seed, "password of "+fold(address)), b)
	return hex.EncodeToString(b)
}

// Accounts returns all accounts in the order of the options.
func (n *Network) Accounts() []*Account {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []*Account
	for _, m := range n.sequence {
		if m.node != nil && !m.service {
			all = append(all, &Account{m, m.node})
		}
	}
	return all
}

// Account returns the account of an address.
func (n *Network) Account(address string) (*Account, error) {
	m, err := n.Mailbox(address)
	if err != nil {
		return nil, err
	}
	if m.node == nil || m.service {
		return nil, fmt.Errorf("pectest: %s is no account: %w", address, ErrNoMailbox)
	}
	return &Account{m, m.node}, nil
}

// Password returns the account's password.
func (a *Account) Password() string { return a.net.passwordOf(a.Address) }

// Provider returns the account's provider.
func (a *Account) Provider() *Provider { return a.of.Provider }

// Login opens an account as its provider's servers do: the user name is the
// address. The error is ErrLogin.
func (n *Network) Login(user, password string) (account *Account, err error) {
	defer func() {
		if err != nil {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.note(n.newJourney(user, nil), Step{Point: AtAccess, Branch: "B1", Detail: "login refused", Failed: true})
		}
	}()
	a, err := n.Account(user)
	if err != nil {
		return nil, fmt.Errorf("pectest: %w: user %q or password", ErrLogin, user)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.strikes(RefuseLogin, occasion{provider: a.of, mailbox: a.Address}) != nil {
		return nil, fmt.Errorf("pectest: %w: %s, whatever the password", ErrLogin, a.Address)
	}
	if password != a.Password() {
		return nil, fmt.Errorf("pectest: %w: user %q or password", ErrLogin, user)
	}
	return a, nil
}

// Send composes a draft and submits it. The draft's From is set when empty.
func (a *Account) Send(ctx context.Context, d *pec.Draft) (*pec.Submission, error) {
	draft := *d
	if draft.From.Address == "" {
		draft.From.Address = a.Address
	}
	out, err := pec.Compose(&draft, &pec.ComposeOptions{Now: a.net.Now, Random: a.net.randomFor(a)})
	if err != nil {
		return nil, err
	}
	defer out.Close()
	data, err := io.ReadAll(out.Source())
	if err != nil {
		return nil, err
	}
	s := out.Submission
	return &s, a.Submit(ctx, s.MailFrom, s.Recipients, data)
}

// randomFor returns randomness for one message that an account composes.
func (n *Network) randomFor(a *Account) io.Reader {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.order++
	return testpki.Reader(n.opt.Seed, fmt.Sprintf("message %d of %s", n.order, fold(a.Address)))
}

// Submit hands a message to the access point (punto di accesso), as SMTP does
// after login. A nil error means that the server took it, not that it is
// accepted: that is what the receipt says, which comes to the mailbox. Errors
// are *SMTPError and ErrCut.
func (a *Account) Submit(ctx context.Context, mailFrom string, recipients []string, data []byte) error {
	return a.submit(ctx, mailFrom, recipients, func() ([]byte, error) { return slices.Clone(data), nil })
}

// SubmitFrom is Submit for a message that is still coming in, as it is behind
// DATA: a connection that breaks before the final dot breaks before anything
// is read. It reads no more than one byte beyond ProviderConfig.MaxSize. An
// error of the reader is returned wrapped, and nothing was accepted.
func (a *Account) SubmitFrom(ctx context.Context, mailFrom string, recipients []string, message io.Reader) error {
	return a.submit(ctx, mailFrom, recipients, func() ([]byte, error) {
		return io.ReadAll(io.LimitReader(message, a.of.config.MaxSize+1))
	})
}

func (a *Account) submit(ctx context.Context, mailFrom string, recipients []string, read func() ([]byte, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n := a.net
	n.mu.Lock()
	slow := n.strikes(Slow, occasion{provider: a.of, mailbox: a.Address})
	err := a.of.beforeData(a, mailFrom, recipients)
	n.mu.Unlock()
	if err != nil {
		return err
	}
	data, err := read()
	if err != nil {
		return fmt.Errorf("pectest: submit: %w", err)
	}
	if slow != nil {
		if err := n.opt.Sleep(ctx, slow.For); err != nil {
			return fmt.Errorf("pectest: submit: %w: %w", ErrCut, err)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return a.of.access(a, mailFrom, slices.Clone(recipients), data)
}
