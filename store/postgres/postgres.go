// Package postgres is a store.Store on PostgreSQL, for many workers on many
// machines. It is tried with version 15.
//
// Workers pass over the submissions that others are claiming (FOR UPDATE SKIP
// LOCKED). Events are numbered in the order in which they are committed, for
// which collectors wait for each other at the end of a batch: a batch of many
// messages costs little more than one of a few.
//
// When a connection is lost, the call returns an error and left all or nothing.
// Enqueue and Collect may be called again as they are: the key, or the cursor,
// tells whether it was done. After Settle or Decide, look at the submission.
package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/sqlstore"
)

// Options are the settings of a store. Zero values stand for the defaults.
type Options struct {
	// Schema is where the tables are, "certmail" by default; it is made when it
	// is not there. A name is of a-z, 0-9 and _, up to 63 characters.
	Schema string
	// Conns is how many connections there are at most; the default is ten.
	Conns int
}

// Store is a store.Store on a server.
type Store struct{ *sqlstore.Store }

var _ store.Store = Store{}

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Open connects to a server and brings the tables to the version of this
// module: ErrNewer when they are of a newer one. conninfo is a URL or a list of
// key=value as libpq has them; PGHOST and the like stand in for what it does
// not say. The database must be encoded in UTF-8. opt may be nil.
//
// Programs of an older version must have ended before a newer one opens the
// tables. A role that finds them up to date needs no more than SELECT, INSERT,
// UPDATE and DELETE on all of them, and USAGE of the schema.
//
// Where synchronous_commit is off it is turned on: what is returned without an
// error must outlive a crash of the server.
func Open(ctx context.Context, conninfo string, opt *Options) (Store, error) {
	o := Options{Schema: "certmail", Conns: 10}
	if opt != nil && opt.Schema != "" {
		o.Schema = opt.Schema
	}
	if opt != nil && opt.Conns > 0 {
		o.Conns = opt.Conns
	}
	if !schemaName.MatchString(o.Schema) {
		return Store{}, fmt.Errorf("postgres: open: schema %q: want a-z, 0-9 and _: %w", o.Schema, store.ErrInvalid)
	}
	config, err := pgx.ParseConfig(conninfo)
	if err != nil {
		// The error quotes the string, of which it hides not every password, and
		// holds all of it: only what is inside goes on.
		return Store{}, fmt.Errorf("postgres: open: connection string: %w", cmp.Or(errors.Unwrap(err), store.ErrInvalid))
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(session))
	db.SetMaxOpenConns(o.Conns)
	db.SetMaxIdleConns(o.Conns)
	if err := checkEncoding(ctx, db); err != nil {
		return Store{}, errors.Join(fmt.Errorf("postgres: open: %w", err), db.Close())
	}
	s, err := sqlstore.Open(ctx, db, db, dialect(o.Schema))
	if err != nil {
		return Store{}, err
	}
	return Store{s}, nil
}

// Blobs keeps bytes of up to 64 KiB in the database, wherever the workers are:
// receipts and most messages are as small, and many of them become durable in
// one transaction. Larger ones go to large, a store.Folder that all workers see,
// say, where it also looks for what the database does not have.
func (s Store) Blobs(large store.Blobs) store.PackedBlobs { return sqlstore.NewBlobs(s.Store, large) }

// session prepares a connection. Commits wait for the disk. And every statement
// finds its rows by an index, also those that were planned while the tables were
// empty: their plans are kept, and read whole tables from then on, until the
// server next looks at how the tables have grown. With one plan for all
// parameters, none is made for each execution, and none is worth compiling.
func session(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, `SELECT set_config(name, wanted, false)
		FROM (VALUES ('synchronous_commit', 'on'), ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'), ('jit', 'off'), ('plan_cache_mode', 'force_generic_plan')) AS s (name, wanted)
		WHERE name <> 'synchronous_commit' OR current_setting(name) = 'off'`)
	return err
}

func checkEncoding(ctx context.Context, db *sql.DB) error {
	var encoding string
	if err := db.QueryRowContext(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the database is encoded in %s, want UTF8: %w", encoding, store.ErrInvalid)
	}
	return nil
}

// undone tells whether the server undid a transaction for the sake of another.
func undone(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01") // serialization_failure, deadlock_detected
}
