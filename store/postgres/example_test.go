package postgres_test

import (
	"context"
	"fmt"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/pgtest"
	"github.com/certmail/certmail/store/postgres"
)

// connect opens a store. Where no server is installed it is one in memory, with
// which a program is the same.
func connect(ctx context.Context) (store.Store, error) {
	conninfo, ok := pgtest.Here() // else "host=db.example user=pec dbname=erp"; the password is in PGPASSWORD or ~/.pgpass
	if !ok {
		return store.NewMemory(), nil
	}
	return postgres.Open(ctx, conninfo, &postgres.Options{Schema: "example"})
}

// A worker among many: what it claims is its own, and when it dies, others find
// out.
func ExampleOpen() {
	ctx := context.Background()
	s, err := connect(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	_, _, err = s.Enqueue(ctx, store.Submission{Account: "office@pec.certmail.example", Key: "invoice 7",
		Sent: receipt.Sent{MessageID: "7@certmail.example", SHA256: receipt.Digest{7}}}, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	claimed, err := s.Claim(ctx, store.Claim{Worker: "worker 3", Now: now, Lease: now.Add(5 * time.Minute), Limit: 10})
	fmt.Println(len(claimed), err)
	dead, err := s.Expire(ctx, now.Add(5*time.Minute))
	fmt.Println(len(dead), dead[0].State, err)
	// Output:
	// 1 <nil>
	// 1 uncertain <nil>
}
