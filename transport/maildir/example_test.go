package maildir_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/certmail/certmail/transport/maildir"
)

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	box := maildir.Open(filepath.Join(dir, "Maildir"), nil)
	if err := box.Create("INBOX"); err != nil {
		panic(err)
	}
	if err := box.Deliver(ctx, "INBOX", strings.NewReader("Subject: prova\r\n\r\nciao\r\n")); err != nil {
		panic(err)
	}

	items, cursor, err := box.List(ctx, "INBOX", "", 100)
	if err != nil {
		panic(err)
	}
	for _, it := range items {
		r, err := box.Fetch(ctx, "INBOX", it.ID)
		if err != nil {
			panic(err)
		}
		data, _ := io.ReadAll(r)
		r.Close()
		fmt.Printf("%d %q %v\n", it.Size, data, it.Flags)
	}
	items, again, err := box.List(ctx, "INBOX", cursor, 100)
	fmt.Println(len(items), again == cursor, err)
	// Output:
	// 24 "Subject: prova\r\n\r\nciao\r\n" []
	// 0 true <nil>
}
