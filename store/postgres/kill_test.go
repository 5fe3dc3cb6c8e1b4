package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/crashtest"
	"github.com/certmail/certmail/store/internal/pgtest"
	"github.com/certmail/certmail/store/postgres"
	"github.com/certmail/certmail/transport"
)

// admin is a connection beside the stores.
func admin(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", pgtest.Conninfo(t))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// named opens a schema under an application name.
func named(t testing.TB, conninfo, schema, name string) postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), conninfo+" application_name="+name, &postgres.Options{Schema: schema, Conns: 4})
	require.NoError(t, err)
	t.Cleanup(func() {
		s.Close() // its connections may have been cut
		agree(t, schema)
	})
	return s
}

// TestKill kills processes with SIGKILL while they use one database.
func TestKill(t *testing.T) {
	open := func(t *testing.T, where string) store.Store {
		conninfo, schema, _ := strings.Cut(where, "|")
		return named(t, conninfo, schema, "killed")
	}
	if crashtest.Child(t, open) {
		return
	}
	conninfo, schema, db := pgtest.Conninfo(t), fresh(), admin(t)
	crashtest.Run(t, crashtest.Subject{
		Test: "TestKill", Where: conninfo + "|" + schema, Points: 60,
		Open: func(t *testing.T, _ string) store.Store { return named(t, conninfo, schema, "watching") },
		// The server goes on with what it was told, and learns later.
		Quiet: func(t *testing.T) {
			require.Eventually(t, func() bool { return backends(t, db, "killed") == 0 }, 10*time.Second, time.Millisecond)
		},
	})
}

func backends(t testing.TB, db *sql.DB, name string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE application_name = $1`, name).Scan(&n))
	return n
}

// waitBlocked waits until a backend of a name waits for a lock.
func waitBlocked(t testing.TB, db *sql.DB, name string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`, name).Scan(&n))
		return n > 0
	}, 10*time.Second, time.Millisecond)
}

