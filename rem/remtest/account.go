package remtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/transport"
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
		return nil, fmt.Errorf("remtest: %s is no account: %w", address, ErrNoMailbox)
	}
	return &Account{m, m.node}, nil
}

// Password returns the account's password.
func (a *Account) Password() string { return a.net.passwordOf(a.Address) }

// Login opens an account as its provider's servers do: the user name is the
// address. The error is ErrLogin.
func (n *Network) Login(user, password string) (*Account, error) {
	a, err := n.Account(user)
	if err != nil {
		return nil, fmt.Errorf("remtest: %w: user %q or password", ErrLogin, user)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.strikes(RefuseLogin, "", a.occasion()) != nil {
		return nil, fmt.Errorf("remtest: %w: %s, whatever the password", ErrLogin, a.Address)
	}
	if password != a.Password() {
		return nil, fmt.Errorf("remtest: %w: user %q or password", ErrLogin, user)
	}
	return a, nil
}

func (a *Account) occasion() occasion {
	return occasion{kind: KindOrdinary, provider: a.of, mailboxes: []string{a.Address}}
}

// Send composes a draft and submits it: to a program, certified mail of both
// systems is submitted alike. The draft's From is set when empty.
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
	return testpki.Reader(n.opt.Seed, fmt.Sprintf("REM message %d of %s", n.order, fold(a.Address)))
}

// Submit hands a message to the sender's provider (S-REMS), as SMTP does after
// login. A nil error means that the server took it, not that it is accepted:
// that is what the receipt says, which comes to the mailbox. Errors are
// *SMTPError and ErrCut.
func (a *Account) Submit(ctx context.Context, mailFrom string, recipients []string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n := a.net
	n.mu.Lock()
	slow := n.strikes(Slow, "", a.occasion())
	cut := n.strikes(CutBeforeDot, "", a.occasion())
	n.mu.Unlock()
	if err := a.dialogue(mailFrom, recipients); err != nil {
		return err
	}
	if cut != nil {
		return fmt.Errorf("remtest: submit: %w before the final dot", ErrCut)
	}
	if slow != nil {
		if err := n.opt.Sleep(ctx, slow.For); err != nil {
			return fmt.Errorf("remtest: submit: %w: %w", ErrCut, err)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.strikes(RefuseForNow, "", a.occasion()) != nil:
		return &SMTPError{451, "4.3.0", "Try again later"}
	case n.strikes(RefuseForGood, "", a.occasion()) != nil:
		return &SMTPError{550, "5.7.1", "Refused by policy"}
	}
	cut = n.strikes(CutAfterDot, "", a.occasion())
	if err := a.of.submitted(a.Address, slices.Clone(recipients), bytes.Clone(data)); err != nil {
		if _, ok := errors.AsType[*SMTPError](err); !ok {
			err = &SMTPError{554, "5.6.0", oneLine(err.Error())}
		}
		return err
	}
	if cut != nil {
		return fmt.Errorf("remtest: submit: %w behind the final dot", ErrCut)
	}
	return nil
}

// dialogue is what the SMTP dialogue refuses before any message.
func (a *Account) dialogue(mailFrom string, recipients []string) error {
	switch {
	case fold(mailFrom) != fold(a.Address):
		return &SMTPError{553, "5.7.1", "Sender address rejected: not logged in as " + oneLine(mailFrom)}
	case len(recipients) == 0:
		return &SMTPError{503, "5.5.1", "No recipients"}
	case len(recipients) > a.of.config.MaxRecipients:
		return &SMTPError{452, "4.5.3", fmt.Sprintf("Too many recipients, at most %d", a.of.config.MaxRecipients)}
	}
	return nil
}

// Sender returns the account's way to submit, without a socket: what goes
// wrong by a Fault looks as over SMTP.
func (a *Account) Sender() transport.Sender { return sender{a} }

type sender struct{ a *Account }

func (s sender) Send(ctx context.Context, m *transport.Message) error {
	data, err := io.ReadAll(m.Reader())
	if err != nil {
		return &transport.Error{Outcome: transport.Refused, Err: err}
	}
	if _, err := s.a.net.Login(s.a.Address, s.a.Password()); err != nil {
		return &transport.Error{Outcome: transport.Refused, Code: 535, Status: "5.7.8", Text: "Authentication failed", Err: transport.ErrLogin}
	}
	err = s.a.Submit(ctx, m.From, m.To, data)
	refusal, refused := errors.AsType[*SMTPError](err)
	switch {
	case err == nil:
		return nil
	case refused && refusal.Temporary():
		return &transport.Error{Outcome: transport.Deferred, Code: refusal.Code, Status: refusal.Status, Text: refusal.Text}
	case refused:
		return &transport.Error{Outcome: transport.Refused, Code: refusal.Code, Status: refusal.Status, Text: refusal.Text}
	case errors.Is(err, ErrCut):
		return &transport.Error{Outcome: transport.Uncertain, Err: err}
	}
	return &transport.Error{Outcome: transport.Deferred, Err: err}
}
