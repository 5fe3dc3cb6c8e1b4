package pec_test

import (
	"context"
	"fmt"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
)

// A dry run says what a rule would delete; here the archive has nothing yet.
func ExampleClient_CleanDry() {
	ctx := context.Background()
	n, err := pectest.NewNetwork(nil)
	if err != nil {
		panic(err)
	}
	anna, err := n.Account("anna@alfa.example")
	if err != nil {
		panic(err)
	}
	if _, err := anna.Send(ctx, &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Fattura n. 7"}); err != nil {
		panic(err)
	}
	n.Settle()
	c, err := pec.NewClient(pec.ClientOptions{
		Account: pec.Account{Address: anna.Address}, Store: keep.NewMemory(), Blobs: keep.NewMemoryBlobs(), Mailbox: anna.Transport(), Verifier: n.Verifier(), Now: n.Now,
	})
	if err != nil {
		panic(err)
	}
	if _, err := c.Collect(ctx); err != nil {
		panic(err)
	}
	n.Advance(90 * 24 * time.Hour)
	archive := pec.ArchivedFunc(func(context.Context, receipt.Digest) (pec.Kept, error) { return pec.Kept{}, pec.ErrNotArchived })
	rule := pec.CleanRule{OlderThan: 30 * 24 * time.Hour}
	done, err := c.CleanDry(ctx, archive, rule, func(d pec.Decision) error {
		fmt.Println(d.Folder, d.Fate)
		return nil
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(done.Deleted, done.Stay)
	// Output:
	// INBOX not-archived
	// INBOX not-archived
	// 0 2
}
