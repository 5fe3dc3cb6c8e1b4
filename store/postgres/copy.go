package postgres

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// copyRows copies rows of two columns of bytes into a table: a transaction of its
// own. It costs the server less than any INSERT, and here the bytes go out as
// they are, where an array of them would be put together first.
func copyRows(ctx context.Context, db *sql.DB, table string, rows [][2][]byte) error {
	return native(ctx, db, func(c *stdlib.Conn) error {
		_, err := c.Conn().PgConn().CopyFrom(ctx, newCopying(rows), `COPY `+table+` FROM STDIN (FORMAT binary)`)
		return err
	})
}

// rows reads the rows of a query.
func rows(ctx context.Context, db *sql.DB, text string, args []any, row func(scan func(...any) error) error) error {
	return native(ctx, db, func(c *stdlib.Conn) error {
		found, err := c.Conn().Query(ctx, text, args...)
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			if err := row(found.Scan); err != nil {
				return err
			}
		}
		found.Close() // to the end: only then what it changed is known to be done
		return found.Err()
	})
}

// native lends a connection of the pool as the driver has it, and another one
// where that was found broken before anything was sent, as database/sql does.
func native(ctx context.Context, db *sql.DB, use func(*stdlib.Conn) error) error {
	for try := 1; ; try++ {
		err := lend(ctx, db, use)
		if err == nil || !pgconn.SafeToRetry(err) || try == 3 {
			return err
		}
	}
}

func lend(ctx context.Context, db *sql.DB, use func(*stdlib.Conn) error) (err error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.Raw(func(driver any) error { return use(driver.(*stdlib.Conn)) })
}

// known tells whether a row was refused because it is there.
func known(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505" // unique_violation
}

// copying reads rows in the binary form of COPY (PostgreSQL manual, COPY, File
// Formats): a signature, flags and the length of an extension, both zero; for each
// row the number of its columns, and their lengths and bytes; and -1.
type copying struct {
	parts   [][]byte // not yet read
	lengths []byte   // what the parts between the bytes are taken from
}

func newCopying(rows [][2][]byte) *copying {
	c := &copying{parts: make([][]byte, 0, 4*len(rows)+2), lengths: make([]byte, 0, 10*len(rows))}
	c.parts = append(c.parts, []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	for _, row := range rows {
		from := len(c.lengths)
		c.lengths = binary.BigEndian.AppendUint16(c.lengths, uint16(len(row)))
		for _, column := range row {
			c.lengths = binary.BigEndian.AppendUint32(c.lengths, uint32(len(column)))
			c.parts = append(c.parts, c.lengths[from:], column)
			from = len(c.lengths)
		}
	}
	c.parts = append(c.parts, []byte{0xff, 0xff})
	return c
}

func (c *copying) Read(p []byte) (n int, err error) {
	for len(c.parts) > 0 && n < len(p) {
		k := copy(p[n:], c.parts[0])
		n += k
		if c.parts[0] = c.parts[0][k:]; len(c.parts[0]) == 0 {
			c.parts = c.parts[1:]
		}
	}
	if len(c.parts) == 0 {
		return n, io.EOF
	}
	return n, nil
}
