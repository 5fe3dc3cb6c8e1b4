package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certmail/certmail/transport"
)

// SenderFixture is a sender to test, made anew for each test.
type SenderFixture struct {
	Sender transport.Sender
	// From is the account's address; To are two recipients or more.
	// anna@alfa.example, bruno@beta.example and carla@beta.example unless set.
	From string
	To   []string
	// Taken returns the messages that the server took, in their order: their
	// exact bytes, as submitted, and their envelope. Source may be nil where
	// the bytes cannot be had.
	Taken func(t *testing.T) []transport.Message
	// Each fault befalls the next submission, and that one only: a sender that
	// tried again by itself would be found out. RefuseLogin befalls the next
	// login, on a new connection if need be. CutBeforeDot ends the connection
	// before the server has the whole message, CutAfterDot when it has taken it
	// and not answered. Stall makes the server never answer. Nil where a fault
	// cannot be had.
	RefuseForGood, RefuseForNow, RefuseLogin, CutBeforeDot, CutAfterDot, Stall func(t *testing.T)
	// Large is the size of the large message; 5 MiB unless set.
	Large int64
	// Patience is how long a call may take; 30 s unless set.
	Patience time.Duration
}

// Sender tests a transport.Sender. It calls open for each test.
func Sender(t *testing.T, open func(t *testing.T) SenderFixture) {
	fault := func(hook func(SenderFixture) func(*testing.T), taken int, outcomes ...transport.Outcome) func(*senderTest) {
		return func(s *senderTest) {
			strike := hook(s.SenderFixture)
			if strike == nil {
				s.Log("left out: the fixture has no such fault")
				return
			}
			s.fault(strike, taken, outcomes...)
		}
	}
	for _, test := range []struct {
		name string
		run  func(*senderTest)
	}{
		{"Accepted", (*senderTest).accepted},
		{"Bytes", (*senderTest).bytes},
		{"OnlyItsSize", (*senderTest).onlyItsSize},
		{"Large", (*senderTest).large},
		{"Unreadable", (*senderTest).unreadable},
		{"RefuseForGood", fault(func(f SenderFixture) func(*testing.T) { return f.RefuseForGood }, 0, transport.Refused)},
		{"RefuseForNow", fault(func(f SenderFixture) func(*testing.T) { return f.RefuseForNow }, 0, transport.Deferred)},
		{"RefuseLogin", (*senderTest).login},
		// A client may know that it never wrote the dot, or not.
		{"CutBeforeDot", fault(func(f SenderFixture) func(*testing.T) { return f.CutBeforeDot }, 0, transport.Uncertain, transport.Deferred)},
		{"CutAfterDot", fault(func(f SenderFixture) func(*testing.T) { return f.CutAfterDot }, 1, transport.Uncertain)},
		{"Cancelled", (*senderTest).cancelled},
		{"CancelledDuring", (*senderTest).cancelledDuring},
		{"Concurrent", (*senderTest).concurrent},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := open(t)
			if f.From == "" {
				f.From = "anna@alfa.example"
			}
			if f.To == nil {
				f.To = []string{"bruno@beta.example", "carla@beta.example"}
			}
			if f.Large == 0 {
				f.Large = 5 << 20
			}
			if f.Patience == 0 {
				f.Patience = 30 * time.Second
			}
			test.run(&senderTest{t, f, t.Context()})
		})
	}
}

type senderTest struct {
	*testing.T
	SenderFixture
	ctx context.Context
}

// message makes a submission; body ends in CRLF.
func (s *senderTest) message(n int, body string) (*transport.Message, []byte) {
	data := fmt.Appendf(nil, "From: %s\r\nTo: %s\r\nSubject: n. %d\r\nDate: Mon, 02 Mar 2026 09:30:00 +0100\r\nMessage-ID: <%d@client.example>\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s", s.From, strings.Join(s.To, ", "), n, n, body)
	return &transport.Message{From: s.From, To: slices.Clone(s.To), Source: bytes.NewReader(data), Size: int64(len(data))}, data
}

// send submits, and fails the test when that takes too long.
func (s *senderTest) send(ctx context.Context, m *transport.Message) error {
	s.Helper()
	done := make(chan error, 1)
	go func() { done <- s.Sender.Send(ctx, m) }()
	select {
	case err := <-done:
		s.wellFormed(err)
		return err
	case <-time.After(s.Patience):
		s.Fatalf("Send: still busy after %s", s.Patience)
		return nil
	}
}

