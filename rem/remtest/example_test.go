package remtest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/rem/remtest"
)

func ExampleNewNetwork() {
	n, err := remtest.NewNetwork(nil)
	if err != nil {
		panic(err)
	}
	anna, err := n.Account("anna@alfa.example")
	if err != nil {
		panic(err)
	}
	_, err = anna.Send(context.Background(), &pec.Draft{
		To: pec.Addresses("bruno@beta.example", "nessuno@beta.example"), Subject: "Contratto n. 7", Text: "In allegato.\n",
	})
	if err != nil {
		panic(err)
	}
	n.Settle()
	for _, m := range anna.Messages() {
		for _, f := range m.Facts {
			fmt.Println(m.Kind, f.Event, f.Reason, f.Recipients)
		}
	}
	// Output:
	// receipt SubmissionAcceptance RA01 []
	// receipt RelayFailure RB21 [2]
	// receipt ContentConsignment RD01 [1]
}

func ExampleNetwork_Advance() {
	n, err := remtest.NewNetwork(&remtest.NetworkOptions{Faults: []remtest.Fault{
		{Kind: remtest.Lose, Event: evidence.ContentConsignment}, // relayed, and never heard of again
	}})
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
		fmt.Println(m.Time.Sub(start).Round(time.Minute), m.String())
	}
	// Output:
	// 0s A.1/RA01
	// 24h0m0s D.2/RD03
}

func ExampleNetwork_Verifier() {
	n, err := remtest.NewNetwork(nil)
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
	v, err := n.Verifier()
	if err != nil {
		panic(err)
	}
	for _, s := range anna.Messages() {
		m, err := rem.ParseBytes(s.Data, nil)
		if err != nil {
			panic(err)
		}
		r, err := v.Verify(context.Background(), m)
		if err != nil {
			panic(err)
		}
		fmt.Println(s.String(), r.Verdict, r.Basis)
	}
	// Output:
	// A.1/RA01 valid timestamp
	// D.1/RD01 valid timestamp
}

func ExampleScenario_Play() {
	s := remtest.Scenario{
		Name:   "a full mailbox",
		Send:   []remtest.Sending{{From: "anna@alfa.example", To: []string{"bruno@beta.example"}}},
		Faults: []remtest.Fault{{Kind: remtest.Refuse, Reason: "RD04", Mailbox: "bruno@beta.example"}},
		Facts:  []string{"alfa A.1 RA01", "beta B.1 RB01 1", "beta D.2 RD04 1"},
		Want:   map[string]string{"anna@alfa.example": "A.1/RA01 D.2/RD04", "bruno@beta.example": ""},
	}
	_, err := s.Play(context.Background())
	fmt.Println(err)
	// Output: <nil>
}

func ExampleScenarios() {
	for _, s := range remtest.Scenarios()[:2] {
		_, err := s.Play(context.Background())
		fmt.Println(s.Name, s.Facts, err)
	}
	// Output:
	// T-BB-1 all recipients local [alfa A.1 RA01 alfa D.1 RD01 1 alfa D.1 RD01 2] <nil>
	// T-BB-2 unknown recipient [alfa A.1 RA01 alfa D.2 RD21 1] <nil>
}

func ExampleAccount_Answer() {
	providers := remtest.DefaultProviders()
	providers[1].Style = remtest.StoreAndNotify
	n, err := remtest.NewNetwork(&remtest.NetworkOptions{Providers: providers})
	if err != nil {
		panic(err)
	}
	anna, err := n.Account("anna@alfa.example")
	if err != nil {
		panic(err)
	}
	bruno, err := n.Account("bruno@beta.example")
	if err != nil {
		panic(err)
	}
	if _, err := anna.Send(context.Background(), &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Contratto n. 7"}); err != nil {
		panic(err)
	}
	n.Settle()
	fmt.Println(bruno.Contents())
	if err := bruno.Answer(n.Outcomes()[0].Identifier, remtest.Accept); err != nil {
		panic(err)
	}
	n.Settle()
	fmt.Println(bruno.Contents(), anna.Contents())
	// Output:
	// [notification]
	// [notification dispatch] [A.1/RA01 C.1/RC01 C.3/RC07 D.1/RD01]
}

func ExampleNetwork_Inject() {
	n, err := remtest.NewNetwork(nil)
	if err != nil {
		panic(err)
	}
	message := []byte("From: ditta@mail.test\r\nTo: bruno@beta.example\r\nSubject: Offerta\r\n\r\nciao\r\n")
	if err := n.Inject(context.Background(), "ditta@mail.test", []string{"bruno@beta.example"}, message); err != nil {
		panic(err)
	}
	n.Settle()
	bruno, err := n.Mailbox("bruno@beta.example")
	if err != nil {
		panic(err)
	}
	for _, m := range bruno.Messages() {
		fmt.Println(m.Kind, m.Facts[0].Event)
	}
	// Output: dispatch ReceivedFromNonERDS
}

func ExampleNetwork_Outcomes() {
	n, err := remtest.NewNetwork(&remtest.NetworkOptions{Faults: []remtest.Fault{{Kind: remtest.Lose, Event: evidence.ContentConsignment}}})
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
	fmt.Println("in the mailbox:", r.Placed, "attested:", len(r.Attested), "known to the sender:", len(r.Told))
	// Output: in the mailbox: 1 attested: 2 known to the sender: 0
}

func ExampleNetwork_TrustedList() {
	n, err := remtest.NewNetwork(&remtest.NetworkOptions{Faults: []remtest.Fault{{Kind: remtest.ServiceWithdrawn, Provider: "beta.example", From: time.Hour}}})
	if err != nil {
		panic(err)
	}
	for range 2 {
		lists, err := n.Lists()
		if err != nil {
			panic(err)
		}
		for _, p := range lists.List("IT").Providers {
			fmt.Println(lists.List("IT").Sequence, p.Names.English(), p.Services[0].Status[len("http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"):])
		}
		n.Advance(2 * time.Hour)
	}
	// Output:
	// 1 Alfa REM S.p.A. granted
	// 1 Beta REM S.p.A. granted
	// 1 Gamma REM S.p.A. granted
	// 1 Certmail Test TSA granted
	// 2 Alfa REM S.p.A. granted
	// 2 Beta REM S.p.A. withdrawn
	// 2 Gamma REM S.p.A. granted
	// 2 Certmail Test TSA granted
}

func ExampleParseFault() {
	f, err := remtest.ParseFault("refuse,reason=RB21,mailbox=bruno@beta.example,times=1")
	fmt.Println(f.Kind, f.Reason, f.Mailbox, f.Times, err)
	// Output: refuse RB21 bruno@beta.example 1 <nil>
}

func ExampleFixtures() {
	fixtures, err := remtest.Fixtures(1)
	if err != nil {
		panic(err)
	}
	for _, f := range fixtures {
		if f.Check == "signature" {
			fmt.Println(f.File, f.Verdict)
		}
	}
	// Output:
	// tampered/rem-dispatch-original-altered.eml invalid
	// tampered/rem-receipt-text-altered.eml invalid
}
