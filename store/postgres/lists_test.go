package postgres_test

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/pgtest"
	"github.com/certmail/certmail/store/postgres"
)

// agree tries that what is listed in the tables queue, sending and uncertain is
// what the submissions say, at whatever moment one looks.
func agree(t testing.TB, schema string) {
	t.Helper()
	db, err := sql.Open("pgx", pgtest.Conninfo(t))
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.Query(fmt.Sprintf(`WITH listed AS (
			SELECT ord, account, 'queued' AS state, priority, not_before FROM %[1]s.queue
			UNION ALL SELECT x.ord, s.account, 'sending', s.priority, s.not_before FROM %[1]s.sending AS x LEFT JOIN %[1]s.submission AS s ON s.ord = x.ord
			UNION ALL SELECT u.ord, u.account, 'uncertain', s.priority, s.not_before FROM %[1]s.uncertain AS u LEFT JOIN %[1]s.submission AS s ON s.ord = u.ord),
		said AS (SELECT ord, account, state, priority, not_before FROM %[1]s.submission WHERE state IN ('queued', 'sending', 'uncertain'))
		(SELECT 'listed', * FROM listed EXCEPT ALL SELECT 'listed', * FROM said)
		UNION ALL (SELECT 'not listed', * FROM said EXCEPT ALL SELECT 'not listed', * FROM listed)`, schema))
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var what, state string
		var ord, account, priority, notBefore any
		require.NoError(t, rows.Scan(&what, &ord, &account, &state, &priority, &notBefore))
		t.Errorf("%s: %s: %v of %v, %v, %v", what, state, ord, account, priority, notBefore)
	}
	require.NoError(t, rows.Err())
}

// inEveryState leaves submissions in every state behind, each named by its own.
func inEveryState(t *testing.T, s store.Store) {
	t.Helper()
	at := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	for i, state := range []store.State{store.Sent, store.Refused, store.Uncertain, store.Sending, store.Cancelled, store.Queued, "later"} {
		m := store.Submission{Account: "x", Key: string(state), Priority: i, Sent: receipt.Sent{MessageID: string(state), SHA256: receipt.Digest{1}}}
		_, _, err := s.Enqueue(t.Context(), m, at)
		require.NoError(t, err)
		switch state {
		case store.Queued:
		case store.Cancelled:
			require.NoError(t, s.Decide(t.Context(), "x", m.Key, store.Queued, store.Cancelled, "", at))
		default:
			claimed, err := s.Claim(t.Context(), store.Claim{Account: "x", Worker: "w", Now: at, Lease: at.Add(time.Hour), Limit: 1})
			require.NoError(t, err)
			require.Len(t, claimed, 1)
			r := store.Result{State: state, At: at}
			if state == store.Sending {
				continue
			}
			if state == "later" {
				r.State, r.NotBefore = store.Queued, at.Add(time.Hour)
			}
			require.NoError(t, s.Settle(t.Context(), "x", claimed[0].Key, "w", r))
		}
	}
}