// wellFormed checks what is promised of any error.
func (s *senderTest) wellFormed(err error) {
	s.Helper()
	if err == nil {
		return
	}
	e, ok := errors.AsType[*transport.Error](err)
	switch {
	case !ok:
		s.Fatalf("Send: %v (%T) wraps no *transport.Error", err, err)
	case e.Outcome != transport.Refused && e.Outcome != transport.Deferred && e.Outcome != transport.Uncertain:
		s.Fatalf("Send: %v: unknown outcome %d", err, e.Outcome)
	case e.Outcome == transport.Uncertain && e.Code != 0:
		s.Fatalf("Send: %v: a reply leaves nothing uncertain", err)
	case e.Outcome == transport.Refused && e.Code/100 == 4, e.Outcome == transport.Deferred && e.Code/100 == 5:
		s.Fatalf("Send: %v: the outcome is not that of the reply", err)
	case e.Code == 0 && e.Err == nil:
		s.Fatalf("Send: %v: neither a reply nor a cause", err)
	case errors.Is(err, transport.ErrLogin) && e.Outcome != transport.Refused:
		s.Fatalf("Send: %v: a refused login is Refused", err)
	}
}

func (s *senderTest) sent(n int, body string) []byte {
	s.Helper()
	m, data := s.message(n, body)
	if err := s.send(s.ctx, m); err != nil {
		s.Fatalf("Send: %v", err)
	}
	return data
}

// took checks what the server has taken, in this order.
func (s *senderTest) took(want ...[]byte) {
	s.Helper()
	if s.Taken == nil {
		return
	}
	got := s.Taken(s.T)
	if len(got) != len(want) {
		s.Fatalf("the server took %d messages, want %d", len(got), len(want))
	}
	for i, m := range got {
		s.same(m, want[i])
	}
}

func (s *senderTest) same(m transport.Message, want []byte) {
	s.Helper()
	if m.From != s.From || !slices.Equal(m.To, s.To) {
		s.Errorf("envelope from %s to %v, want %s to %v", m.From, m.To, s.From, s.To)
	}
	if m.Source == nil {
		return
	}
	data, err := io.ReadAll(m.Reader())
	if err != nil {
		s.Fatal(err)
	}
	if !bytes.Equal(data, want) {
		at := 0
		for at < min(len(data), len(want)) && data[at] == want[at] {
			at++
		}
		s.Errorf("the server took %d bytes, want %d; they differ at %d: %.30q, want %.30q", len(data), len(want), at, data[at:], want[at:])
	}
}

func (s *senderTest) accepted() {
	a := s.sent(1, "ciao\r\n")
	s.took(a)
	b := s.sent(2, "ciao di nuovo\r\n")
	s.took(a, b)
}

func (s *senderTest) bytes() {
	var want [][]byte
	for n, body := range []string{
		"", "\r\n", ".\r\n", "..\r\n.\r\na.\r\n", ".a\r\n\r\n.\r\n", "perch\xc3\xa9\r\n", "perch\xe9 \xff\r\n", strings.Repeat("x", 900) + "\r\n", "\r\n\r\n\r\n",
		"a\r\n.\r\nQUIT\r\n", "From anna\r\n>From bruno\r\n", " \r\n\t\r\n",
		strings.Repeat("y", 4000-10) + "\r\n.\r\n", // about where buffers end
		strings.Repeat(".\r\n", 5000),
	} {
		want = append(want, s.sent(n, body))
	}
	s.took(want...)
}

// onlyItsSize: a Source may hold more than the message.
func (s *senderTest) onlyItsSize() {
	m, data := s.message(1, "ciao\r\n")
	m.Source = bytes.NewReader(append(bytes.Clone(data), "not of the message\r\n"...))
	if err := s.send(s.ctx, m); err != nil {
		s.Fatalf("Send: %v", err)
	}
	s.took(data)
}

func (s *senderTest) large() {
	body := strings.Repeat(strings.Repeat(".0123456789", 6)+"\r\n", int(s.Large)/68)
	s.took(s.sent(1, body))
}

