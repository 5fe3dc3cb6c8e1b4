package memory

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/certmail/certmail/transport"
)

// SenderOptions describes a Sender. The zero value and nil make a sensible one.
type SenderOptions struct {
	// MaxBytes and MaxMessages bound what it keeps; 256 MiB and 100,000 unless
	// set. What is over is Deferred (452), until Take makes room.
	MaxBytes    int64
	MaxMessages int
	// Clock gives the time of submissions; time.Now unless set.
	Clock func() time.Time
	// Before is called before a message is taken, and After behind it; the
	// error is what Send returns. An error that is no *transport.Error becomes
	// one: Deferred before, Uncertain behind.
	Before, After func(ctx context.Context, m *transport.Message) error
}

// Sender is a transport.Sender that keeps what it is given.
type Sender struct {
	opt SenderOptions

	mu    sync.Mutex
	kept  []Submission
	bytes int64
}

// Submission is a message that a Sender took.
type Submission struct {
	From string
	To   []string
	Time time.Time
	Data []byte
}

var _ transport.Sender = (*Sender)(nil)

// NewSender makes a sender. opt may be nil.
func NewSender(opt *SenderOptions) *Sender {
	s := &Sender{}
	if opt != nil {
		s.opt = *opt
	}
	s.opt.MaxBytes = cmp.Or(s.opt.MaxBytes, 256<<20)
	s.opt.MaxMessages = cmp.Or(s.opt.MaxMessages, 100_000)
	if s.opt.Clock == nil {
		s.opt.Clock = time.Now
	}
	return s
}

// Take returns what was taken since the last Take, in its order, and forgets
// it.
func (s *Sender) Take() []Submission {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.kept
	s.kept, s.bytes = nil, 0
	return taken
}

// Send keeps a message.
func (s *Sender) Send(ctx context.Context, m *transport.Message) error {
	if err := ctx.Err(); err != nil {
		return failure(transport.Deferred, err)
	}
	if s.opt.Before != nil {
		if err := s.opt.Before(ctx, m); err != nil {
			return failure(transport.Deferred, err)
		}
	}
	full := &transport.Error{Outcome: transport.Deferred, Code: 452, Status: "4.3.1", Text: "Storage exceeded", Err: ErrFull}
	if m.Size > s.opt.MaxBytes {
		full.Outcome, full.Code, full.Status = transport.Refused, 552, "5.3.4"
		return full
	}
	data, err := io.ReadAll(m.Reader())
	if err == nil && int64(len(data)) != m.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return &transport.Error{Outcome: transport.Refused, Err: err}
	}
	s.mu.Lock()
	if len(s.kept) >= s.opt.MaxMessages || s.bytes+m.Size > s.opt.MaxBytes {
		s.mu.Unlock()
		return full
	}
	s.kept = append(s.kept, Submission{From: m.From, To: slices.Clone(m.To), Time: s.opt.Clock(), Data: data})
	s.bytes += m.Size
	s.mu.Unlock()
	if s.opt.After != nil {
		if err := s.opt.After(ctx, m); err != nil {
			return failure(transport.Uncertain, err)
		}
	}
	return nil
}

func failure(o transport.Outcome, err error) error {
	if _, ok := errors.AsType[*transport.Error](err); ok {
		return err
	}
	return &transport.Error{Outcome: o, Err: err}
}
