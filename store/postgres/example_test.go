package postgres_test

import (
	"context"
	"fmt"
	"time"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/postgres"
)

// A worker among many: what it claims is its own, and when it dies, others find
// out.
func ExampleOpen() {
	ctx := context.Background()
	s, err := postgres.Open(ctx, "host=db.example user=pec dbname=erp", nil) // the password is in PGPASSWORD or ~/.pgpass
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	now := time.Now()
	claimed, err := s.Claim(ctx, store.Claim{Worker: "worker-3", Now: now, Lease: now.Add(5 * time.Minute), Limit: 10})
	fmt.Println(len(claimed), err)
	dead, err := s.Expire(ctx, now)
	fmt.Println(len(dead), err)
}
