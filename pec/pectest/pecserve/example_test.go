package pecserve_test

import (
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
)

// A program's own mail code is tried against two providers on loopback.
func Example() {
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

	anna, err := network.Account("anna@alfa.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	alfa := servers.Endpoints()[0]
	trust := &tls.Config{RootCAs: servers.CertPool()}

	out, err := smtp.DialTLS(alfa.Submission.String(), trust)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer out.Close()
	if err := out.Auth(sasl.NewPlainClient("", anna.Address, anna.Password())); err != nil {
		fmt.Println(err)
		return
	}
	message := "From: anna@alfa.example\r\nTo: bruno@beta.example\r\nSubject: Offerta\r\n\r\nIn allegato.\r\n"
	if err := out.SendMail(anna.Address, []string{"bruno@beta.example"}, strings.NewReader(message)); err != nil {
		fmt.Println(err)
		return
	}
	network.Settle() // simulated time: everything that is under way arrives

	in, err := imapclient.DialTLS(alfa.IMAP.String(), &imapclient.Options{TLSConfig: trust})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer in.Close()
	if err := in.Login(anna.Address, anna.Password()).Wait(); err != nil {
		fmt.Println(err)
		return
	}
	inbox, err := in.Select("INBOX", nil).Wait()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(inbox.NumMessages, "messages")
	for _, m := range anna.Messages() {
		fmt.Println(m.Kind)
	}
	// Output:
	// 2 messages
	// accettazione
	// avvenuta-consegna
}