func cut(t testing.TB, db *sql.DB, name string) {
	t.Helper()
	_, err := db.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`, name)
	require.NoError(t, err)
}

func someBatch(was, cursor string, ids ...string) store.Batch {
	b := store.Batch{Account: "a", Folder: "INBOX", Was: transport.Cursor(was), Cursor: transport.Cursor(cursor)}
	for _, id := range ids {
		e := receipt.Event{MessageID: id, Proof: receipt.Proof{SHA256: receipt.Digest([]byte(fmt.Sprintf("%032s", id)))}}
		b.Messages = append(b.Messages, store.Collected{ID: transport.ID(id), SHA256: e.Proof.SHA256, Finding: "f", Events: []receipt.Event{e}})
	}
	return b
}

// TestConnectionIsLostMidTransaction holds a transaction up after its cursor and
// its messages are written, and ends its connection there; or its context.
func TestConnectionIsLostMidTransaction(t *testing.T) {
	schema, db := fresh(), admin(t)
	watching := open(t, schema)
	for i, end := range []func(cancel func()){func(func()) { cut(t, db, "lost") }, func(cancel func()) { cancel() }} {
		s := named(t, pgtest.Conninfo(t), schema, "lost")
		hold, err := db.Begin()
		require.NoError(t, err)
		_, err = hold.Exec(`SELECT n FROM ` + schema + `.counter FOR UPDATE`)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := s.Collect(ctx, someBatch("", "1", "m1", "m2"))
			failed <- err
		}()
		waitBlocked(t, db, "lost")
		end(cancel)
		err = <-failed
		cancel()
		require.Error(t, err)
		if i == 1 {
			require.ErrorIs(t, err, context.Canceled)
		}
		require.NoError(t, hold.Rollback())
		cursor, err := watching.Cursor(t.Context(), "a", "INBOX")
		require.NoError(t, err)
		require.Empty(t, cursor)
		bad, err := watching.Unreadable(t.Context(), "a")
		require.NoError(t, err)
		require.Empty(t, bad)
	}
	// The store that lost a connection goes on with another.
	s := named(t, pgtest.Conninfo(t), schema, "lost")
	cut(t, db, "lost")
	require.Eventually(t, func() bool {
		recorded, err := s.Collect(t.Context(), someBatch("", "1", "m1", "m2"))
		return err == nil && len(recorded) == 2
	}, 10*time.Second, 10*time.Millisecond)
}

// TestConnectionsAreCutAgainAndAgain lets workers do all their work while their
// connections are cut: it gets done, once.
func TestConnectionsAreCutAgainAndAgain(t *testing.T) {
	const workers, each = 4, 40
	schema, db := fresh(), admin(t)
	watching := open(t, schema)
	var failures atomic.Int32
	again := func(do func() error) {
		for err := do(); err != nil; err = do() {
			failures.Add(1)
			if !gone(err) {
				t.Error(err)
				return
			}
		}
	}
	s := named(t, pgtest.Conninfo(t), schema, "cut") // before anything is cut
	stop := make(chan struct{})
	var cutting, working sync.WaitGroup
	cutting.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(15 * time.Millisecond):
				cut(t, db, "cut")
			}
		}
	})
	for i := range workers {
		working.Go(func() {
			folder := fmt.Sprint("folder", i)
			for j := range each {
				key := fmt.Sprint(i, "-", j)
				again(func() error {
					_, _, err := s.Enqueue(t.Context(), store.Submission{Account: "a", Key: key,
						Sent: receipt.Sent{MessageID: key, SHA256: receipt.Digest{1}}}, time.Time{})
					return err
				})
				again(func() error {
					was, err := s.Cursor(t.Context(), "a", folder)
					if err != nil || string(was) == fmt.Sprint(j) {
						return err // it was done
					}
					b := someBatch(string(was), fmt.Sprint(j), key, "same")
					b.Folder = folder
					_, err = s.Collect(t.Context(), b)
					return err
				})
			}
		})
	}
	working.Wait()
	close(stop)
	cutting.Wait()
	require.Positive(t, failures.Load())
	t.Logf("%d calls failed", failures.Load())

	list, err := watching.Submissions(t.Context(), store.Filter{})
	require.NoError(t, err)
	require.Len(t, list, workers*each)
	events, err := watching.Events(t.Context(), "a", 0, 0)
	require.NoError(t, err)
	require.Len(t, events, workers*each+1)
}

// gone tells whether an error is that of a lost connection.
func gone(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code == "57P01" // admin_shutdown
	}
	return !errors.Is(err, store.ErrMoved) && !errors.Is(err, store.ErrNotFound)
}

// TestDeadlockIsTriedAgain makes the server undo one of two transactions.
func TestDeadlockIsTriedAgain(t *testing.T) {
	schema, db := fresh(), admin(t)
	s := named(t, pgtest.Conninfo(t)+" deadlock_timeout=1s", schema, "deadlock")
	_, err := s.Collect(t.Context(), someBatch("", "1"))
	require.NoError(t, err)
	hold, err := db.Begin()
	require.NoError(t, err)
	_, err = hold.Exec(`SET LOCAL deadlock_timeout = '1min'`) // the other is the victim
	require.NoError(t, err)
	_, err = hold.Exec(`SELECT n FROM ` + schema + `.counter FOR UPDATE`)
	require.NoError(t, err)
	done := make(chan error)
	go func() {
		recorded, err := s.Collect(t.Context(), someBatch("1", "2", "m1"))
		if err == nil && len(recorded) != 1 {
			err = fmt.Errorf("%d events, want 1", len(recorded))
		}
		done <- err
	}()
	waitBlocked(t, db, "deadlock")
	_, err = hold.Exec(`SELECT place FROM ` + schema + `.cursor FOR UPDATE`)
	require.NoError(t, err)
	require.NoError(t, hold.Rollback())
	require.NoError(t, <-done)
	var deadlocks int
	require.Eventually(t, func() bool {
		require.NoError(t, db.QueryRow(`SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'`).Scan(&deadlocks))
		return deadlocks > 0
	}, 10*time.Second, 10*time.Millisecond)
}
