package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/sqlite"
)

// What is stored outlives the program: the same key is never sent twice.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx, now := context.Background(), time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for range 2 {
		outbox, err := sqlite.Open(ctx, filepath.Join(dir, "pec.db"), nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		stored, existed, err := outbox.Enqueue(ctx, store.Submission{
			Account: "office@pec.example", Key: "invoice 7",
			Sent: receipt.Sent{MessageID: "7@pec.example", SHA256: receipt.Digest{1}}, // of the Blob
		}, now)
		fmt.Println(stored.State, existed, err, outbox.Close())
	}
	// Output:
	// queued false <nil> <nil>
	// queued true <nil> <nil>
}
