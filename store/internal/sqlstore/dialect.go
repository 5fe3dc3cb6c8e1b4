// Package sqlstore is a store.Store in an SQL database; what sets databases
// apart is in a Dialect.
package sqlstore

import (
	"context"
	"database/sql"
	"time"
)

// Dialect is what sets one database apart.
type Dialect struct {
	// Name begins errors.
	Name string
	// Prefix stands before the names of tables.
	Prefix string
	// OneWriter says that only one writes at a time: then every write is a
	// transaction, which costs nothing and leaves no doubt when it is cancelled.
	OneWriter bool
	// Arrays says that many rows go into one statement, as arrays; else each
	// is a statement of its own, which is kept prepared.
	Arrays bool
	// Lists says that what is queued, sending or uncertain stands in tables of its
	// own too, {queue}, {sending} and {uncertain}, and no index of {submission}
	// holds what changes, so that its rows change where they are. It goes with
	// Arrays.
	Lists bool
	// Rows runs a query by the database's own driver, where that costs less than
	// database/sql; nil where it does not. It reads all rows.
	Rows func(ctx context.Context, db *sql.DB, text string, args []any, row func(scan func(...any) error) error) error
	// Copy puts new rows of two columns of bytes into a table in a way of the
	// database's own that costs less than a statement. Where one of them is there
	// it puts none, and Known tells so by the error. It may be nil.
	Copy  func(ctx context.Context, db *sql.DB, table string, rows [][2][]byte) error
	Known func(error) bool
	// Temporary tells whether a transaction was undone by the database for the
	// sake of another one, so that the same may well succeed now; Patience is
	// how long to try at least.
	Temporary func(error) bool
	Patience  time.Duration

	// Lock keeps other processes from migrating until the transaction ends.
	Lock string
	// Exists is a query that returns a row when there is a table of versions.
	Exists string
	// Migrations bring the tables from each version to the next; in their
	// statements, as in all others, {table} stands for the table's name.
	Migrations [][]string
}
