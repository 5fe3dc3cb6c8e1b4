package smtp

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"
)

// identity is a user and a secret on their way into a dialogue. It never lies
// in what lives longer.
type identity struct{ user, secret string }

// credentials asks the caller's function.
func credentials(ctx context.Context, ask Credentials) (identity, error) {
	user, secret, err := ask(ctx)
	switch {
	case err != nil:
		return identity{}, fmt.Errorf("%w: %w", ErrCredentials, err)
	case user == "" || secret == "":
		return identity{}, fmt.Errorf("%w: user or secret is empty", ErrCredentials)
	case strings.ContainsRune(user+secret, 0):
		return identity{}, fmt.Errorf("%w: user or secret contains NUL", ErrCredentials)
	}
	return identity{user, secret}, nil
}

// client makes go-smtp's side of a mechanism.
func (id identity) client(m Mechanism) sasl.Client {
	switch m {
	case Login:
		return &login{answers: []string{id.user, id.secret}}
	case XOAuth2:
		return &xoauth2{id: id}
	}
	return sasl.NewPlainClient("", id.user, id.secret)
}

// redactor returns a function that takes the secret out of a text, in every
// form in which the dialogue may carry it: servers have been seen to quote
// what they do not understand. The user name may stay.
func (id identity) redactor() func(string) string {
	const hidden = "[secret]"
	pairs := []string{}
	for _, s := range []string{
		id.secret,
		base64.StdEncoding.EncodeToString([]byte(id.secret)),
		base64.StdEncoding.EncodeToString([]byte("\x00" + id.user + "\x00" + id.secret)),
		base64.StdEncoding.EncodeToString((&xoauth2{id: id}).response()),
	} {
		pairs = append(pairs, s, hidden)
		if bare := strings.TrimRight(s, "="); bare != "" && bare != s {
			pairs = append(pairs, bare, hidden)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// login is AUTH LOGIN (draft-murchison-sasl-login): the user, then the
// password, whatever the server calls them. go-sasl's insists on one wording,
// and sends the user before it is asked, which not every server takes.
type login struct{ answers []string }

func (l *login) Start() (mechanism string, initial []byte, err error) {
	return string(Login), nil, nil
}

func (l *login) Next([]byte) ([]byte, error) {
	if len(l.answers) == 0 {
		return nil, fmt.Errorf("%w: AUTH LOGIN asks for a third time", ErrReply)
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return []byte(answer), nil
}

// xoauth2 is XOAUTH2, which is not in go-sasl.
type xoauth2 struct {
	id   identity
	told bool
}

func (x *xoauth2) response() []byte {
	return []byte("user=" + x.id.user + "\x01auth=Bearer " + x.id.secret + "\x01\x01")
}

func (x *xoauth2) Start() (mechanism string, initial []byte, err error) {
	return string(XOAuth2), x.response(), nil
}

// Next answers the server's account of an error with an empty line, for which
// it then gives the reply.
func (x *xoauth2) Next([]byte) ([]byte, error) {
	if x.told {
		return nil, fmt.Errorf("%w: XOAUTH2 goes on", ErrReply)
	}
	x.told = true
	return []byte{}, nil
}
