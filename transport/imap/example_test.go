package imap_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
)

// provider starts a provider of certified mail on loopback, and returns how to
// reach the mailbox of one of its users.
func provider() (opt *imap.Options, stop func()) {
	n, err := pectest.NewNetwork(nil)
	if err != nil {
		panic(err)
	}
	servers, err := pecserve.Start(n, nil)
	if err != nil {
		panic(err)
	}
	account, err := n.Account("anna@alfa.example")
	if err != nil {
		panic(err)
	}
	where := servers.Endpoints()[0].IMAP
	return &imap.Options{
		Host: where.Host, Port: where.Port, RootCAs: servers.CertPool(),
		Credentials: imap.Password(account.Address, account.Password()),
	}, func() { _ = servers.Close() }
}

// Collect what is new, page by page, and wait for more.
func Example() {
	options, stop := provider()
	defer stop()
	mailbox, err := imap.New(options)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer mailbox.Close()
	ctx := context.Background()

	const text = "From: bruno@beta.example\r\nSubject: prova\r\n\r\nciao\r\n"
	if _, err := mailbox.Append(ctx, "INBOX", nil, time.Now(), strings.NewReader(text), int64(len(text))); err != nil {
		fmt.Println(err)
		return
	}

	var cursor transport.Cursor // kept between runs
	if err := mailbox.Wait(ctx, "INBOX", cursor); err != nil {
		fmt.Println(err)
		return
	}
	for {
		items, next, err := mailbox.List(ctx, "INBOX", cursor, 100)
		if err != nil {
			fmt.Println(err) // transport.ErrCursor: from the beginning, please
			return
		}
		if len(items) == 0 {
			break
		}
		for _, item := range items {
			r, err := mailbox.Fetch(ctx, "INBOX", item.ID)
			if err != nil {
				fmt.Println(err)
				return
			}
			n, err := io.Copy(io.Discard, r) // to where it is safe
			fmt.Println(n, "bytes", err)
			_ = r.Close()
		}
		cursor = next // only now
	}
	// Output: 50 bytes <nil>
}

// A password that the server has refused is not tried again.
func ExampleMailbox_Resume() {
	options, stop := provider()
	defer stop()
	options.Credentials = imap.Password("anna@alfa.example", "last year's")
	mailbox, err := imap.New(options)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer mailbox.Close()

	for range 100 { // the server sees one login
		_, _, err = mailbox.List(context.Background(), "INBOX", "", 10)
	}
	fmt.Println(errors.Is(err, transport.ErrLogin))
	mailbox.Resume() // when the owner says so
	// Output: true
}

func ExampleNew() {
	mailbox, err := imap.New(&imap.Options{
		Host: "imap.provider.example",
		Credentials: func(context.Context) (user, secret string, err error) {
			return "anna@alfa.example", "from where it is kept", nil
		},
	})
	fmt.Println(mailbox, err)
	// Output: imap imap.provider.example:993 <nil>
}
