package report_test

import (
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/receipt/report"
)

// A page about one message of which the delivery receipt came.
func ExampleWriteHTML() {
	at := time.Date(2026, 3, 3, 10, 15, 0, 0, time.FixedZone("", 3600))
	ledger := receipt.NewLedger(nil)
	ledger.AddSent(receipt.Sent{
		MessageID: "7f3c@pc.alfa.example", Sender: "anna@alfa.example", Subject: "Contratto n. 7", Time: at,
		Recipients: []receipt.SentRecipient{{Address: "bruno@beta.example"}},
	})
	ledger.Add(receipt.Event{
		Kind: receipt.EventDelivered, MessageID: "7f3c@pc.alfa.example", Sender: "anna@alfa.example",
		Recipient: "bruno@beta.example", Time: at.Add(time.Minute), Issuer: "Beta Certificata S.r.l.",
		Proof: receipt.Proof{Name: "consegna.eml", Verdict: receipt.Valid, SHA256: receipt.Digest{1}},
	})

	var page strings.Builder
	if err := report.WriteHTML(&page, &report.Page{Title: "Contratti", Report: ledger.Snapshot(at.Add(time.Hour))}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(page.String(), `<a href="consegna.eml"`))
	fmt.Println(strings.Contains(page.String(), "Avvenuta consegna"))
	// Output:
	// true
	// true
}
