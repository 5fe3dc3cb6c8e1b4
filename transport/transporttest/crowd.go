package transporttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/certmail/certmail/transport"
)

// concurrent: clients may be used from many goroutines. Each worker appends,
// reads, marks, moves and deletes messages of its own, and reads all.
func (m *mailboxTest) concurrent() {
	const workers, rounds = 6, 8
	boxes := m.clients()
	var wg sync.WaitGroup
	errs := make(chan error, workers*2)
	for w := range workers {
		box := boxes[w%len(boxes)]
		wg.Go(func() {
			for n := range rounds {
				if err := m.round(box, w*1000+n, n); err != nil {
					errs <- fmt.Errorf("worker %d, round %d: %w", w, n, err)
					return
				}
			}
		})
	}
	m.ok(m.within("the workers", func() error { wg.Wait(); return nil }), "workers")
	close(errs)
	for err := range errs {
		m.Error(err)
	}
	count := map[string]int{}
	for _, folder := range []string{m.Folder, m.Other} {
		items, _ := m.all(m.Mailbox, folder, "", 7)
		for _, it := range items {
			count[folder+string(m.fetch(m.Mailbox, folder, it.ID))]++
		}
	}
	for w := range workers {
		for n := range rounds {
			want := [][2]int{{1, 0}, {0, 1}, {0, 0}}[n%3]
			text := string(letter(w*1000 + n))
			if got := [2]int{count[m.Folder+text], count[m.Other+text]}; got != want {
				m.Errorf("worker %d, message %d: %v copies in the two folders, want %v", w, n, got, want)
			}
		}
	}
}

