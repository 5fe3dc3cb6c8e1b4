package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// OpenedBlobs is a new, empty store of bytes under test.
type OpenedBlobs struct {
	store.Blobs
	// Again opens the same once more, as another process would; nil for one that
	// ends with its process.
	Again func() store.Blobs
	// Damage changes or cuts the stored bytes of a digest behind the store's
	// back; nil where that cannot be done.
	Damage func(name string, change func([]byte) []byte)
}

func (o OpenedBlobs) second() store.Blobs {
	if o.Again == nil {
		return o.Blobs
	}
	return o.Again()
}

// Blobs tries a store of bytes. open is called once for each subtest.
func Blobs(t *testing.T, open func(t *testing.T) OpenedBlobs) {
	for _, c := range []struct {
		name string
		try  func(*testing.T, OpenedBlobs)
	}{
		{"PutAndOpen", putAndOpen},
		{"PutAtOnce", putAtOnce},
		{"PutAll", putAll},
		{"PutFails", putFails},
		{"Corrupt", corrupt},
		{"OpenIsCancelled", openIsCancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.try(t, open(t)) })
	}
}

func noise(seed uint64, size int) []byte {
	data := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	r.Read(data)
	return data
}

func read(t *testing.T, b store.Blobs, data []byte) {
	t.Helper()
	r, err := b.Open(t.Context(), digest(string(data)))
	must(t, err)
	got, err := io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	if !bytes.Equal(got, data) {
		t.Fatalf("%d bytes read, not the %d that were put", len(got), len(data))
	}
}

func putAndOpen(t *testing.T, o OpenedBlobs) {
	var list [][]byte
	for i, size := range []int{0, 1, 4095, 32 << 10, 1<<20 + 1} {
		data := noise(uint64(i), size)
		list = append(list, data)
		for _, r := range []io.Reader{bytes.NewReader(data), iotest.HalfReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data))} {
			sum, n, err := o.Put(t.Context(), r)
			must(t, err)
			equal(t, "digest", sum, digest(string(data)))
			equal(t, "size", n, int64(size))
			read(t, o, data)
		}
	}
	for _, b := range []store.Blobs{o, o.second()} {
		for _, data := range list {
			read(t, b, data)
		}
		for _, none := range []string{"none", "zero"} {
			sum := digest(none)
			if none == "zero" {
				clear(sum[:])
			}
			_, err := b.Open(t.Context(), sum)
			fails(t, err, store.ErrNotFound)
		}
	}
}

// putAll puts small and large ones, and one of them twice.
func putAll(t *testing.T, o OpenedBlobs) {
	list := [][]byte{noise(1, 7_000), nil, noise(2, 300_000), noise(3, 10), noise(1, 7_000)}
	for range 2 {
		sums, err := store.PutAll(t.Context(), o.Blobs, list)
		must(t, err)
		equal(t, "digests", len(sums), len(list))
		for i, data := range list {
			equal(t, "digest", sums[i], digest(string(data)))
			read(t, o, data)
			read(t, o.second(), data)
		}
	}
	if p, ok := o.second().(store.PackedBlobs); ok {
		readAll(t, o, p, list)
	}
	none, err := store.PutAll(t.Context(), o.Blobs, nil)
	must(t, err)
	equal(t, "of nothing", len(none), 0)
	_, err = store.PutAll(ended(), o.Blobs, [][]byte{noise(9, 20)})
	fails(t, err, context.Canceled)
	_, err = o.Open(t.Context(), digest(string(noise(9, 20))))
	fails(t, err, store.ErrNotFound)
}

