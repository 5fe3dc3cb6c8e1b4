package pecserve

import (
	"errors"
	"io"
	"sync"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/certmail/certmail/pec/pectest"
)

// Answers that the network does not give itself.
var (
	// RFC 4954 §6.
	errAuthRequired = &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	errCredentials  = &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "Authentication credentials invalid"}
)

// submission makes the server of the access point. The library announces SIZE
// and refuses by itself what a client announces beyond it; it also refuses a
// message of exactly that size, which the network would take.
func (at *site) submission() protocol {
	return at.smtpServer(at.config.MaxSize, func(c *smtp.Conn) (smtp.Session, error) {
		return &submission{site: at, conn: c}, nil
	})
}

// login opens an account of this provider; the error is ErrLogin.
func (at *site) login(user, password string) (*pectest.Account, error) {
	if !at.provider.Handles(user) {
		return nil, pectest.ErrLogin // a user of another provider is none here
	}
	return at.net.Login(user, password)
}

// submission is a session with a user's client.
type submission struct {
	*site
	conn *smtp.Conn

	mu      sync.Mutex // BDAT takes the message in another goroutine
	account *pectest.Account
	from    string
	to      []string
	size    int64
}

func (s *submission) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (s *submission) Auth(mechanism string) (sasl.Server, error) {
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(identity, user, password string) error {
			if identity != "" && identity != user {
				return errCredentials
			}
			return s.authenticate(user, password)
		}), nil
	case sasl.Login:
		return &loginServer{authenticate: s.authenticate}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (s *submission) authenticate(user, password string) error {
	a, err := s.login(user, password)
	if err != nil {
		return errCredentials
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = a
	return nil
}

func (s *submission) Mail(from string, opts *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.account == nil {
		return errAuthRequired
	}
	if err := s.account.CheckRecipients(from, 0, opts.Size); err != nil {
		return reply(err)
	}
	s.from, s.to, s.size = from, nil, opts.Size
	return nil
}

func (s *submission) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.account == nil {
		return errAuthRequired
	}
	if err := s.account.CheckRecipients(s.from, len(s.to)+1, s.size); err != nil {
		return reply(err)
	}
	s.to = append(s.to, to)
	return nil
}

// Data submits. A connection that the network cuts is broken without an
// answer: before anything is read, or when the message is taken.
func (s *submission) Data(r io.Reader) error {
	s.mu.Lock()
	account, from, to := s.account, s.from, s.to
	s.mu.Unlock()
	if account == nil {
		return errAuthRequired
	}
	err := account.SubmitFrom(s.ctx, from, to, tooLarge{r})
	if errors.Is(err, pectest.ErrCut) {
		cut(s.conn.Conn())
	}
	return reply(err)
}

// tooLarge lets a message that the library breaks off for its size be one byte
// longer than allowed, so that the network refuses it, and knows.
type tooLarge struct{ io.Reader }

func (t tooLarge) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if n == 0 && len(p) > 0 && errors.Is(err, smtp.ErrDataTooLarge) {
		p[0] = '\n'
		return 1, io.EOF
	}
	return n, err
}

func (s *submission) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.to, s.size = "", nil, 0
}

func (s *submission) Logout() error { return nil }

// loginServer is the server side of AUTH LOGIN, which go-sasl has only for
// clients (draft-murchison-sasl-login).
type loginServer struct {
	authenticate func(user, password string) error
	user         *string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		user := string(response)
		l.user = &user
		return []byte("Password:"), false, nil
	}
	return nil, true, l.authenticate(*l.user, string(response))
}
