package outbox

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/certmail/certmail/store"
)

// Limit is how fast an account may send, by its provider's rules or its
// contract. Each Outbox keeps it for itself: where several workers share an
// account, divide it among them.
type Limit struct {
	// Messages may be handed over in every Per, Burst of them at once and the
	// others evenly spread: in any time t at most Burst + t·Messages/Per. Zero
	// is no limit; Burst is 1 unless set.
	Messages int
	Per      time.Duration
	Burst    int
	// Recipients is how many may be written to in any 24 hours, counted to the
	// minute; 0 is any number. What the store knows to be sent, or uncertain,
	// counts from the start. A message for which none are left waits, and so
	// do those behind it.
	Recipients int
}

// meter keeps a Limit.
type meter struct {
	mu    sync.Mutex
	every time.Duration // between two messages, on the long run; 0 is no limit
	burst int
	next  time.Time // when the next would be due if all came evenly

	daily   int
	minutes []minute  // of the last day, in order
	used    int       // their sum
	shut    time.Time // no message is claimed before
	loaded  bool
}

type minute struct {
	start time.Time
	count int
}

const day = 24 * time.Hour

func newMeter(l Limit) *meter {
	m := &meter{burst: max(l.Burst, 1), daily: l.Recipients}
	if l.Messages > 0 && l.Per > 0 {
		m.every = (l.Per + time.Duration(l.Messages) - 1) / time.Duration(l.Messages)
	}
	return m
}

// free returns how many messages may be handed over now; where there are none,
// how long to wait. It is not ok when no wait will do that Drain should take.
func (m *meter) free(now time.Time) (n int, wait time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shut.After(now) {
		return 0, 0, false
	}
	n, wait = m.room(now)
	return n, wait, true
}

func (m *meter) room(now time.Time) (n int, wait time.Duration) {
	if m.every <= 0 {
		return math.MaxInt32, 0
	}
	due := m.next
	if due.Before(now) {
		due = now
	}
	early := due.Sub(now) // how far we are ahead of an even pace
	n = int((time.Duration(m.burst)*m.every - early) / m.every)
	if n <= 0 {
		return 0, early - time.Duration(m.burst-1)*m.every
	}
	return n, 0
}

// fits tells whether a message can ever be sent.
func (m *meter) fits(recipients int) bool { return m.daily <= 0 || recipients <= m.daily }

// take counts a message that is about to be handed over. When it may not be, it
// tells how long to wait, 0 for longer than anybody should.
func (m *meter) take(now time.Time, recipients int) (wait time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n, wait := m.room(now); n == 0 {
		return wait, false
	}
	if m.daily > 0 {
		m.forget(now)
		if m.used+recipients > m.daily {
			m.shut = m.enough(recipients)
			return 0, false
		}
		m.count(now, recipients)
	}
	if m.every > 0 {
		if m.next.Before(now) {
			m.next = now
		}
		m.next = m.next.Add(m.every)
	}
	return 0, true
}

// forget drops what is older than a day.
func (m *meter) forget(now time.Time) {
	for len(m.minutes) > 0 && !m.minutes[0].over().After(now) {
		m.used -= m.minutes[0].count
		m.minutes = m.minutes[1:]
	}
}

// over is when the recipients of a minute count no more.
func (m minute) over() time.Time { return m.start.Add(time.Minute + day) }

// enough returns when as many recipients are free.
func (m *meter) enough(recipients int) time.Time {
	used := m.used
	for _, one := range m.minutes {
		if used -= one.count; used+recipients <= m.daily {
			return one.over()
		}
	}
	return time.Time{}
}

// count notes recipients that were written to at a time.
func (m *meter) count(at time.Time, recipients int) {
	start := at.Truncate(time.Minute)
	i := len(m.minutes)
	for i > 0 && m.minutes[i-1].start.After(start) {
		i--
	}
	if i > 0 && m.minutes[i-1].start.Equal(start) {
		m.minutes[i-1].count += recipients
	} else {
		m.minutes = append(m.minutes, minute{})
		copy(m.minutes[i+1:], m.minutes[i:])
		m.minutes[i] = minute{start, recipients}
	}
	m.used += recipients
}

// refund gives back the recipients of a message that the provider did not take.
// The attempt itself counts.
func (m *meter) refund(at time.Time, recipients int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	start := at.Truncate(time.Minute)
	for i := range m.minutes {
		if one := &m.minutes[i]; one.start.Equal(start) {
			one.count -= recipients
			m.used -= recipients
			m.shut = time.Time{}
			return
		}
	}
}

// remember counts, once, what the account sent in the last day before this
// Outbox began.
func (o *Outbox) remember(ctx context.Context, b *box) error {
	m := b.meter
	if m.daily <= 0 || m.loaded {
		return nil
	}
	now := o.opt.Now()
	f := store.Filter{Account: b.account, States: []store.State{store.Sent, store.Uncertain}, Since: now.Add(-day - time.Minute)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.minutes, m.used = nil, 0
	for {
		page, err := o.opt.Store.Submissions(ctx, f)
		if err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		if len(page) == 0 {
			m.loaded = true
			return nil
		}
		for i := range page {
			f.After = page[i].Order
			m.count(page[i].Sent.Time, len(page[i].Sent.Recipients))
		}
	}
}

// wait is Options.Wait unless set.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
