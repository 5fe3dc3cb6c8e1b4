package postgres_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/pgtest"
	"github.com/certmail/certmail/store/postgres"
	"github.com/certmail/certmail/store/storetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

var schemas atomic.Int32

// fresh returns a schema that nobody has used.
func fresh() string { return fmt.Sprint("certmail_", schemas.Add(1)) }

func open(t testing.TB, schema string) postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), pgtest.Conninfo(t), &postgres.Options{Schema: schema, Conns: 8})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestStore(t *testing.T) {
	storetest.Store(t, func(t *testing.T) storetest.Opened {
		schema := fresh()
		return storetest.Opened{Store: open(t, schema), Again: func() store.Store { return open(t, schema) }}
	})
}