func (m *mailboxTest) round(box transport.Mailbox, letterNo, n int) error {
	data := letter(letterNo)
	id, err := box.Append(m.ctx, m.Folder, nil, time.Time{}, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	if err := box.SetFlags(m.ctx, m.Folder, id, m.Flags[:1]); err != nil {
		return err
	}
	items, _, err := box.List(m.ctx, m.Folder, "", 1000)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(items, func(it transport.Item) bool { return it.ID == id && flags(it.Flags) == flags(m.Flags[:1]) }) {
		return fmt.Errorf("%s is not listed with its flag", id)
	}
	r, err := box.Fetch(m.ctx, m.Folder, id)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	if !bytes.Equal(got, data) {
		return fmt.Errorf("%s: other bytes", id)
	}
	switch n % 3 {
	case 1:
		return box.Move(m.ctx, m.Folder, id, m.Other)
	case 2:
		return box.Delete(m.ctx, m.Folder, id)
	}
	return nil
}

// twoClients: what one does the other sees.
func (m *mailboxTest) twoClients() {
	a, b := m.Mailbox, m.Another(m.T)
	m.deliver(m.Folder, 0, 4)
	_, end := m.list(a, m.Folder, "", 10)
	items := m.holds(b, m.Folder, 0, 1, 2, 3)
	m.ok(a.Delete(m.ctx, m.Folder, items[0].ID), "Delete")
	m.ok(a.Move(m.ctx, m.Folder, items[1].ID, m.Other), "Move")
	for _, gone := range items[:2] {
		for what, do := range m.calls(b, m.Folder, gone.ID) {
			m.is(do(m.ctx), transport.ErrNotFound, "%s of what the other client took away", what)
		}
	}
	m.holds(b, m.Folder, 2, 3)
	m.holds(b, m.Other, 1)
	data := letter(4)
	id, err := a.Append(m.ctx, m.Folder, m.Flags[:1], time.Time{}, bytes.NewReader(data), int64(len(data)))
	m.ok(err, "Append")
	m.ok(m.within("Wait", func() error { return b.Wait(m.ctx, m.Folder, end) }), "Wait")
	fresh, _, err := m.news(b, m.Folder, end)
	m.ok(err, "news")
	m.are(b, m.Folder, fresh, 4)
	if fresh[0].ID != id {
		m.Fatalf("one client says %s, the other %s", id, fresh[0].ID)
	}
	m.ok(b.SetFlags(m.ctx, m.Folder, id, m.Flags[1:2]), "SetFlags")
	fresh, _ = m.list(a, m.Folder, end, 10)
	m.sameFlags(fresh[0].Flags, m.Flags[1:2], "set by the other client")
}

// random does many things in a random order, seeded, beside a model of the
// mailbox. A collector with a cursor must see each message that was there when
// it looked, once and in order.
func (m *mailboxTest) random() {
	type known struct {
		id transport.ID
		n  int
	}
	random := rand.New(rand.NewPCG(7, 11))
	boxes := m.clients()
	model := map[string][]known{m.Folder: nil, m.Other: nil}
	cursors := map[string]transport.Cursor{}
	fresh := map[string]int{} // of the model's tail, not yet collected
	next := 0
	add := func(folder string, k known) {
		model[folder] = append(model[folder], k)
		fresh[folder]++
	}
	remove := func(folder string, i int) {
		if i >= len(model[folder])-fresh[folder] {
			fresh[folder]--
		}
		model[folder] = slices.Delete(model[folder], i, i+1)
	}
	last := func(box transport.Mailbox, folder string) transport.ID {
		items, _ := m.all(box, folder, "", 1000)
		if len(items) != len(model[folder])+1 {
			m.Fatalf("%s: %d messages, want %d", folder, len(items), len(model[folder])+1)
		}
		return items[len(items)-1].ID
	}
	for step := range 150 {
		folder, other := m.Folder, m.Other
		if random.IntN(3) == 0 {
			folder, other = other, folder
		}
		box := boxes[random.IntN(len(boxes))]
		all := model[folder]
		switch op := random.IntN(10); {
		case op < 3:
			m.deliver(folder, next, next+1)
			add(folder, known{last(box, folder), next})
			next++
		case op < 4:
			data := letter(next)
			id, err := box.Append(m.ctx, folder, nil, time.Time{}, bytes.NewReader(data), int64(len(data)))
			m.ok(err, "step %d: Append", step)
			add(folder, known{id, next})
			next++
		case op < 7: // collect
			items, cursor := m.list(box, folder, cursors[folder], 1+random.IntN(4))
			from := len(all) - fresh[folder]
			want := all[from:min(len(all), from+len(items))]
			if len(items) == 0 && fresh[folder] > 0 || len(items) > fresh[folder] {
				m.Fatalf("step %d: %s lists %d messages, %d are new", step, folder, len(items), fresh[folder])
			}
			for i, k := range want {
				if items[i].ID != k.id {
					m.Fatalf("step %d: %s lists %s, want %s (letter %d)", step, folder, items[i].ID, k.id, k.n)
				}
			}
			m.are(box, folder, items, numbers(len(want), func(i int) int { return want[i].n })...)
			fresh[folder] -= len(items)
			cursors[folder] = cursor
		case len(all) == 0:
		case op < 8:
			i := random.IntN(len(all))
			m.ok(box.SetFlags(m.ctx, folder, all[i].id, m.Flags[:random.IntN(len(m.Flags)+1)]), "step %d: SetFlags", step)
		case op < 9:
			i := random.IntN(len(all))
			m.ok(box.Move(m.ctx, folder, all[i].id, other), "step %d: Move", step)
			add(other, known{last(box, other), all[i].n})
			remove(folder, i)
		default:
			i := random.IntN(len(all))
			m.ok(box.Delete(m.ctx, folder, all[i].id), "step %d: Delete", step)
			remove(folder, i)
		}
	}
	for folder, all := range model {
		for _, box := range boxes {
			m.holds(box, folder, numbers(len(all), func(i int) int { return all[i].n })...)
		}
	}
}

func numbers(count int, of func(int) int) []int {
	all := make([]int, count)
	for i := range all {
		all[i] = of(i)
	}
	return all
}
