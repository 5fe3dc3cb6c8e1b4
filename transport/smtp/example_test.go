package smtp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

func Example() {
	// A provider to talk to; a real one is Host: "smtps.provider.it" alone.
	network, err := pectest.NewNetwork(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	servers, err := pecserve.Start(network, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer servers.Close()
	account, err := network.Account("anna@alfa.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	at := servers.Endpoints()[0].Submission

	sender, err := smtp.New(&smtp.Options{
		Host: at.Host,
		Port: at.Port,
		TLS:  &tls.Config{RootCAs: servers.CertPool()},
		Credentials: func(context.Context) (user, secret string, err error) {
			return account.Address, account.Password(), nil // such as os.Getenv("PEC_PASSWORD")
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sender.Close()

	text := "From: anna@alfa.example\r\nTo: bruno@beta.example\r\nSubject: Offerta\r\n\r\nIn allegato.\r\n"
	message := &transport.Message{
		From: "anna@alfa.example", To: []string{"bruno@beta.example"},
		Source: strings.NewReader(text), Size: int64(len(text)),
	}
	fmt.Println("error:", sender.Send(context.Background(), message))
	network.Settle()
	fmt.Println(account.Kinds())
	// Output:
	// error: <nil>
	// [accettazione avvenuta-consegna]
}

// What to do is in the outcome, why is in the step and the reply.
func ExampleError() {
	err := error(&smtp.Error{Server: "smtps.alfa.example:465", Step: smtp.StepRcpt,
		Recipients: []smtp.RecipientReply{
			{Address: "bruno@beta.example", Reply: smtp.Reply{Code: 250}},
			{Address: "nessuno@beta.example", Reply: smtp.Reply{Code: 550, Status: "5.1.1", Text: "No such user"}},
		},
		Err: &transport.Error{Outcome: transport.Refused, Code: 550, Status: "5.1.1", Text: "No such user"}})

	fmt.Println(err)
	if refusal, ok := errors.AsType[*transport.Error](err); ok {
		switch {
		case errors.Is(err, transport.ErrLogin):
			fmt.Println("ask the owner for the password")
		case refusal.Outcome == transport.Refused:
			fmt.Println("tell the author")
		case refusal.Outcome == transport.Deferred:
			fmt.Println("try again later")
		case refusal.Outcome == transport.Uncertain:
			fmt.Println("wait for the receipts")
		}
	}
	// Output:
	// smtp: smtps.alfa.example:465: rcpt: refused: 550 5.1.1 No such user; <nessuno@beta.example>: 550 5.1.1 No such user
	// tell the author
}

// After a refused login nothing more is tried until somebody does something
// about it.
func ExampleSender_SetCredentials() {
	sender, err := smtp.New(&smtp.Options{
		Host: "smtps.alfa.example",
		Credentials: func(context.Context) (string, string, error) {
			return "anna@alfa.example", os.Getenv("PEC_PASSWORD"), nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sender.Close()

	if sender.Suspended() != nil { // after an error that wraps transport.ErrLogin
		sender.SetCredentials(func(context.Context) (string, string, error) {
			return "anna@alfa.example", os.Getenv("PEC_NEW_PASSWORD"), nil
		})
	}
	fmt.Println(sender)
	// Output: smtp tls smtps.alfa.example:465
}
