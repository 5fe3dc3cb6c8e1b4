package store_test

import (
	"testing"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Store(t, func(t *testing.T) storetest.Opened {
		m := store.NewMemory()
		t.Cleanup(func() { m.Close() })
		return storetest.Opened{Store: m}
	})
}
