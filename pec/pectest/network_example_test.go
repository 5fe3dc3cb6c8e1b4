package pectest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

func ExampleNewNetwork() {
	n, err := pectest.NewNetwork(nil)
	if err != nil {
		panic(err)
	}
	anna, err := n.Account("anna@alfa.example")
	if err != nil {
		panic(err)
	}
	_, err = anna.Send(context.Background(), &pec.Draft{
		To: pec.Addresses("bruno@beta.example", "nessuno@beta.example", "ditta@mail.test"), Subject: "Contratto n. 7", Text: "In allegato.\n",
	})
	if err != nil {
		panic(err)
	}
	n.Settle()
	for _, m := range anna.Messages() {
		fmt.Println(m.Kind)
	}
	// Output:
	// accettazione
	// avvenuta-consegna
	// errore-consegna
}

func ExampleNetwork_Advance() {
	n, err := pectest.NewNetwork(&pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.Unreachable, Provider: "beta.example"}}})
	if err != nil {
		panic(err)
	}
	anna, err := n.Account("anna@alfa.example")
	if err != nil {
		panic(err)
	}
	if _, err := anna.Send(context.Background(), &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Contratto n. 7"}); err != nil {
		panic(err)
	}
	start := n.Now()
	n.Advance(25 * time.Hour)
	for _, m := range anna.Messages() {
		fmt.Println(m.Time.Sub(start).Round(time.Minute), m.Kind)
	}
	// Output:
	// 0s accettazione
	// 12h0m0s preavviso-errore-consegna
	// 24h0m0s preavviso-errore-consegna
}

func ExampleScenario_Play() {
	s := pectest.Scenario{
		Name:   "a full mailbox",
		Send:   []pectest.Sending{{From: "anna@alfa.example", To: []string{"bruno@beta.example"}}},
		Faults: []pectest.Fault{{Kind: pectest.MailboxFull, Mailbox: "bruno@beta.example"}},
		Want:   map[string]string{"anna@alfa.example": "accettazione errore-consegna", "bruno@beta.example": ""},
	}
	n, err := s.Play(context.Background())
	fmt.Println(err)
	for _, step := range n.Journeys()[0].Steps {
		if step.Failed {
			fmt.Println(step.Branch, step.Point, step.Recipient, step.Detail)
		}
	}
	// Output:
	// <nil>
	// B15 delivery bruno@beta.example 5.2.2 casella piena
}

func ExampleScenarios() {
	for _, s := range pectest.Scenarios()[:3] {
		_, err := s.Play(context.Background())
		fmt.Println(s.Name, s.Branches, err)
	}
	// Output:
	// delivered [B5 B7 B8 B14] <nil>
	// delivered to two, one in copy, brief receipt [B14] <nil>
	// same provider [B20] <nil>
}

func ExampleNetwork_Inject() {
	n, err := pectest.NewNetwork(nil)
	if err != nil {
		panic(err)
	}
	message := []byte("From: ditta@mail.test\r\nTo: bruno@beta.example\r\nSubject: Offerta\r\n\r\nciao\r\n")
	if err := n.Inject("ditta@mail.test", []string{"bruno@beta.example"}, message); err != nil {
		panic(err)
	}
	n.Settle()
	bruno, err := n.Mailbox("bruno@beta.example")
	if err != nil {
		panic(err)
	}
	fmt.Println(bruno.Kinds())
	// Output: [anomalia]
}

func ExampleNetwork_Outcomes() {
	n, err := pectest.NewNetwork(&pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.Lose, Message: pec.KindDelivery}}})
	if err != nil {
		panic(err)
	}
	anna, err := n.Account("anna@alfa.example")
	if err != nil {
		panic(err)
	}
	if _, err := anna.Send(context.Background(), &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Contratto n. 7"}); err != nil {
		panic(err)
	}
	n.Settle()
	r := n.Outcomes()[0].Recipients[0]
	fmt.Println("in the mailbox:", r.Placed, "known to the sender:", len(r.Told))
	// Output: in the mailbox: 1 known to the sender: 0
}

func ExampleParseFault() {
	f, err := pectest.ParseFault("lose,message=avvenuta-consegna,mailbox=bruno@beta.example,times=1")
	fmt.Println(f.Kind, f.Message, f.Mailbox, f.Times, err)
	// Output: lose avvenuta-consegna bruno@beta.example 1 <nil>
}

func ExampleQuirkProfiles() {
	for _, p := range pectest.QuirkProfiles() {
		fmt.Println(p.Name)
	}
	// Output:
	// plain
	// reworded
	// exchange
	// terse
	// unix
	// digests
}
