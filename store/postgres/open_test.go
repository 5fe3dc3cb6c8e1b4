package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/pgtest"
	"github.com/certmail/certmail/store/postgres"
)

// Many processes start at once on an empty database: one makes the tables.
func TestOpenAtOnce(t *testing.T) {
	schema, conninfo := fresh(), pgtest.Conninfo(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), conninfo, &postgres.Options{Schema: schema, Conns: 2})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var versions int
	require.NoError(t, admin(t).QueryRow(`SELECT count(*) FROM `+schema+`.version`).Scan(&versions))
	require.Equal(t, 4, versions, "each step once")
}

func TestOpenRefusesNewer(t *testing.T) {
	schema := fresh()
	open(t, schema)
	_, err := admin(t).Exec(`INSERT INTO ` + schema + `.version VALUES (99)`)
	require.NoError(t, err)
	_, err = postgres.Open(t.Context(), pgtest.Conninfo(t), &postgres.Options{Schema: schema})
	require.ErrorIs(t, err, store.ErrNewer)
	require.ErrorContains(t, err, "version 99")
}

// A role that may use the tables, and make none, is enough once they are there.
func TestOpenWithFewRights(t *testing.T) {
	schema, db := fresh(), admin(t)
	open(t, schema)
	role := "role_" + schema
	for _, text := range []string{
		`CREATE ROLE ` + role + ` LOGIN`, `GRANT USAGE ON SCHEMA ` + schema + ` TO ` + role,
		`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ` + schema + ` TO ` + role,
	} {
		_, err := db.Exec(text)
		require.NoError(t, err)
	}
	conninfo := strings.Replace(pgtest.Conninfo(t), "user=certmail", "user="+role, 1)
	s, err := postgres.Open(t.Context(), conninfo, &postgres.Options{Schema: schema})
	require.NoError(t, err)
	defer s.Close()
	recorded, err := s.Collect(t.Context(), someBatch("", "1", "m1"))
	require.NoError(t, err)
	require.Len(t, recorded, 1)
	inEveryState(t, s)
}

func TestOpenChecksTheEncoding(t *testing.T) {
	name := "latin_" + fresh()
	_, err := admin(t).Exec(`CREATE DATABASE ` + name + ` ENCODING 'LATIN1' TEMPLATE template0`)
	require.NoError(t, err)
	_, err = postgres.Open(t.Context(), strings.Replace(pgtest.Conninfo(t), "dbname=postgres", "dbname="+name, 1), nil)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "LATIN1")
}

// Commits wait for the disk, whatever the role's default. The server's own
// processes write to the log too, between a commit and the question: rarely.
func TestCommitsAreDurable(t *testing.T) {
	s := named(t, pgtest.Conninfo(t)+" synchronous_commit=off", fresh(), "durable")
	const commits = 20
	behind := 0
	for i := range commits {
		_, err := s.Collect(t.Context(), someBatch("", "", fmt.Sprint(i)))
		require.NoError(t, err)
		var lag int64
		require.NoError(t, admin(t).QueryRow(`SELECT pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn()`).Scan(&lag))
		if lag != 0 {
			t.Logf("commit %d: %d bytes of the log are not on disk", i, lag)
			behind++
		}
	}
	require.LessOrEqual(t, behind, commits/4)
}

func TestPasswordsAreNotInErrors(t *testing.T) {
	const secret = "s3cret-p4ss"
	for _, conninfo := range []string{
		"postgres://user:" + secret + "@127.0.0.1:1/db?connect_timeout=2", "host=127.0.0.1 port=1 user=u connect_timeout=2 password=" + secret,
		"postgres://user:" + secret + "@127.0.0.1:x/db", "postgres://user:" + secret + "@[::1/db", "host=h port=none password=" + secret,
	} {
		_, err := postgres.Open(t.Context(), conninfo, nil)
		require.Error(t, err)
		require.NotContains(t, fmt.Sprintf("%v %+v", err, err), secret)
	}
}

func TestOpenChecksTheSchema(t *testing.T) {
	for _, schema := range []string{"A", "a-b", `a"b`, "1a", strings.Repeat("a", 64), "a.b", "a{b"} {
		_, err := postgres.Open(t.Context(), "", &postgres.Options{Schema: schema})
		require.ErrorIs(t, err, store.ErrInvalid, schema)
	}
}
