package sqlite_test

import (
	"context"
	"fmt"
	"io"
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

// Small bytes in a file of their own, large ones in a folder.
func ExampleOpenBlobs() {
	dir, err := os.MkdirTemp("", "blobs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	large, err := store.NewFolder(filepath.Join(dir, "large"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer large.Close()
	ctx := context.Background()
	blobs, err := sqlite.OpenBlobs(ctx, filepath.Join(dir, "blobs.db"), large, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer blobs.Close()
	sums, err := blobs.PutAll(ctx, [][]byte{[]byte("one"), []byte("two")})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := blobs.Open(ctx, sums[1])
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	fmt.Println(string(data), err)
	// Output: two <nil>
}
