package outbox_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

func Example() {
	ctx := context.Background()
	o, err := outbox.New(outbox.Options{
		Store: store.NewMemory(), Blobs: store.NewMemoryBlobs(), Worker: "worker 1",
		Senders: map[string]transport.Sender{"anna@alfa.example": &server{}}, // transport/smtp, in earnest
	})
	if err != nil {
		panic(err)
	}
	letter := func() outbox.Message {
		return outbox.Message{
			Account: "anna@alfa.example", Key: "invoice 7", Body: strings.NewReader("From: anna@alfa.example\r\nTo: bruno@beta.example\r\n\r\nciao\r\n"),
			Sent: receipt.Sent{MessageID: "7@pc.alfa.example", Sender: "anna@alfa.example", Recipients: []receipt.SentRecipient{{Address: "bruno@beta.example"}}},
		}
	}
	s, existed, err := o.Submit(ctx, letter())
	fmt.Println(s.State, existed, err)
	sent, err := o.Drain(ctx)
	fmt.Println(sent, err)
	s, existed, err = o.Submit(ctx, letter())
	fmt.Println(s.State, existed, err)
	// Output:
	// queued false <nil>
	// 1 <nil>
	// sent true <nil>
}

// Many at the price of little more than one, within what the contract allows.
func ExampleOutbox_SubmitAll() {
	ctx := context.Background()
	const anna = "anna@alfa.example"
	o, err := outbox.New(outbox.Options{
		Store: store.NewMemory(), Blobs: store.NewMemoryBlobs(), Worker: "worker 1",
		Senders: map[string]transport.Sender{anna: &server{}}, // transport/smtp, in earnest
		Limits:  map[string]outbox.Limit{anna: {Messages: 600, Per: time.Minute, Burst: 50, Recipients: 5000}},
	})
	if err != nil {
		panic(err)
	}
	var letters []outbox.Message
	for _, key := range []string{"invoice 7", "invoice 8", "invoice 7"} {
		letters = append(letters, outbox.Message{
			Account: anna, Key: key, Body: strings.NewReader("From: anna@alfa.example\r\nTo: bruno@beta.example\r\n\r\n" + key + "\r\n"),
			Sent: receipt.Sent{MessageID: strings.ReplaceAll(key, " ", ".") + "@pc.alfa.example", Sender: anna, Recipients: []receipt.SentRecipient{{Address: "bruno@beta.example"}}},
		})
	}
	answers, err := o.SubmitAll(ctx, letters)
	for _, a := range answers {
		fmt.Println(a.Submission.Key, a.Existed, a.Err)
	}
	fmt.Println(err)
	sent, err := o.Drain(ctx)
	fmt.Println(sent, err)
	// Output:
	// invoice 7 false <nil>
	// invoice 8 false <nil>
	// invoice 7 true <nil>
	// <nil>
	// 2 <nil>
}
