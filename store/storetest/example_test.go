package storetest_test

import (
	"fmt"
	"testing"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/storetest"
)

// The test of a store of your own is this and no more.
func ExampleStore() {
	test := func(t *testing.T) {
		storetest.Store(t, func(t *testing.T) storetest.Opened {
			mine := store.NewMemory()
			t.Cleanup(func() { mine.Close() })
			return storetest.Opened{Store: mine}
		})
	}
	fmt.Println(testing.RunTests(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "TestMine", F: test}}))
	// Output: true
}