// readAll reads what is small, and only what is intact.
func readAll(t *testing.T, o OpenedBlobs, p store.PackedBlobs, list [][]byte) {
	t.Helper()
	var sums []receipt.Digest
	for _, data := range append(list, []byte("not there")) {
		sums = append(sums, digest(string(data)))
	}
	got, err := p.ReadAll(t.Context(), sums)
	must(t, err)
	equal(t, "answers", len(got), len(sums))
	for i, data := range got {
		small := i < len(list) && int64(len(list[i])) <= p.PackSize()
		if (data != nil) != small || small && !bytes.Equal(data, list[i]) {
			t.Errorf("%d: %d bytes read", i, len(data))
		}
	}
	if got[0][0]++; got[4][0] == got[0][0] {
		t.Error("two answers share their bytes")
	}
	_, err = p.ReadAll(ended(), sums)
	fails(t, err, context.Canceled)
	none, err := p.ReadAll(t.Context(), nil)
	must(t, err)
	equal(t, "of nothing", len(none), 0)
	if o.Damage != nil {
		o.Damage(sums[3].String(), func(b []byte) []byte { b[1] ^= 1; return b })
		got, err := p.ReadAll(t.Context(), sums[3:4])
		must(t, err)
		equal(t, "damaged", got[0], []byte(nil))
		_, err = p.PutAll(t.Context(), list[3:4])
		must(t, err)
		read(t, p, list[3])
	}
}

// putAtOnce lets two clients put the same and other bytes at a time, while
// others read: what can be opened is whole.
func putAtOnce(t *testing.T, o OpenedBlobs) {
	blobs := []store.Blobs{o.Blobs, o.second()}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 8 {
				data := noise(uint64(i*j), 100_000)
				if _, _, err := blobs[i%2].Put(t.Context(), bytes.NewReader(data)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for j := range 30 {
				data := noise(uint64(i*(j%8)), 100_000)
				r, err := blobs[j%2].Open(t.Context(), digest(string(data)))
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil {
					t.Error(err)
					continue
				}
				got, err := io.ReadAll(r)
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%d bytes of %d, error %v", len(got), len(data), err)
				}
				r.Close()
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		for j := range 8 {
			read(t, blobs[1], noise(uint64(i*j), 100_000))
		}
	}
}

func putFails(t *testing.T, o OpenedBlobs) {
	data := noise(1, 50_000)
	_, _, err := o.Put(t.Context(), io.MultiReader(bytes.NewReader(data), iotest.ErrReader(io.ErrUnexpectedEOF)))
	fails(t, err, io.ErrUnexpectedEOF)
	_, _, err = o.Put(ended(), bytes.NewReader(data))
	fails(t, err, context.Canceled)
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err = o.Put(ctx, io.MultiReader(bytes.NewReader(data[:1000]), readFunc(func([]byte) (int, error) { cancel(); return 0, nil }), bytes.NewReader(data[1000:])))
	fails(t, err, context.Canceled)
	for _, part := range [][]byte{data, data[:1000]} {
		_, err = o.Open(t.Context(), digest(string(part)))
		fails(t, err, store.ErrNotFound)
	}
	_, _, err = o.Put(t.Context(), bytes.NewReader(data))
	must(t, err)
	read(t, o, data)
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func corrupt(t *testing.T, o OpenedBlobs) {
	if o.Damage == nil {
		return
	}
	for _, size := range []int{7_000, 70_000} {
		corruptOne(t, o, noise(1, size))
	}
}

func corruptOne(t *testing.T, o OpenedBlobs, data []byte) {
	for what, change := range map[string]func([]byte) []byte{
		"a bit":     func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
		"the end":   func(b []byte) []byte { return b[:len(b)-1] },
		"all":       func([]byte) []byte { return nil },
		"more":      func(b []byte) []byte { return append(b, 'x') },
		"the start": func(b []byte) []byte { return b[1:] },
	} {
		sum, _, err := o.Put(t.Context(), bytes.NewReader(data))
		must(t, err)
		o.Damage(sum.String(), change)
		r, err := o.Open(t.Context(), sum)
		must(t, err)
		if _, err = io.ReadAll(r); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: error %v, want ErrCorrupt", what, err)
		}
		if _, err = r.Read(make([]byte, 1)); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: then error %v, want ErrCorrupt", what, err)
		}
		must(t, r.Close())
	}
	// Put heals.
	_, _, err := o.Put(t.Context(), bytes.NewReader(data))
	must(t, err)
	read(t, o, data)
}

func openIsCancelled(t *testing.T, o OpenedBlobs) {
	sum, _, err := o.Put(t.Context(), bytes.NewReader(noise(1, 100)))
	must(t, err)
	_, err = o.Open(ended(), sum)
	fails(t, err, context.Canceled)
}
