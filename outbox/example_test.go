package outbox_test

import (
	"context"
	"fmt"
	"strings"

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
