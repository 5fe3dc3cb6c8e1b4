// Package sqlite is a store.Store in one file, with SQLite in pure Go. It needs
// no server and no set-up, and several processes of one machine may share it.
//
// What was returned without an error survives a crash of the machine: the
// journal is a write-ahead log (WAL) that is synchronised at every commit. Do
// not put the file on a network file system, where WAL does not work. Beside it
// are two more, -wal and -shm: copy all three, or none while it is open.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"
	errcodes "modernc.org/sqlite/lib"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/sqlstore"
)

// Options are the settings of a store. Zero values stand for the defaults.
type Options struct {
	// BusyTimeout is how long to wait for another process that is writing; the
	// default is ten seconds.
	BusyTimeout time.Duration
	// Readers is how many may read at a time; the default is four.
	Readers int
}

// Store is a store.Store in a file.
type Store struct{ *sqlstore.Store }

var _ store.Store = Store{}

// Open opens a store, and makes the file where there is none, readable by its
// owner only. It brings the tables to the version of this module: ErrNewer when
// they are of a newer one. opt may be nil.
func Open(ctx context.Context, file string, opt *Options) (Store, error) {
	s, err := openFile(ctx, file, opt, dialect, "")
	if err != nil {
		return Store{}, err
	}
	return Store{s}, nil
}

// Blobs is a store.PackedBlobs in a file.
type Blobs struct {
	*sqlstore.Blobs
	s *sqlstore.Store
}

// Close lets go of the file.
func (b Blobs) Close() error { return b.s.Close() }

// OpenBlobs opens a file for bytes of up to 64 KiB, as Open does for a store:
// receipts and most messages are as small, and many of them become durable in
// one transaction, where a file each costs several waits for the disk. Larger
// ones go to large, a store.Folder say, where it also looks for what the file
// does not have. The file is not that of a Store, so that neither waits for the
// other.
func OpenBlobs(ctx context.Context, file string, large store.Blobs, opt *Options) (Blobs, error) {
	// A page holds a small message: twice as many of half the size cost more.
	s, err := openFile(ctx, file, opt, blobDialect, "page_size(8192)")
	if err != nil {
		return Blobs{}, err
	}
	return Blobs{sqlstore.NewBlobs(s, large), s}, nil
}

func openFile(ctx context.Context, file string, opt *Options, d sqlstore.Dialect, layout string) (*sqlstore.Store, error) {
	o := Options{BusyTimeout: 10 * time.Second, Readers: 4}
	if opt != nil && opt.BusyTimeout > 0 {
		o.BusyTimeout = opt.BusyTimeout
	}
	if opt != nil && opt.Readers > 0 {
		o.Readers = opt.Readers
	}
	file, err := create(file)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	if err := useWAL(ctx, file, o, layout); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", filepath.Base(file), err)
	}
	write, err := connect(file, o, "immediate", "")
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	read, err := connect(file, o, "deferred", "query_only(1)")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: open: %w", err), write.Close())
	}
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(o.Readers)
	read.SetMaxIdleConns(o.Readers)
	d.Patience = o.BusyTimeout
	return sqlstore.Open(ctx, write, read, d)
}

// create makes the file, durably, and returns its absolute path.
func create(file string) (string, error) {
	if file == "" {
		return "", fmt.Errorf("file: no name: %w", store.ErrInvalid)
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return file, nil
	}
	if err != nil {
		return "", err
	}
	if err := f.Close(); err != nil || runtime.GOOS == "windows" {
		return file, err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	return file, errors.Join(dir.Sync(), dir.Close())
}

func connect(file string, o Options, lock, pragma string) (*sql.DB, error) {
	wait := o.BusyTimeout
	if lock == "immediate" {
		// SQLite does not hear while it waits that the context ended. So it waits
		// in small portions, and the store goes on trying.
		wait = min(wait, 25*time.Millisecond)
	}
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	query := url.Values{"_txlock": {lock}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds()), "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)", "cache_size(-16000)",
	}}
	if pragma != "" {
		query.Add("_pragma", pragma)
	}
	c, err := sqlite.NewConnector((&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

// useWAL makes the journal a write-ahead log, which the file remembers. SQLite
// does not wait for others with that, so we do. layout is a pragma that has an
// effect on a new file only.
func useWAL(ctx context.Context, file string, o Options, layout string) error {
	db, err := connect(file, o, "immediate", layout)
	if err != nil {
		return err
	}
	defer db.Close()
	for end := time.Now().Add(o.BusyTimeout); ; {
		var mode string
		err := db.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode)
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return fmt.Errorf("the journal is %q and cannot be a write-ahead log here", mode)
		case !isBusy(err) || time.Now().After(end):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func isBusy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == errcodes.SQLITE_BUSY
}
