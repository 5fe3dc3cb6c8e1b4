package transporttest_test

import (
	"fmt"
	"testing"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/transporttest"
)

// The example stands for a test of your own:
//
//	func TestMailbox(t *testing.T) { transporttest.Mailbox(t, open) }
func ExampleMailbox() {
	open := func(t *testing.T) transporttest.Fixture {
		n, err := pectest.NewNetwork(nil)
		if err != nil {
			t.Fatal(err)
		}
		box, err := n.Mailbox("anna@alfa.example")
		if err != nil {
			t.Fatal(err)
		}
		return transporttest.Fixture{
			Mailbox:  box.Transport(), // what you have written
			Another:  func(*testing.T) transport.Mailbox { return box.Transport() },
			Renumber: func(_ *testing.T, folder string) { _ = box.ResetUIDValidity(folder) },
			Large:    1 << 20,
		}
	}
	fmt.Println(run(func(t *testing.T) { transporttest.Mailbox(t, open) }))
	// Output: true
}

func ExampleSender() {
	open := func(t *testing.T) transporttest.SenderFixture {
		n, err := pectest.NewNetwork(nil)
		if err != nil {
			t.Fatal(err)
		}
		anna, err := n.Account("anna@alfa.example")
		if err != nil {
			t.Fatal(err)
		}
		once := func(kind pectest.FaultKind) func(*testing.T) {
			return func(*testing.T) { _ = n.AddFault(pectest.Fault{Kind: kind, Times: 1}) }
		}
		return transporttest.SenderFixture{
			Sender:       anna.Sender(), // what you have written
			RefuseForNow: once(pectest.RefuseForNow),
			CutAfterDot:  once(pectest.CutAfterDot),
			Large:        1 << 20,
		}
	}
	fmt.Println(run(func(t *testing.T) { transporttest.Sender(t, open) }))
	// Output: true
}

// run is what "go test" does with a test.
func run(test func(*testing.T)) bool {
	return testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "Test", F: test}})
}