// A database of the third version is brought up to date with what it holds.
func TestMigrateToLists(t *testing.T) {
	schema, db := fresh(), admin(t)
	s, err := postgres.Open(t.Context(), pgtest.Conninfo(t), &postgres.Options{Schema: schema})
	require.NoError(t, err)
	inEveryState(t, s)
	before, err := s.Submissions(t.Context(), store.Filter{})
	require.NoError(t, err)
	require.Len(t, before, 7)
	require.NoError(t, s.Close())
	for _, back := range []string{
		`DROP TABLE queue, sending, uncertain`, `ALTER TABLE submission RESET (fillfactor)`, `DELETE FROM version WHERE version = 4`,
		`CREATE INDEX submission_queue ON submission (priority DESC, ord) WHERE state = 'queued'`,
		`CREATE INDEX submission_account_queue ON submission (account, priority DESC, ord) WHERE state = 'queued'`,
		`CREATE INDEX submission_lease ON submission (lease) WHERE state = 'sending'`,
		`CREATE INDEX submission_uncertain ON submission (account, ord) WHERE state = 'uncertain'`,
	} {
		_, err := db.Exec(`SET search_path TO ` + schema + `; ` + back)
		require.NoError(t, err, back)
	}
	again := open(t, schema)
	agree(t, schema)
	after, err := again.Submissions(t.Context(), store.Filter{})
	require.NoError(t, err)
	require.Equal(t, before, after)
	late := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	claimed, err := again.Claim(t.Context(), store.Claim{Worker: "v", Now: late, Lease: late.Add(time.Hour), Limit: 9})
	require.NoError(t, err)
	require.Len(t, claimed, 2)
	require.Equal(t, "later", claimed[0].Key, "of higher priority")
	expired, err := again.Expire(t.Context(), late)
	require.NoError(t, err)
	require.Len(t, expired, 1)
	require.Equal(t, string(store.Sending), expired[0].Key)
	doubts, err := again.Submissions(t.Context(), store.Filter{Account: "x", States: []store.State{store.Uncertain}})
	require.NoError(t, err)
	require.Len(t, doubts, 2)
	var indexes int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_indexes WHERE schemaname = $1 AND tablename = 'submission'`, schema).Scan(&indexes))
	require.Equal(t, 3, indexes, "of the place, the key and the Message-ID")
}

// Rows of the wide table change where they are, so that none of its indexes does.
func TestRowsChangeInPlace(t *testing.T) {
	schema, db := fresh(), admin(t)
	s, err := postgres.Open(t.Context(), pgtest.Conninfo(t), &postgres.Options{Schema: schema})
	require.NoError(t, err)
	const messages = 200
	var list []store.Submission
	for i := range messages {
		list = append(list, store.Submission{Account: "x", Key: fmt.Sprint(i), Sent: receipt.Sent{MessageID: fmt.Sprint(i), SHA256: receipt.Digest{1}}})
	}
	_, err = s.EnqueueAll(t.Context(), list, time.Time{})
	require.NoError(t, err)
	now := time.Now()
	claim := store.Claim{Account: "x", Worker: "w", Now: now, Lease: now.Add(time.Hour), Limit: 50}
	for done, n := []store.Settlement(nil), 0; ; {
		each, claimed, err := s.Turn(t.Context(), done, claim)
		require.NoError(t, err)
		require.Equal(t, make([]error, len(done)), each)
		if n += len(claimed); len(claimed) == 0 {
			require.Equal(t, messages, n)
			break
		}
		done = done[:0]
		for i := range claimed {
			done = append(done, store.Settlement{Account: "x", Key: claimed[i].Key, Result: store.Result{State: store.Sent, At: now}})
		}
	}
	require.NoError(t, s.Close()) // which tells what it did
	var updates, hot int
	require.Eventually(t, func() bool {
		require.NoError(t, db.QueryRow(`SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'submission'`, schema).Scan(&updates, &hot))
		return updates == 2*messages
	}, 20*time.Second, 20*time.Millisecond)
	require.Greater(t, hot, updates*9/10)
	agree(t, schema)
}

// Many put the same bytes at a time, of which some are known: each is there once.
func TestCopiesAtOnce(t *testing.T) {
	schema := fresh()
	folder, err := store.NewFolder(t.TempDir(), nil)
	require.NoError(t, err)
	defer folder.Close()
	blobs := open(t, schema).Blobs(folder)
	for round := range 5 {
		var list [][]byte
		for i := range 40 {
			list = append(list, fmt.Appendf(nil, "message %d", round*30+i))
		}
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				sums, err := blobs.PutAll(t.Context(), list)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := blobs.ReadAll(t.Context(), sums)
				if err != nil {
					t.Error(err)
					return
				}
				for i := range got {
					if string(got[i]) != string(list[i]) {
						t.Errorf("%q, want %q", got[i], list[i])
					}
				}
			})
		}
		wg.Wait()
	}
	var n int
	require.NoError(t, admin(t).QueryRow(`SELECT count(*) FROM `+schema+`.blob`).Scan(&n))
	require.Equal(t, 4*30+40, n)
}

// A connection that was cut while it was not used costs nobody a call, unless the
// server had the time to take it and say no.
func TestClaimAfterACut(t *testing.T) {
	schema, db := fresh(), admin(t)
	s := named(t, pgtest.Conninfo(t), schema, "idle_"+schema)
	var told *pgconn.PgError
	claim := func() error {
		now := time.Now()
		_, err := s.Claim(t.Context(), store.Claim{Worker: "w", Now: now, Lease: now.Add(time.Hour), Limit: 1})
		return err
	}
	for round := range 5 {
		require.NoError(t, claim(), "round %d", round)
		cut(t, db, "idle_"+schema)
		require.Eventually(t, func() bool { return backends(t, db, "idle_"+schema) == 0 }, 10*time.Second, time.Millisecond)
		if err := claim(); !errors.As(err, &told) || told.Code != "57P01" { // admin_shutdown
			require.NoError(t, err)
		}
	}
}
