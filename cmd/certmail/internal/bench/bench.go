// Package bench measures the library against fixed yardsticks in one run:
// the cryptographic work alone, a Go program of today's libraries, OpenSSL in
// process, and xmlsec1. Contestants take turns in short slices, a figure is the median of
// the rounds' ratios, and only ratios are reported: single rates swing with the
// machine.
package bench

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Config says how thoroughly to measure. Full and Quick make one.
type Config struct {
	// New makes the library under test; it must be the same as Child gets.
	New func(*Trust) (*Subject, error)
	// Trust is the provider.
	Trust *Trust

	// Rounds is how often the contestants take turns, Slice how long a turn
	// lasts, Large the size of the large messages in bytes.
	Rounds int
	Slice  time.Duration
	Large  int64

	// Executable and ChildArgs start this program so that it calls Child at
	// once. An empty Executable is the running program.
	Executable string
	ChildArgs  []string

	// Progress, if not nil, is told how far the run is.
	Progress func(done, total int)

	quick bool
}

// Full is the run whose figures count: about a minute, and 400 MB of temporary
// files.
func Full(trust *Trust, subject func(*Trust) (*Subject, error)) *Config {
	return &Config{New: subject, Trust: trust, Rounds: 7, Slice: 150 * time.Millisecond, Large: 100 << 20}
}

// Quick is a run that shows that all the parts work, in a few seconds. Its
// figures say nothing, and its rows say so.
func Quick(trust *Trust, subject func(*Trust) (*Subject, error)) *Config {
	return &Config{New: subject, Trust: trust, Rounds: 3, Slice: 15 * time.Millisecond, Large: 2 << 20, quick: true}
}

// run is one run's state.
type run struct {
	*Config
	ctx     context.Context
	subject *Subject
	dir     string // temporary
	ca      string // the authority in PEM
	openssl *openssl
	results measurements
	notes   map[string]string // what a row's text is completed with
}

// Run measures. What cannot be measured here has no figure and a reason; a
// contestant that refuses a good message, or takes an altered one, is an error.
func Run(ctx context.Context, c *Config) (rows []Row, err error) {
	subject, err := c.New(c.Trust)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	dir, err := os.MkdirTemp("", "certmail-bench-*")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	r := &run{Config: c, ctx: ctx, subject: subject, dir: dir, results: measurements{}, notes: map[string]string{}}
	r.ca = filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(r.ca, certificatePEM(c.Trust.CA), 0o600); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	r.openssl = findOpenSSL(ctx, dir, r.ca)

	parts := []func() error{r.small, r.medium, r.rem, r.list, r.scaling, r.allocations, r.large, r.memory}
	for i, part := range parts {
		r.step(i, len(parts))
		if err := part(); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
	}
	r.step(len(parts), len(parts))
	return r.rows(), nil
}

func (r *run) step(done, total int) {
	if r.Progress != nil {
		r.Progress(done, total)
	}
}

// oneCore keeps the garbage collector on the core that makes the garbage.
func oneCore() (restore func()) {
	before := runtime.GOMAXPROCS(1)
	return func() { runtime.GOMAXPROCS(before) }
}

func certificatePEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
