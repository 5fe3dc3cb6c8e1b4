package bench

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"time"
)

// measurements are series of figures, one a round, by name.
type measurements map[string]*series

type series struct {
	values  []float64
	missing string // why there are none
}

func (m measurements) of(name string) *series {
	s := m[name]
	if s == nil {
		s = &series{}
		m[name] = s
	}
	return s
}

func (m measurements) record(name string, v float64) {
	s := m.of(name)
	s.values = append(s.values, v)
}

func (m measurements) miss(name, why string) { m.of(name).missing = why }

// figure is the median of the rounds' ratios, or why there is none.
func (m measurements) figure(g goal) (v float64, missing string) {
	of := m.of(g.of)
	if of.missing != "" || len(of.values) == 0 {
		return 0, reason(of)
	}
	if g.to == "" {
		return median(of.values), ""
	}
	to := m.of(g.to)
	if to.missing != "" || len(to.values) == 0 {
		return 0, reason(to)
	}
	ratios := make([]float64, min(len(of.values), len(to.values)))
	for i := range ratios {
		ratios[i] = of.values[i] / to.values[i]
	}
	v = median(ratios)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, "the figure is not finite"
	}
	return v, ""
}

func reason(s *series) string {
	if s.missing == "" {
		return "not measured"
	}
	return s.missing
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	if n%2 == 1 {
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}

// A contestant takes a turn of about the given time and tells its rate, in
// operations a second.
type contestant struct {
	name    string
	turn    func(time.Duration) (float64, error)
	missing string // why it cannot run
}

// operation is a contestant that repeats f, which does n operations a call.
func operation(name string, n int, f func() error) contestant {
	return contestant{name: name, turn: func(d time.Duration) (float64, error) {
		done := 0
		start := time.Now()
		for {
			if err := f(); err != nil {
				return 0, err
			}
			done += n
			if elapsed := time.Since(start); elapsed >= d {
				return float64(done) / elapsed.Seconds(), nil
			}
		}
	}}
}

func absent(name, why string) contestant { return contestant{name: name, missing: why} }

// rounds lets the contestants take turns, each after a garbage collection that
// is not on its own account.
func (r *run) rounds(contestants []contestant) error {
	for _, c := range contestants {
		if c.missing != "" {
			r.results.miss(c.name, c.missing)
		}
	}
	for range r.Rounds {
		for _, c := range contestants {
			if c.missing != "" {
				continue
			}
			if err := r.ctx.Err(); err != nil {
				return err
			}
			runtime.GC()
			rate, err := c.turn(r.Slice)
			if err != nil {
				return &contestError{c.name, err}
			}
			r.results.record(c.name, rate)
		}
	}
	return nil
}

type contestError struct {
	name string
	err  error
}

func (e *contestError) Error() string { return e.name + ": " + e.err.Error() }
func (e *contestError) Unwrap() error { return e.err }

// together runs f on n goroutines for the time d and tells their common rate.
func together(n int, d time.Duration, f func() error) (float64, error) {
	var (
		group sync.WaitGroup
		lock  sync.Mutex
		done  int
		fault error
	)
	start := time.Now()
	for range n {
		group.Go(func() {
			mine := 0
			var err error
			for err == nil && time.Since(start) < d {
				err = f()
				mine++
			}
			lock.Lock()
			defer lock.Unlock()
			done += mine
			if err != nil {
				fault = err
			}
		})
	}
	group.Wait()
	return float64(done) / time.Since(start).Seconds(), fault
}

// allocationsOf is the average number of allocations of f, after one call that
// does not count.
func allocationsOf(n int, f func() error) (float64, error) {
	if err := f(); err != nil {
		return 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		if err := f(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs - before.Mallocs) / uint64(n)), nil
}
