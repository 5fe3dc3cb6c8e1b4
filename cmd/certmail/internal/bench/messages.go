package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// small measures everything that is done to one small message, on one core.
func (r *run) small() error {
	defer oneCore()()
	s, t := r.subject, r.Trust
	original := smallOriginal()
	build := optional("rate/build", s.Build != nil, func() error {
		return s.Build(discard{}, bytes.NewReader(original), int64(len(original)))
	})
	ledger := absent("rate/ledger", notWired)
	if s.Ledger != nil {
		n := 10_000
		if r.quick {
			n = 100
		}
		run, err := s.Ledger(n)
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		ledger = operation("rate/ledger", n, run)
	}

	names := []string{"rate/limit1", "rate/limit2", "rate/warm", "rate/cold", "rate/naive-go", "rate/parse", "rate/naive-parse", "rate/openssl-raw", "rate/openssl-full"}
	if s.Small == nil {
		for _, name := range names {
			r.results.miss(name, notWired)
		}
		l, err := newLimits(t, original)
		if err != nil {
			return err
		}
		return r.rounds([]contestant{build, operation("rate/sign", 1, l.sign), ledger})
	}
	msg, err := s.Small()
	if err != nil {
		return fmt.Errorf("the small message: %w", err)
	}
	r.notes["small"] = size(len(msg))
	n := newNaive(t)
	l, err := newLimits(t, msg)
	if err != nil {
		return err
	}
	if err := r.fair(msg, n, original); err != nil {
		return err
	}
	file := filepath.Join(r.dir, "small.eml")
	if err := os.WriteFile(file, msg, 0o600); err != nil {
		return err
	}
	return r.rounds([]contestant{
		operation("rate/limit1", 1, func() error { return l.one(msg) }),
		operation("rate/limit2", 1, func() error { return l.two(msg) }),
		optional("rate/warm", s.VerifyWarm != nil, func() error { return s.VerifyWarm(msg) }),
		optional("rate/cold", s.VerifyCold != nil, func() error { return s.VerifyCold(msg) }),
		operation("rate/naive-go", 1, func() error { return n.verify(msg) }),
		r.openssl.contestant("rate/openssl-raw", "raw", file),
		r.openssl.contestant("rate/openssl-full", "full", file),
		optional("rate/parse", s.Parse != nil, func() error { return s.Parse(msg) }),
		operation("rate/naive-parse", 1, func() error { return n.parse(msg) }),
		build,
		operation("rate/sign", 1, l.sign),
		ledger,
	})
}

// fair sees that every contestant takes the message, and refuses it with one
// bit of its signed part flipped; that what is built verifies, too.
func (r *run) fair(msg []byte, n *naive, original []byte) error {
	content, _, err := splitSigned(msg)
	if err != nil {
		return err
	}
	at := bytes.Index(msg, content)
	altered := bytes.Clone(msg)
	altered[at+len(content)/2] ^= 1
	for _, c := range []struct {
		name   string
		verify func([]byte) error
	}{{"warm", r.subject.VerifyWarm}, {"cold", r.subject.VerifyCold}, {"naive-go", n.verify}} {
		if c.verify == nil {
			continue
		}
		if err := c.verify(msg); err != nil {
			return &contestError{c.name, err}
		}
		if c.verify(altered) == nil {
			return &contestError{c.name, errors.New("an altered message verifies")}
		}
		if err := c.verify(msg); err != nil {
			return &contestError{c.name, fmt.Errorf("after an altered message: %w", err)}
		}
	}
	if r.subject.Build == nil {
		return nil
	}
	var built bytes.Buffer
	if err := r.subject.Build(&built, bytes.NewReader(original), int64(len(original))); err != nil {
		return &contestError{"build", err}
	}
	if err := n.verify(built.Bytes()); err != nil {
		return &contestError{"build", fmt.Errorf("naive-go refuses what was built: %w", err)}
	}
	return nil
}

// medium measures one medium message, on one core.
func (r *run) medium() error {
	defer oneCore()()
	s := r.subject
	if s.Medium == nil {
		r.results.miss("medium/warm", notWired)
		return nil
	}
	msg, err := s.Medium()
	if err != nil {
		return fmt.Errorf("the medium message: %w", err)
	}
	r.notes["medium"] = size(len(msg))
	l, err := newLimits(r.Trust, msg)
	if err != nil {
		return err
	}
	return r.rounds([]contestant{
		operation("medium/limit1", 1, func() error { return l.one(msg) }),
		optional("medium/warm", s.VerifyWarm != nil, func() error { return s.VerifyWarm(msg) }),
	})
}

// scaling compares two goroutines with one, for the library and for limit1.
func (r *run) scaling() error {
	s := r.subject
	switch {
	case s.Small == nil || s.VerifyWarm == nil:
		r.results.miss("scale/warm", notWired)
		return nil
	case runtime.NumCPU() < 2:
		r.results.miss("scale/warm", "this machine has one processor")
		return nil
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	msg, err := s.Small()
	if err != nil {
		return err
	}
	l, err := newLimits(r.Trust, msg)
	if err != nil {
		return err
	}
	for range r.Rounds {
		for _, c := range []struct {
			name string
			f    func() error
		}{
			{"scale/limit1", func() error { return l.one(msg) }},
			{"scale/warm", func() error { return s.VerifyWarm(msg) }},
		} {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			var rates [2]float64
			for i := range rates {
				runtime.GC()
				if rates[i], err = together(i+1, r.Slice, c.f); err != nil {
					return &contestError{c.name, err}
				}
			}
			r.results.record(c.name, rates[1]/rates[0])
		}
	}
	return nil
}

// allocations counts those of a warm small message.
func (r *run) allocations() error {
	defer oneCore()()
	s := r.subject
	if s.Small == nil || s.VerifyWarm == nil {
		r.results.miss("allocations/warm", notWired)
		return nil
	}
	msg, err := s.Small()
	if err != nil {
		return err
	}
	n, err := allocationsOf(200, func() error { return s.VerifyWarm(msg) })
	if err != nil {
		return &contestError{"allocations", err}
	}
	r.results.record("allocations/warm", n)
	return nil
}

const notWired = "not part of this program"

func optional(name string, wired bool, f func() error) contestant {
	if !wired {
		return absent(name, notWired)
	}
	return operation(name, 1, f)
}

func size(n int) string { return fmt.Sprintf("%.1f KB", float64(n)/1000) }

// discard is io.Discard without the methods that io.Copy looks for, as a
// connection would be.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
