package store_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// A message is put into an outbox, once, and sent by a worker.
func Example() {
	ctx, now := context.Background(), time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	blobs, outbox := store.NewMemoryBlobs(), store.NewMemory()
	defer outbox.Close()

	sum, size, err := blobs.Put(ctx, strings.NewReader("From: office@pec.example\r\n…"))
	if err != nil {
		fmt.Println(err)
		return
	}
	invoice := store.Submission{Account: "office@pec.example", Key: "invoice 7", Size: size, NotBefore: now,
		Sent: receipt.Sent{MessageID: "7@pec.example", SHA256: sum}}
	for range 2 {
		stored, existed, err := outbox.Enqueue(ctx, invoice, now)
		fmt.Println(stored.State, existed, err)
	}

	claimed, err := outbox.Claim(ctx, store.Claim{Worker: "w1", Now: now, Lease: now.Add(time.Minute), Limit: 10})
	fmt.Println(len(claimed), err)
	err = outbox.Settle(ctx, invoice.Account, invoice.Key, "w1", store.Result{State: store.Sent, Reply: "250 OK", At: now})
	fmt.Println(err)
	done, err := outbox.Submission(ctx, invoice.Account, invoice.Key)
	fmt.Println(done.State, done.Sent.Time.Format(time.RFC3339), err)
	// Output:
	// queued false <nil>
	// queued true <nil>
	// 1 <nil>
	// <nil>
	// sent 2026-03-02T12:00:00Z <nil>
}

func ExampleNewFolder() {
	dir, err := os.MkdirTemp("", "blobs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	blobs, err := store.NewFolder(dir, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer blobs.Close()
	sum, size, err := blobs.Put(context.Background(), strings.NewReader("abc"))
	fmt.Println(sum, size, err)
	r, err := blobs.Open(context.Background(), sum)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	fmt.Println(string(data), err)
	// Output:
	// ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 <nil>
	// abc <nil>
}
