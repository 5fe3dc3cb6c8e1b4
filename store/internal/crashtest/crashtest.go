// Package crashtest kills processes that use a store, and compares what the
// store holds then with what they had been told.
package crashtest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/store"
)

// Subject is a store to be tried. Its Run is all that its test does: the test
// binary starts itself again as the processes that are killed.
type Subject struct {
	// Test is the name of the test, Where where the store is, as Open takes it
	// in this process and in the others.
	Test, Where string
	Open        func(t *testing.T, where string) store.Store
	// Quiet returns when nothing that a killed process began goes on; nil where
	// nothing can.
	Quiet func(t *testing.T)
	// Points is how often to kill.
	Points int
}

const (
	envWhere  = "CERTMAIL_CRASH_WHERE"
	envSeed   = "CERTMAIL_CRASH_SEED"
	envWorker = "CERTMAIL_CRASH_WORKER"
)

// Child runs as a process to be killed, and reports whether this is one.
func Child(t *testing.T, open func(t *testing.T, where string) store.Store) bool {
	where, ok := os.LookupEnv(envWhere)
	if !ok {
		return false
	}
	seed, err := strconv.ParseUint(os.Getenv(envSeed), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	w := worker{t: t, s: open(t, where), account: os.Getenv(envWorker), rand: rand.New(rand.NewPCG(seed, 1)), seed: seed}
	w.work()
	return true
}

// Run kills two processes at each point, each with an account of its own.
func Run(t *testing.T, sub Subject) {
	s := sub.Open(t, sub.Where)
	models := []*model{newModel("a"), newModel("b")}
	killed := map[string]int{}
	for point := range sub.Points {
		dice := rand.New(rand.NewPCG(uint64(point), 2))
		done := make(chan error, len(models))
		for i, m := range models {
			kill := sub.start(t, m, uint64(point*len(models)+i))
			after, pause := 1+dice.IntN(40), time.Duration(dice.IntN(2500))*time.Microsecond
			go func() { done <- kill(after, pause) }()
		}
		for range models {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		if sub.Quiet != nil {
			sub.Quiet(t)
		}
		for _, m := range models {
			killed[m.pending()]++
			m.compare(t, s)
		}
		if t.Failed() {
			t.Fatalf("at point %d", point)
		}
		recovered(t, s, models)
	}
	t.Logf("killed during %v; %d and %d submissions, %d and %d steps", killed,
		len(models[0].state), len(models[1].state), models[0].step, models[1].step)
}

// start starts a process. The function it returns kills it a moment after it
// said some lines, and reads the rest.
func (sub *Subject) start(t *testing.T, m *model, seed uint64) (kill func(after int, pause time.Duration) error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+sub.Test+"$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), envWhere+"="+sub.Where, envSeed+"="+strconv.FormatUint(seed, 10), envWorker+"="+m.account)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m.began = nil
	return func(after int, pause time.Duration) error {
		lines := bufio.NewReader(out)
		for n := 1; ; n++ {
			line, err := lines.ReadString('\n')
			if err == io.EOF {
				break // a line without its end was not said
			}
			if err != nil {
				return err
			}
			if err := m.hear(strings.Fields(line)); err != nil {
				_ = cmd.Process.Kill()
				return err
			}
			if n == after {
				time.Sleep(pause)
				if err := cmd.Process.Kill(); err != nil {
					return err
				}
			}
		}
		err := cmd.Wait()
		if err == nil || cmd.ProcessState.Exited() {
			return fmt.Errorf("worker %s ended by itself: %v", m.account, err)
		}
		return nil
	}
}

// recovered does what a program does after a crash, so that there is work for the
// next processes.
func recovered(t *testing.T, s store.Store, models []*model) {
	t.Helper()
	expired, err := s.Expire(t.Context(), base.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range models {
		for _, e := range expired {
			if e.Account == m.account {
				if m.state[e.Key] != store.Sending {
					t.Fatalf("%s expired, and was %s", e.Key, m.state[e.Key])
				}
				m.state[e.Key] = store.Uncertain
			}
		}
		for key, state := range m.state {
			if state == store.Sending {
				t.Fatalf("%s did not expire", key)
			}
			if state != store.Uncertain {
				continue
			}
			to := []store.State{store.Queued, store.Sent}[len(key)%2]
			if err := s.Decide(t.Context(), m.account, key, store.Uncertain, to, "found", base); err != nil {
				t.Fatal(err)
			}
			m.state[key] = to
		}
	}
}
