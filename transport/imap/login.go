package imap

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"github.com/certmail/certmail/transport"
)

// login is what one attempt needs; it does not outlive it.
type login struct{ user, secret string }

// mark tells credentials apart without keeping them.
func (c login) mark() [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(c.user), c.user, c.secret))
}

// refused is the login that the server did not accept.
type refused struct {
	mark [32]byte
	err  error
}

// credentials asks for them, and refuses those that the server has refused.
func (m *Mailbox) credentials(ctx context.Context) (login, error) {
	user, secret, err := m.opt.Credentials(ctx)
	if err != nil {
		return login{}, fmt.Errorf("credentials: %w", err)
	}
	c := login{user, secret}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refused != nil && m.refused.mark == c.mark() {
		return login{}, fmt.Errorf("%s: suspended since: %w", m.address(), m.refused.err)
	}
	return c, nil
}

// Resume lets a password that was refused be tried once more, for instance
// after the owner has allowed access in the provider's panel. Credentials that
// give something else than before are tried without it.
func (m *Mailbox) Resume() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused = nil
}

// passing are the response codes with which a server refuses a login for
// reasons that pass (RFC 5530).
var passing = map[string]bool{"UNAVAILABLE": true, "INUSE": true, "LIMIT": true, "SERVERBUG": true}

func (m *Mailbox) login(s *session, c login) error {
	if s.State() == imap.ConnStateNotAuthenticated { // else PREAUTH, under TLS
		answer := m.authenticate(s, c)
		err := c.conceal(s.verdict(answer), answer)
		if reply, ok := errors.AsType[*Reply](err); ok {
			if passing[reply.Code] {
				return &lost{fmt.Errorf("login: %w", reply), true}
			}
			err = fmt.Errorf("login of %q: %w", c.user, &transport.Error{Outcome: transport.Refused, Err: fmt.Errorf("%w: %w", transport.ErrLogin, reply)})
			m.mu.Lock()
			m.refused = &refused{c.mark(), err}
			m.mu.Unlock()
		}
		if err != nil {
			return err
		}
	}
	// What is offered now, not before: imapclient may still hold the old list.
	caps, err := s.Capability().Wait()
	if err != nil {
		return c.conceal(s.verdict(err), err)
	}
	s.caps = caps
	return nil
}

func (m *Mailbox) authenticate(s *session, c login) error {
	how, offered := m.opt.Auth, s.Caps()
	if how == Auto {
		how = Login
		if offered.Has(imap.AuthCap(sasl.Plain)) {
			how = Plain
		}
	}
	switch {
	case how == Login && offered.Has(imap.CapLoginDisabled):
		return &lost{errors.New("server offers neither LOGIN nor AUTHENTICATE PLAIN"), false}
	case how == Login:
		return s.Login(c.user, c.secret).Wait()
	case how == Plain && strings.ContainsRune(c.user+c.secret, 0), how == XOAuth2 && strings.ContainsAny(c.user+c.secret, "\x00\x01"):
		return &lost{fmt.Errorf("user or secret cannot be sent with %s", how), false}
	case how == Plain:
		return s.Authenticate(sasl.NewPlainClient("", c.user, c.secret))
	}
	return s.Authenticate(xoauth2(c))
}

// xoauth2 is the client side of XOAUTH2, as Google and Microsoft describe it.
type xoauth2 login

func (x xoauth2) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.secret + "\x01\x01"), nil
}

// Next answers the challenge that tells of an error, as RFC 7628 §3.2.3 does;
// the refusal follows.
func (x xoauth2) Next([]byte) ([]byte, error) { return []byte{1}, nil }

// conceal keeps the secret out of an error where the server's answer repeats
// it.
func (c login) conceal(err, answer error) error {
	if err == nil || !c.in(err.Error()) && !c.in(answer.Error()) {
		return err
	}
	const withheld = "(it repeats the secret, and is withheld)"
	if reply, ok := errors.AsType[*Reply](err); ok {
		return &Reply{Status: reply.Status, Text: withheld}
	}
	return &lost{errors.New("server's answer " + withheld), false}
}

// in tells whether a text holds the secret, in one of the forms in which it is
// sent or quoted.
func (c login) in(text string) bool {
	for _, form := range []string{
		c.secret,
		strings.Trim(strconv.Quote(c.secret), `"`),
		strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.secret),
		base64.StdEncoding.EncodeToString([]byte(c.secret)),
		base64.StdEncoding.EncodeToString([]byte("\x00" + c.user + "\x00" + c.secret)),
		base64.StdEncoding.EncodeToString([]byte("user=" + c.user + "\x01auth=Bearer " + c.secret + "\x01\x01")),
	} {
		if c.secret != "" && strings.Contains(text, form) {
			return true
		}
	}
	return false
}
