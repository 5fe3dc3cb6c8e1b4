package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/certmail/certmail/store"
)

// Store is a store.Store in a database.
type Store struct {
	d           Dialect
	write, read *sql.DB
	closed      atomic.Bool
	names       *strings.Replacer
	texts       sync.Map // statements with the names of tables in them, by those without

	mu         sync.RWMutex
	statements map[statement]*sql.Stmt
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Turner = (*Store)(nil)
)

type statement struct {
	db  *sql.DB
	sql string
}

// Open brings the tables up to date. Both handles, which may be one, are closed
// with the store, and when Open fails.
func Open(ctx context.Context, write, read *sql.DB, d Dialect) (*Store, error) {
	s := &Store{d: d, write: write, read: read, statements: map[statement]*sql.Stmt{}}
	s.names = strings.NewReplacer("{", d.Prefix, "}", "")
	version, err := s.version(ctx, s.reader())
	if err == nil && version < len(d.Migrations) {
		err = s.do(ctx, true, s.migrate)
	}
	if err != nil {
		return nil, errors.Join(s.fail(ctx, "open", err), s.Close())
	}
	return s, nil
}

// migrate brings the tables to the version of this module, while others wait.
func (s *Store) migrate(ctx context.Context, c *conn) error {
	if s.d.Lock != "" {
		if err := c.exec(ctx, s.d.Lock); err != nil {
			return err
		}
	}
	version, err := s.version(ctx, c) // somebody may have been faster
	if err != nil {
		return err
	}
	for ; version < len(s.d.Migrations); version++ {
		for _, text := range s.d.Migrations[version] {
			if err := c.exec(ctx, text); err != nil {
				return fmt.Errorf("to version %d: %w", version+1, err)
			}
		}
		if err := c.exec(ctx, `INSERT INTO {version} (version) VALUES ($1)`, version+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) version(ctx context.Context, c *conn) (int, error) {
	exists, err := all(ctx, c, func(*sql.Rows) (bool, error) { return true, nil }, s.d.Exists)
	if err != nil || len(exists) == 0 {
		return 0, err
	}
	found, err := all(ctx, c, number, `SELECT max(version) FROM {version}`)
	if err != nil {
		return 0, err
	}
	version := int(found[0])
	if version > len(s.d.Migrations) {
		return 0, fmt.Errorf("version %d, and this program knows %d: %w", version, len(s.d.Migrations), store.ErrNewer)
	}
	return version, nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, stmt := range s.statements {
		errs = append(errs, stmt.Close())
	}
	clear(s.statements)
	if s.read != s.write {
		errs = append(errs, s.read.Close())
	}
	errs = append(errs, s.write.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: close: %w", s.d.Name, err)
	}
	return nil
}

// named writes the names of tables into a statement.
func (s *Store) named(text string) string {
	if known, ok := s.texts.Load(text); ok {
		return known.(string)
	}
	out := s.names.Replace(text)
	s.texts.Store(text, out)
	return out
}

// conn runs statements: in a transaction, or each for itself.
type conn struct {
	s  *Store
	db *sql.DB
	tx *sql.Tx
	// held are the transaction's statements, missing those that are not kept
	// prepared yet: while it has a connection, the pool may have no other.
	held    map[string]*sql.Stmt
	missing []string
}

func (c *conn) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	text = c.s.named(text)
	switch {
	case !c.s.d.Arrays:
		stmt, err := c.prepared(ctx, text)
		if err != nil {
			return nil, err
		}
		return stmt.QueryContext(ctx, args...)
	case c.tx != nil:
		return c.tx.QueryContext(ctx, text, args...)
	}
	return c.db.QueryContext(ctx, text, args...)
}

func (c *conn) exec(ctx context.Context, text string, args ...any) error {
	_, err := c.changed(ctx, text, args...)
	return err
}

// changed runs a statement and returns how many rows it changed.
func (c *conn) changed(ctx context.Context, text string, args ...any) (int64, error) {
	text = c.s.named(text)
	var r sql.Result
	var err error
	switch {
	case !c.s.d.Arrays && len(args) > 0:
		var stmt *sql.Stmt
		if stmt, err = c.prepared(ctx, text); err == nil {
			r, err = stmt.ExecContext(ctx, args...)
		}
	case c.tx != nil:
		r, err = c.tx.ExecContext(ctx, text, args...)
	default:
		r, err = c.db.ExecContext(ctx, text, args...)
	}
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// prepared returns a statement, which is prepared once for each connection.
func (c *conn) prepared(ctx context.Context, text string) (stmt *sql.Stmt, err error) {
	if c.tx == nil {
		return c.s.keep(ctx, statement{c.db, text})
	}
	if stmt := c.held[text]; stmt != nil {
		return stmt, nil
	}
	c.s.mu.RLock()
	kept := c.s.statements[statement{c.db, text}]
	c.s.mu.RUnlock()
	if kept != nil {
		stmt = c.tx.StmtContext(ctx, kept)
	} else {
		if stmt, err = c.tx.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
		c.missing = append(c.missing, text)
	}
	c.held[text] = stmt
	return stmt, nil
}

// keep prepares a statement, once.
func (s *Store) keep(ctx context.Context, key statement) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt := s.statements[key]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	// Not under the lock: whoever has the connection that this waits for may
	// need it.
	fresh, err := key.db.PrepareContext(ctx, key.sql)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.statements[key]; stmt != nil {
		return stmt, fresh.Close()
	}
	if s.closed.Load() {
		return nil, errors.Join(store.ErrClosed, fresh.Close())
	}
	s.statements[key] = fresh
	return fresh, nil
}

// all reads all rows, to the end: only then a statement that returns what it
// changed is known to have succeeded.
func all[T any](ctx context.Context, c *conn, scan func(*sql.Rows) (T, error), text string, args ...any) ([]T, error) {
	rows, err := c.query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return out, rows.Close()
}

func number(rows *sql.Rows) (n int64, err error) {
	err = rows.Scan(&n)
	return n, err
}

// tries is how often something temporary is tried, at least.
const tries = 12

// do changes something. Where several write at a time, and unless it is asked
// for, a single statement needs no transaction.
func (s *Store) do(ctx context.Context, transaction bool, change func(context.Context, *conn) error) error {
	start := time.Now()
	for try := 1; ; try++ {
		err := s.once(ctx, transaction || s.d.OneWriter, change)
		if err == nil || ctx.Err() != nil || !s.d.Temporary(err) || try >= tries && time.Since(start) >= s.d.Patience {
			return err
		}
		pause := time.Millisecond << min(try, 5)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause/2 + rand.N(pause)):
		}
	}
}