// unreadable: a message that cannot be read to its end is not sent.
func (s *senderTest) unreadable() {
	broken := errors.New("broken")
	m, data := s.message(1, strings.Repeat("riga\r\n", 50_000))
	m.Source = brokenAt{bytes.NewReader(data), int64(len(data) / 2), broken}
	if err := s.send(s.ctx, m); !errors.Is(err, broken) {
		s.Fatalf("Send of a message that cannot be read: %v, want that error", err)
	}
	s.took()
	s.took(s.sent(2, "ciao\r\n"))
}

type brokenAt struct {
	io.ReaderAt
	at  int64
	err error
}

func (b brokenAt) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.at {
		n, _ := b.ReaderAt.ReadAt(p[:max(0, min(int64(len(p)), b.at-off))], off)
		return n, b.err
	}
	return b.ReaderAt.ReadAt(p, off)
}

// fault: the outcome is right, nothing was sent twice, and the sender works on.
func (s *senderTest) fault(strike func(*testing.T), taken int, outcomes ...transport.Outcome) {
	strike(s.T)
	m, data := s.message(1, "ciao\r\n")
	err := s.send(s.ctx, m)
	e, ok := errors.AsType[*transport.Error](err)
	if !ok || !slices.Contains(outcomes, e.Outcome) || errors.Is(err, transport.ErrLogin) {
		s.Fatalf("Send: %v, want %v", err, outcomes)
	}
	if reply := outcomes[0] != transport.Uncertain; reply != (e.Code != 0) {
		s.Fatalf("Send: %v: code %d", err, e.Code)
	}
	want := [][]byte{data}[:taken]
	s.took(want...)
	s.took(append(want, s.sent(2, "ciao\r\n"))...)
}

func (s *senderTest) login() {
	if s.RefuseLogin == nil {
		return
	}
	s.RefuseLogin(s.T)
	m, _ := s.message(1, "ciao\r\n")
	if err := s.send(s.ctx, m); !errors.Is(err, transport.ErrLogin) {
		s.Fatalf("Send: %v, want ErrLogin", err)
	}
	s.took()
}

// cancelled: with a context that has ended nothing is offered.
func (s *senderTest) cancelled() {
	gone, cancel := context.WithCancel(s.ctx)
	cancel()
	late, cancel := context.WithDeadline(s.ctx, time.Unix(1, 0))
	defer cancel()
	for c, want := range map[context.Context]error{gone: context.Canceled, late: context.DeadlineExceeded} {
		m, _ := s.message(1, "ciao\r\n")
		err := s.send(c, m)
		if e, ok := errors.AsType[*transport.Error](err); !errors.Is(err, want) || !ok || e.Outcome == transport.Uncertain {
			s.Fatalf("Send: %v, want %v and nothing uncertain", err, want)
		}
	}
	s.took()
	s.took(s.sent(2, "ciao\r\n"))
}

// cancelledDuring: the sender does not wait longer than it is told, and what
// the server took in the meantime is uncertain.
func (s *senderTest) cancelledDuring() {
	if s.Stall == nil {
		return
	}
	s.Stall(s.T)
	c, cancel := context.WithTimeout(s.ctx, 100*time.Millisecond)
	defer cancel()
	m, data := s.message(1, "ciao\r\n")
	err := s.send(c, m)
	e, ok := errors.AsType[*transport.Error](err)
	if !ok || !errors.Is(err, context.DeadlineExceeded) {
		s.Fatalf("Send to a server that does not answer: %v, want the end of the context", err)
	}
	if s.Taken == nil {
		return
	}
	if got := s.Taken(s.T); len(got) > 0 {
		if e.Outcome != transport.Uncertain {
			s.Fatalf("Send: %v, and the server took it", err)
		}
		s.took(data)
	}
}

func (s *senderTest) concurrent() {
	const count = 12
	want := map[string]bool{}
	var wg sync.WaitGroup
	errs := make(chan error, count)
	for n := range count {
		m, data := s.message(n, "ciao\r\n")
		want[string(data)] = true
		wg.Go(func() { errs <- s.Sender.Send(s.ctx, m) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			s.Fatalf("Send: %v", err)
		}
	}
	if s.Taken == nil {
		return
	}
	got := s.Taken(s.T)
	if len(got) != count {
		s.Fatalf("the server took %d messages, want %d", len(got), count)
	}
	for _, m := range got {
		if m.Source == nil {
			continue
		}
		data, err := io.ReadAll(m.Reader())
		if err != nil || !want[string(data)] {
			s.Fatalf("the server took %.300q twice, or nobody sent it (%v)", data, err)
		}
		delete(want, string(data))
	}
}