// reading reads several things, where that is cheaper than each for itself in
// one transaction.
func (s *Store) reading(ctx context.Context, read func(context.Context, *conn) error) error {
	c := s.reader()
	if s.d.Arrays {
		return read(ctx, c)
	}
	var err error
	if c.tx, err = s.read.BeginTx(ctx, nil); err != nil {
		return err
	}
	defer func() { _ = c.tx.Rollback() }() // there is nothing to undo
	c.held = map[string]*sql.Stmt{}
	if err := read(ctx, c); err != nil {
		return err
	}
	if err := c.tx.Rollback(); err != nil {
		return err
	}
	for _, text := range c.missing {
		_, _ = s.keep(ctx, statement{c.db, text})
	}
	return nil
}

func (s *Store) once(ctx context.Context, transaction bool, change func(context.Context, *conn) error) error {
	c := &conn{s: s, db: s.write}
	if !transaction {
		return change(ctx, c)
	}
	var err error
	if c.tx, err = s.write.BeginTx(ctx, &sql.TxOptions{Isolation: s.isolation()}); err != nil {
		return err
	}
	c.held = map[string]*sql.Stmt{}
	if err := change(ctx, c); err != nil {
		_ = c.tx.Rollback() // a connection that cannot is given up, which is the same
		return err
	}
	if err := c.tx.Commit(); err != nil {
		return err
	}
	for _, text := range c.missing {
		_, _ = s.keep(ctx, statement{c.db, text}) // it was good, and matters for speed only
	}
	return nil
}

// isolation: whatever the server's default, statements see what others have
// just committed, on which all of this rests.
func (s *Store) isolation() sql.IsolationLevel {
	if s.d.OneWriter {
		return sql.LevelDefault
	}
	return sql.LevelReadCommitted
}

// fail says what failed, and lets known errors be told.
func (s *Store) fail(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case s.closed.Load():
		return fmt.Errorf("%s: %s: %w", s.d.Name, what, store.ErrClosed)
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		return fmt.Errorf("%s: %s: %w (%w)", s.d.Name, what, ctx.Err(), err)
	}
	return fmt.Errorf("%s: %s: %w", s.d.Name, what, err)
}
